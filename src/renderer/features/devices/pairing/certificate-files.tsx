import { useState } from 'react';
import type { ReactElement } from 'react';
import { FileTrigger, Form, Label, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { exportPassphraseSchema } from '../../../../shared/contract-certificates.ts';
import type { KeyFormat } from '../../../../shared/contract-certificates.ts';
import { useAction, useIsLive } from '../../../state/engine-context.ts';
import type { EngineClient } from '../../../transport/transport.ts';
import { Button } from '../../../ui/button.tsx';
import { Choice, Tick } from '../../../ui/choice.tsx';
import { CommandLine } from '../../../ui/copy.tsx';
import { ActionError } from '../../../ui/error-note.tsx';
import { CheckCircle, TriangleAlert } from '../../../ui/icons.tsx';
import { TextLine } from '../../../ui/text-line.tsx';
import { HiddenField } from '../../../ui/hidden-field.tsx';
import { saveFile } from '../../../ui/save-file.ts';
import { fileStem } from './file-stem.ts';

type How = 'pkcs12' | 'pem' | 'request';
type FileKind = 'pkcs12' | 'certificate' | 'key' | 'chain' | 'ca';

interface MadeFile {
  readonly kind: FileKind;
  readonly fileName: string;
  readonly content: string | Uint8Array<ArrayBuffer>;
}

interface Made {
  readonly name: string;
  readonly files: readonly MadeFile[];
}

/** A certificate for the device, as the files it takes. Keys are in this component's state and gone with it. */
export function CertificateFiles({ tlsPort }: { readonly tlsPort: number | null }): ReactElement {
  const { t } = useTranslation();
  const [made, setMade] = useState<Made | undefined>(undefined);
  return (
    <details className="fold no-print">
      <summary>{t('pairing.certificate.fold')}</summary>
      <div className="fold-body">
        <p className="muted">{t('pairing.certificate.intro')}</p>
        {tlsPort !== null ? null : (
          <div className="how">
            <p>{t('pairing.certificate.off')}</p>
            <CommandLine command="edge-sync config set dicom.tls.enabled true" />
          </div>
        )}
        {made === undefined ? (
          <MakeForm onMade={setMade} />
        ) : (
          <Ready made={made} onAnother={() => setMade(undefined)} />
        )}
      </div>
    </details>
  );
}

function MakeForm({ onMade }: { readonly onMade: (made: Made) => void }): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const [how, setHow] = useState<How>('pkcs12');
  const [name, setName] = useState('');
  const [passphrase, setPassphrase] = useState('');
  const [request, setRequest] = useState('');
  const [isOld, setOld] = useState(false);
  const [asked, setAsked] = useState(false);
  const isNameBad = name.trim() === '';
  const isPassphraseBad = how === 'pkcs12' && !exportPassphraseSchema.safeParse(passphrase).success;
  const isRequestBad = how === 'request' && !request.includes('BEGIN CERTIFICATE REQUEST');
  const make = useAction(async (client) => {
    const trimmed = name.trim();
    onMade({
      name: trimmed,
      files:
        how === 'request'
          ? await signed(client, trimmed, request)
          : await issued(client, trimmed, formatOf(how, passphrase), isOld),
    });
  });
  return (
    <Form
      className="pair-form"
      validationBehavior="aria"
      onSubmit={(event) => {
        event.preventDefault();
        setAsked(true);
        if (!isNameBad && !isPassphraseBad && !isRequestBad) make.run();
      }}
    >
      <TextLine
        label={t('pairing.certificate.name')}
        value={name}
        onChange={setName}
        problem={asked && isNameBad ? t('pairing.certificate.nameProblem') : undefined}
        look="words"
        maxLength={64}
      />
      <RadioGroup
        className="choices"
        value={how}
        onChange={(value) => setHow(value === 'pem' || value === 'request' ? value : 'pkcs12')}
      >
        <Label className="strong">{t('pairing.certificate.how')}</Label>
        <Choice value="pkcs12" text={t('pairing.certificate.pkcs12')} />
        <Choice value="pem" text={t('pairing.certificate.pem')} />
        <Choice value="request" text={t('pairing.certificate.request')} />
      </RadioGroup>
      {how !== 'pkcs12' ? null : (
        <HiddenField
          maxLength={128}
          autoComplete="new-password"
          label={t('pairing.certificate.passphrase')}
          help={t('pairing.certificate.passphraseHelp')}
          value={passphrase}
          onChange={setPassphrase}
          problem={asked && isPassphraseBad ? t('pairing.certificate.passphraseProblem') : undefined}
        />
      )}
      {how !== 'pem' ? null : (
        <div className="note" data-tone="attention">
          <TriangleAlert />
          <p>{t('pairing.certificate.pemWarning')}</p>
        </div>
      )}
      {how !== 'request' ? (
        <Tick text={t('pairing.certificate.old')} isTicked={isOld} onChange={setOld} />
      ) : (
        <>
          <TextLine
            label={t('pairing.certificate.csr')}
            help={t('pairing.certificate.csrHelp')}
            value={request}
            onChange={setRequest}
            problem={asked && isRequestBad ? t('pairing.certificate.csrProblem') : undefined}
            rows={5}
            maxLength={mostRequestLetters}
          />
          <div className="pair-actions">
            <FileTrigger
              onSelect={(files) => {
                readRequest(files?.[0]).then(setRequest, () => setRequest(''));
              }}
            >
              <Button>{t('pairing.certificate.csrFile')}</Button>
            </FileTrigger>
          </div>
        </>
      )}
      <ActionError state={make.state} />
      <div className="pair-actions">
        <Button look="primary" type="submit" isDisabled={!isLive} isPending={make.state.tag === 'busy'}>
          {t(how === 'request' ? 'pairing.certificate.sign' : 'pairing.certificate.make')}
        </Button>
      </div>
    </Form>
  );
}

