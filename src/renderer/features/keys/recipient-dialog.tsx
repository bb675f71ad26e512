import { useState } from 'react';
import type { ReactElement } from 'react';
import { FileTrigger, Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useAction } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { FolderIcon } from '../../ui/icons.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { TextLine } from '../../ui/text-line.tsx';
import { keepFocus } from '../devices/access-context.ts';
import { keyPanelIds, useKeys } from './keys-context.ts';
import { certificateTextOf, longestCertificate } from './certificate-file.ts';

interface Chosen {
  readonly fileName: string;
  /** undefined: the file is none that can be used. */
  readonly pem: string | undefined;
}

/** A certificate chosen from a file, and a name that staff know it by. */
export function RecipientDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const say = useNotice();
  const { again } = useKeys();
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<Chosen | undefined>(undefined);
  const [isTried, setTried] = useState(false);
  const add = useAction(async (client, certificatePem: string) => {
    await client.recipients.add({ name: name.trim(), certificatePem });
    say(t('keys.recipients.added', { name: name.trim() }));
    again();
    onClose();
    keepFocus(keyPanelIds.recipients);
  });
  const choose = async (file: File | undefined) => {
    if (file === undefined) return;
    add.reset();
    const bytes = file.size > longestCertificate ? undefined : new Uint8Array(await file.arrayBuffer());
    setChosen({ fileName: file.name, pem: bytes === undefined ? undefined : certificateTextOf(bytes) });
  };
  const submit = () => {
    setTried(true);
    if (name.trim() !== '' && chosen?.pem !== undefined) add.run(chosen.pem);
  };
  const fileProblem =
    chosen === undefined
      ? isTried
        ? t('keys.recipients.fileMissing')
        : undefined
      : chosen.pem === undefined
        ? t('keys.recipients.fileUnusable')
        : undefined;
  return (
    <Dialog title={t('keys.recipients.addTitle')} onClose={onClose}>
      <Form
        validationBehavior="aria"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <p>{t('keys.recipients.addMeans')}</p>
        <p className="strong">{t('keys.recipients.addWarning')}</p>
        <TextLine
          label={t('keys.recipients.name')}
          help={t('keys.recipients.nameHelp')}
          value={name}
          onChange={setName}
          look="words"
          maxLength={64}
          problem={isTried && name.trim() === '' ? t('keys.recipients.nameMissing') : undefined}
          autoFocus
        />
        <div className="file-choice">
          <FileTrigger
            acceptedFileTypes={['.pem', '.crt', '.cer', '.der']}
            onSelect={(files) => {
              choose(files?.[0] ?? undefined).catch(() => setChosen({ fileName: '', pem: undefined }));
            }}
          >
            <Button>
              <FolderIcon />
              {t('keys.recipients.chooseFile')}
            </Button>
          </FileTrigger>
          <p role="status" className={chosen?.pem === undefined ? 'muted' : 'typed'}>
            {chosen === undefined ? t('keys.recipients.noFile') : chosen.fileName}
          </p>
        </div>
        {fileProblem === undefined ? null : (
          <p className="field-error" role="alert">
            {fileProblem}
          </p>
        )}
        <ActionError state={add.state} />
        <DialogButtons>
          <Button onPress={onClose}>{t('dialog.cancel')}</Button>
          <Button look="primary" type="submit" isPending={add.state.tag === 'busy'}>
            {t('keys.recipients.confirm')}
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}
