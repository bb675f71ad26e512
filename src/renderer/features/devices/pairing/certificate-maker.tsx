import { useState } from 'react';
import type { ReactElement } from 'react';
import { FileTrigger, Form, Label, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { exportPassphraseSchema } from '../../../../shared/contract-certificates.ts';
import type { CertificateSummary, KeyFormat } from '../../../../shared/contract-certificates.ts';
import { useAction, useIsLive } from '../../../state/engine-context.ts';
import { Button } from '../../../ui/button.tsx';
import { Choice, Tick } from '../../../ui/choice.tsx';
import { ActionError } from '../../../ui/error-note.tsx';
import { HiddenField } from '../../../ui/hidden-field.tsx';
import { CheckCircle, TriangleAlert } from '../../../ui/icons.tsx';
import { saveFile } from '../../../ui/save-file.ts';
import { TextLine } from '../../../ui/text-line.tsx';
import { makeFiles } from './made-files.ts';
import type { CertificateOrder, MadeFile } from './made-files.ts';

/** A new certificate, or a newer one for the device that has `certificate`. */
export type CertificatePurpose =
  { readonly tag: 'new' } | { readonly tag: 'renew'; readonly certificate: CertificateSummary };

/** How the device takes it. `same`: it keeps its key, only the certificate is new. */
type How = 'pkcs12' | 'pem' | 'request' | 'same';

const howToMake: readonly How[] = ['pkcs12', 'pem', 'request'];
const howToRenew: readonly How[] = ['same', 'pkcs12', 'pem'];

interface Made {
  readonly name: string;
  readonly files: readonly MadeFile[];
}

/** Makes a certificate and hands out its files. Keys are in this component's state and gone with it. */
export function CertificateMaker({
  purpose,
  onMade,
}: {
  readonly purpose: CertificatePurpose;
  readonly onMade?: () => void;
}): ReactElement {
  const [made, setMade] = useState<Made | undefined>(undefined);
  if (made !== undefined)
    return <Ready made={made} onAnother={purpose.tag === 'new' ? () => setMade(undefined) : undefined} />;
  return (
    <MakeForm
      purpose={purpose}
      onMade={(answer) => {
        setMade(answer);
        onMade?.();
      }}
    />
  );
}

function MakeForm({
  purpose,
  onMade,
}: {
  readonly purpose: CertificatePurpose;
  readonly onMade: (made: Made) => void;
}): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const renewed = purpose.tag === 'renew' ? purpose.certificate : undefined;
  const offered = renewed === undefined ? howToMake : howToRenew;
  const [how, setHow] = useState<How>(renewed === undefined ? 'pkcs12' : 'same');
  const [name, setName] = useState(renewed?.name ?? '');
  const [passphrase, setPassphrase] = useState('');
  const [request, setRequest] = useState('');
  const [isOld, setOld] = useState(false);
  const [asked, setAsked] = useState(false);
  const isNameBad = name.trim() === '';
  const isPassphraseBad = how === 'pkcs12' && !exportPassphraseSchema.safeParse(passphrase).success;
  const isRequestBad = how === 'request' && !request.includes('BEGIN CERTIFICATE REQUEST');

  const order = (): CertificateOrder => {
    const named = name.trim();
    const kind = isOld ? 'rsa-2048' : 'ecdsa-p256';
    const format: KeyFormat = how === 'pem' ? { tag: 'pem' } : { tag: 'pkcs12', passphrase };
    if (renewed !== undefined)
      return {
        tag: 'renew',
        certificate: renewed,
        key: how === 'same' ? { tag: 'same' } : { tag: 'new', kind, format },
      };
    return how === 'request'
      ? { tag: 'sign', name: named, requestPem: request }
      : { tag: 'issue', name: named, kind, format };
  };
  const make = useAction(async (client) => {
    onMade({ name: name.trim(), files: await makeFiles(client, order()) });
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
      {renewed !== undefined ? null : (
        <TextLine
          label={t('pairing.certificate.name')}
          value={name}
          onChange={setName}
          problem={asked && isNameBad ? t('pairing.certificate.nameProblem') : undefined}
          look="words"
          maxLength={64}
        />
      )}
      <RadioGroup
        className="choices"
        value={how}
        onChange={(value) => setHow(offered.find((one) => one === value) ?? how)}
      >
        <Label className="strong">{t('pairing.certificate.how')}</Label>
        {offered.map((one) => (
          <Choice key={one} value={one} text={t(`pairing.certificate.${one}`)} />
        ))}
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
      {how === 'pkcs12' || how === 'pem' ? (
        <Tick text={t('pairing.certificate.old')} isTicked={isOld} onChange={setOld} />
      ) : null}
      {how !== 'request' ? null : (
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
          {t(`pairing.certificate.${renewed !== undefined ? 'renew' : how === 'request' ? 'sign' : 'make'}`)}
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

function Ready({
  made,
  onAnother,
}: {
  readonly made: Made;
  readonly onAnother?: (() => void) | undefined;
}): ReactElement {
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
      {onAnother === undefined ? null : (
        <div className="pair-actions">
          <Button look="quiet" onPress={onAnother}>
            {t('pairing.certificate.another')}
          </Button>
        </div>
      )}
    </div>
  );
}
