import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { SecretState } from '../../../shared/contract-settings.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { LockIcon } from '../../ui/icons.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { useSettings } from './settings-context.ts';

/** Whether there is a credential; what it is is told nowhere. */
export function Credential({ secret }: { readonly secret: SecretState }): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const say = useNotice();
  const openDialog = useOpenDialog();
  const { again } = useSettings();
  const { name, state, variable } = secret;
  const forget = useAction(async (client) => {
    await client.settings.forgetSecret({ name });
    say(t('settings.secret.forgotten'));
    again();
  });
  const texts = {
    set: t('settings.secret.set'),
    'not-set': t('settings.secret.notSet'),
    unknown: t('settings.secret.unknown'),
    environment: t('settings.secret.environment', { variable }),
  };
  return (
    <div className="setting-secret">
      <p className="setting-secret-state">
        <LockIcon />
        {texts[state]}
      </p>
      {state === 'environment' ? null : (
        <div className="setting-adds">
          <Button isDisabled={!isLive} onPress={() => openDialog({ tag: 'credential', name })}>
            {state === 'set' ? t('settings.secret.replace') : t('settings.secret.enter')}
          </Button>
          {state === 'set' ? (
            <Button
              look="quiet"
              isDisabled={!isLive}
              isPending={forget.state.tag === 'busy'}
              onPress={forget.run}
            >
              {t('settings.secret.forget')}
            </Button>
          ) : null}
        </div>
      )}
      <ActionError state={forget.state} />
    </div>
  );
}
