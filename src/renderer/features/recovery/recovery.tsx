import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../../shared/assert-never.ts';
import type { StatusReport } from '../../../shared/status.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { KeyIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { useViews } from '../view-context.ts';
import { Proofs } from './proofs.tsx';
import { RecoveryButton } from './recovery-button.tsx';

type RecoveryState = StatusReport['recovery'];

/** Whether the kit exists and when it was last proven, and the way to make it so. */
export const Recovery = memo(function Recovery({
  state,
  kit,
}: {
  readonly state: RecoveryState;
  readonly kit: StatusReport['recoveryKit'];
}): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  const { show } = useViews();
  const isDue = useIsDue(kit);
  return (
    <Panel
      title={t('recovery.title')}
      icon={<KeyIcon />}
      aside={
        isDue ? (
          <Chip tone="attention" text={t('recovery.due')} />
        ) : (
          <Chip tone={state === 'proven' ? 'all-safe' : 'attention'} text={t(`recovery.${state}`)} />
        )
      }
    >
      <p>{useStateText(state)}</p>
      {kit === undefined ? null : <Proofs kit={kit} />}
      {/* None of them stands out: what is urgent has its button in the headline. */}
      <div className="panel-actions">
        {state === 'none' ? <RecoveryButton dialog="create" look="secondary" /> : null}
        {state === 'created' ? (
          <>
            <RecoveryButton dialog="check" look="secondary" />
            <Button
              look="quiet"
              isDisabled={!isLive}
              onPress={() => openDialog({ tag: 'make-kit', purpose: 'unproven' })}
            >
              {t('recovery.replace')}
            </Button>
          </>
        ) : null}
        {state === 'proven' ? (
          <Button isDisabled={!isLive} onPress={() => openDialog({ tag: 'check-kit', held: 'words' })}>
            {t('recovery.checkAgain')}
          </Button>
        ) : null}
        <Button look="quiet" onPress={() => show('keys')}>
          {t('recovery.more')}
        </Button>
      </div>
    </Panel>
  );
});

/** Whether the words should have been tried again by now. */
export function useIsDue(kit: StatusReport['recoveryKit']): boolean {
  const nowMs = useNowMs();
  return kit !== undefined && Date.parse(kit.dueAt) <= nowMs;
}

function useStateText(state: RecoveryState): string {
  const { t } = useTranslation();
  switch (state) {
    case 'none':
      return t('recovery.noneText');
    case 'created':
      return t('recovery.createdText');
    case 'proven':
      return t('recovery.provenText');
    default:
      return assertNever(state);
  }
}
