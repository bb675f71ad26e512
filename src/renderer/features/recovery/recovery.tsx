import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../../shared/assert-never.ts';
import type { StatusReport } from '../../../shared/status.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { KeyIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { RecoveryButton } from './recovery-button.tsx';

type RecoveryState = StatusReport['recovery'];

/** Whether the kit exists and is proven, and the way to make it so. */
export const Recovery = memo(function Recovery({ state }: { readonly state: RecoveryState }): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  const { tone, text } = useStateWords(state);
  return (
    <Panel
      title={t('recovery.title')}
      icon={<KeyIcon />}
      aside={<Chip tone={tone} text={t(`recovery.${state}`)} />}
    >
      <p>{text}</p>
      <div className="panel-actions">
        {state === 'none' ? <RecoveryButton dialog="create" look="primary" /> : null}
        {state === 'created' ? (
          <>
            <RecoveryButton dialog="check" look="primary" />
            <Button look="quiet" isDisabled={!isLive} onPress={() => openDialog({ tag: 'replace-kit' })}>
              {t('recovery.replace')}
            </Button>
          </>
        ) : null}
        {state === 'proven' ? (
          <Button isDisabled={!isLive} onPress={() => openDialog({ tag: 'check-kit' })}>
            {t('recovery.checkAgain')}
          </Button>
        ) : null}
      </div>
    </Panel>
  );
});

function useStateWords(state: RecoveryState): {
  readonly tone: 'all-safe' | 'attention';
  readonly text: string;
} {
  const { t } = useTranslation();
  switch (state) {
    case 'none':
      return { tone: 'attention', text: t('recovery.noneText') };
    case 'created':
      return { tone: 'attention', text: t('recovery.createdText') };
    case 'proven':
      return { tone: 'all-safe', text: t('recovery.provenText') };
    default:
      return assertNever(state);
  }
}
