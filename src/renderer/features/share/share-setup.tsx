import { useState } from 'react';
import type { ReactElement } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useAction } from '../../state/engine-context.ts';
import type { ShownReport } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { DialogButtons } from '../../ui/dialog.tsx';
import { ActionError, ErrorNote } from '../../ui/error-note.tsx';
import { wantsCredential } from '../destinations/credential.tsx';
import { SettingButton } from '../settings/setting-button.tsx';
import { CredentialField } from '../destinations/credential-field.tsx';

interface SetupProps {
  readonly report: ShownReport;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}

/** Why nothing can be shared yet, and the next step where the page can take it. */
export function ShareSetup({ report, onAgain, onClose }: SetupProps): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <ErrorNote report={report} />
      {report.code === 'share-no-place' ? (
        <section aria-label={t('share.setupTitle')}>
          <p>{t('share.setupIntro')}</p>
          <ol className="points">
            <li>{t('share.setup1')}</li>
            <li>{t('share.setup2')}</li>
            <li>{t('share.setup3')}</li>
          </ol>
          <SettingButton settingKey="sharing.container" onLeave={onClose} />
        </section>
      ) : null}
      {wantsCredential(report.code) ? <Credential onStored={onAgain} /> : null}
      {report.code === 'share-browsers-refused' ? <AllowBrowsers onAllowed={onAgain} /> : null}
      <DialogButtons>
        <Button onPress={onAgain}>{t('share.lookAgain')}</Button>
        <Button look="primary" onPress={onClose} autoFocus>
          {t('dialog.close')}
        </Button>
      </DialogButtons>
    </>
  );
}

function Credential({ onStored }: { readonly onStored: () => void }): ReactElement {
  const { t } = useTranslation();
  const [value, setValue] = useState('');
  const store = useAction(async (client) => {
    await client.shares.storeCredential({ value: value.trim() });
    setValue('');
    onStored();
  });
  return (
    <Form
      onSubmit={(event) => {
        event.preventDefault();
        if (value.trim() !== '') store.run();
      }}
    >
      <p>{t('share.credentialText')}</p>
      <CredentialField label={t('share.credentialLabel')} value={value} onChange={setValue} />
      <ActionError state={store.state} />
      <div>
        <Button type="submit" isDisabled={value.trim() === ''} isPending={store.state.tag === 'busy'}>
          {t('share.credentialSave')}
        </Button>
      </div>
    </Form>
  );
}

function AllowBrowsers({ onAllowed }: { readonly onAllowed: () => void }): ReactElement {
  const { t } = useTranslation();
  const allow = useAction(async (client) => {
    await client.shares.check({ browsers: 'allow' });
    onAllowed();
  });
  return (
    <div className="file-action">
      <p>{t('share.allowText')}</p>
      <Button isPending={allow.state.tag === 'busy'} onPress={allow.run}>
        {t('share.allowBrowsers')}
      </Button>
      <ActionError state={allow.state} />
    </div>
  );
}