/** The contract's limit for a request. */
const mostRequestLetters = 64 * 1024;

async function readRequest(file: File | undefined): Promise<string> {
  return file === undefined || file.size > mostRequestLetters ? '' : file.text();
}

function formatOf(how: 'pkcs12' | 'pem', passphrase: string): KeyFormat {
  return how === 'pem' ? { tag: 'pem' } : { tag: 'pkcs12', passphrase };
}

async function issued(
  client: EngineClient,
  name: string,
  format: KeyFormat,
  isOld: boolean,
): Promise<readonly MadeFile[]> {
  const stem = fileStem(name);
  const answer = await client.certificates.issue({ name, key: isOld ? 'rsa-2048' : 'ecdsa-p256', format });
  const { key, certificatePem, chainPem, trustPem } = answer;
  if (key.tag === 'pkcs12')
    return [
      {
        kind: 'pkcs12',
        fileName: `${stem}.p12`,
        content: Uint8Array.from(atob(key.base64), (letter) => letter.charCodeAt(0)),
      },
      { kind: 'ca', fileName: `${stem}-ca.pem`, content: trustPem },
    ];
  return [
    { kind: 'certificate', fileName: `${stem}.crt.pem`, content: certificatePem },
    { kind: 'key', fileName: `${stem}.key.pem`, content: key.pem },
    ...chain(stem, chainPem),
    { kind: 'ca', fileName: `${stem}-ca.pem`, content: trustPem },
  ];
}

async function signed(client: EngineClient, name: string, requestPem: string): Promise<readonly MadeFile[]> {
  const stem = fileStem(name);
  const { certificatePem, chainPem, trustPem } = await client.certificates.sign({ requestPem, name });
  return [
    { kind: 'certificate', fileName: `${stem}.crt.pem`, content: certificatePem },
    ...chain(stem, chainPem),
    { kind: 'ca', fileName: `${stem}-ca.pem`, content: trustPem },
  ];
}

function chain(stem: string, chainPem: string): readonly MadeFile[] {
  return chainPem.trim() === '' ? [] : [{ kind: 'chain', fileName: `${stem}-chain.pem`, content: chainPem }];
}

function Ready({ made, onAnother }: { readonly made: Made; readonly onAnother: () => void }): ReactElement {
  const { t } = useTranslation();
  const [saved, setSaved] = useState<readonly string[]>([]);
  return (
    <div className="pair-ready">
      <p className="strong" role="status">
        {t('pairing.certificate.ready', { name: made.name })}
      </p>
      <ul className="pair-files">
        {made.files.map(({ kind, fileName, content }) => (
          <li key={fileName}>
            <span>{t(`pairing.certificate.what.${kind}`)}</span>
            <Button
              onPress={() => {
                saveFile(content, fileName);
                setSaved((before) => [...before, fileName]);
              }}
            >
              {saved.includes(fileName) ? <CheckCircle /> : null}
              {t('pairing.certificate.save', { file: fileName })}
            </Button>
          </li>
        ))}
      </ul>
      <p>{t('pairing.certificate.next')}</p>
      <div className="pair-actions">
        <Button look="quiet" onPress={onAnother}>
          {t('pairing.certificate.another')}
        </Button>
      </div>
    </div>
  );
}
