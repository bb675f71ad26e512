import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../../shared/assert-never.ts';
import type { KeysStatus } from '../../../shared/contract-keys.ts';
import type { StatusReport } from '../../../shared/status.ts';
import { useFormat } from '../../i18n/format.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Fingerprint } from '../../ui/fingerprint.tsx';
import { KeyIcon, TriangleAlert } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { Proofs } from '../recovery/proofs.tsx';
import { useIsDue } from '../recovery/recovery.tsx';
import { RecoveryButton } from '../recovery/recovery-button.tsx';
import { keyPanelIds } from './keys-context.ts';

type RecoveryFacts = KeysStatus['recovery'];
type KitFacts = NonNullable<RecoveryFacts['kit']>;

/** The recovery words: which are in force, whether they were tried, and which come next or came before. */
export function WordsPanel({
  recovery,
  kit,
}: {
  readonly recovery: RecoveryFacts;
  readonly kit: StatusReport['recoveryKit'];
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const isDue = useIsDue(kit);
  return (
    <Panel
      title={t('keys.words.title')}
      icon={<KeyIcon />}
      id={keyPanelIds.words}
      aside={<StateChip state={recovery.state} isDue={isDue} />}
    >
      <p>{t(`keys.words.text.${recovery.state}`)}</p>
      {isDue ? (
        <div className="note" data-tone="attention">
          <TriangleAlert />
          <p className="note-message">{t('keys.words.dueText')}</p>
        </div>
      ) : null}
      {kit === undefined ? null : <Proofs kit={kit} />}
      {recovery.kit === null ? null : <KitRow kit={recovery.kit} name={t('keys.words.inForce')} />}
      {recovery.next === null ? null : <KitRow kit={recovery.next} name={t('keys.words.next')} />}
      <Actions state={recovery.state} isDue={isDue} />
      {recovery.replaced.length === 0 ? null : (
        <details className="fold">
          <summary>
            {t('keys.words.replaced', {
              count: recovery.replaced.length,
              formatted: format.count(recovery.replaced.length),
            })}
          </summary>
          <p className="muted">{t('keys.words.replacedText')}</p>
          <ul className="card-list">
            {recovery.replaced.map((one) => (
              <li key={`${one.fingerprint} ${one.retiredAt}`} className="card">
                <p>
                  {t('keys.words.retired', {
                    from: format.date(Date.parse(one.createdAt)),
                    until: format.date(Date.parse(one.retiredAt)),
                  })}
                </p>
                <Fingerprint hex={one.fingerprint} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </Panel>
  );
}

function StateChip({
  state,
  isDue,
}: {
  readonly state: RecoveryFacts['state'];
  readonly isDue: boolean;
}): ReactElement {
  const { t } = useTranslation();
  if (state === 'proven' && isDue) return <Chip tone="attention" text={t('recovery.due')} />;
  return <Chip tone={state === 'proven' ? 'all-safe' : 'attention'} text={t(`keys.words.state.${state}`)} />;
}

function KitRow({ kit, name }: { readonly kit: KitFacts; readonly name: string }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className="kit-row">
      <h3>{name}</h3>
      <p className="muted">{t('keys.words.made', { date: format.date(Date.parse(kit.createdAt)) })}</p>
      <p className="muted">{t('keys.words.fingerprint')}</p>
      <div className="key-value">
        <Fingerprint hex={kit.fingerprint} />
        <CopyButton what={`${t('keys.words.fingerprint')} (${name})`} text={kit.fingerprint} />
      </div>
    </div>
  );
}

function Actions({
  state,
  isDue,
}: {
  readonly state: RecoveryFacts['state'];
  readonly isDue: boolean;
}): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const open = useOpenDialog();
  const check = (text: string, look: 'primary' | 'secondary') => (
    <Button look={look} isDisabled={!isLive} onPress={() => open({ tag: 'check-kit', held: 'words' })}>
      {text}
    </Button>
  );
  const buttons = (): ReactElement => {
    switch (state) {
      case 'none':
        return <RecoveryButton dialog="create" look="primary" />;
      case 'created':
        return (
          <>
            {check(t('keys.words.checkNow'), 'primary')}
            <Button isDisabled={!isLive} onPress={() => open({ tag: 'make-kit', purpose: 'unproven' })}>
              {t('recovery.replace')}
            </Button>
          </>
        );
      case 'proven':
        return (
          <>
            {check(t('keys.words.checkNow'), isDue ? 'primary' : 'secondary')}
            <Button isDisabled={!isLive} onPress={() => open({ tag: 'make-kit', purpose: 'replacement' })}>
              {t('keys.words.replace')}
            </Button>
          </>
        );
      case 'replacing':
        return (
          <>
            {check(t('keys.words.checkNew'), 'primary')}
            <Button
              isDisabled={!isLive}
              onPress={() => open({ tag: 'make-kit', purpose: 'other-replacement' })}
            >
              {t('keys.words.again')}
            </Button>
            <Button
              look="quiet"
              isDisabled={!isLive}
              onPress={() => open({ tag: 'keys-confirm', step: { tag: 'cancel-replacement' } })}
            >
              {t('keys.words.cancel')}
            </Button>
          </>
        );
      default:
        return assertNever(state);
    }
  };
  return <div className="panel-actions">{buttons()}</div>;
}
