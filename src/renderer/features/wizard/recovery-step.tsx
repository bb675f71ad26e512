import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { CheckCircle } from '../../ui/icons.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { RecoveryButton } from '../recovery/recovery-button.tsx';
import type { SetupStatus } from './wizard-state.ts';

/** The kit and its drill, in the dialogs that make and check it everywhere. */
export function RecoveryStep({ status }: { readonly status: SetupStatus }): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  switch (status.recovery) {
    case 'none':
      return (
        <>
          <p className="strong">{t('wizard.welcome')}</p>
          <p>{t('wizard.recovery.intro')}</p>
          <ul className="points">
            <li>{t('wizard.recovery.pointPaper')}</li>
            <li>{t('wizard.recovery.pointPlace')}</li>
            <li>{t('wizard.recovery.pointNobody')}</li>
          </ul>
          <div className="panel-actions">
            <RecoveryButton dialog="create" look="primary" />
          </div>
        </>
      );
    case 'created':
      return (
        <>
          <p>{t('wizard.recovery.created')}</p>
          <div className="panel-actions">
            <RecoveryButton dialog="check" look="primary" />
            <Button
              look="quiet"
              isDisabled={!isLive}
              onPress={() => openDialog({ tag: 'make-kit', purpose: 'unproven' })}
            >
              {t('recovery.replace')}
            </Button>
          </div>
        </>
      );
    case 'proven':
      return (
        <div className="note" data-tone="all-safe" role="status">
          <CheckCircle />
          <p className="note-message">{t('wizard.recovery.proven')}</p>
        </div>
      );
  }
}
