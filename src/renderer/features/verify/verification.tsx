import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { VerificationStatus } from '../../../shared/status.ts';
import { useFormat } from '../../i18n/format.ts';
import { useIsLive } from '../../state/engine-context.ts';
import type { Tone } from '../../state/headline-view.ts';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { LookIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Ago } from '../../ui/time.tsx';
import { useOpenDialog } from '../dialog-context.ts';

type Looked = VerificationStatus['destinations'][number];

/** What came of looking at cloud copies again, and looking now. */
export const Verification = memo(function Verification({
  verification,
}: {
  /** Undefined from an engine that does not tell. */
  readonly verification: VerificationStatus | undefined;
}): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  const destinations = verification?.destinations ?? [];
  return (
    <Panel title={t('verify.title')} icon={<LookIcon />} aside={<State destinations={destinations} />}>
      <p className="muted">{t('verify.intro')}</p>
      {destinations.length === 0 ? <p>{t('verify.never')}</p> : null}
      <ul className="card-list">
        {destinations.map((one) => (
          <Destination key={one.name} looked={one} naming={destinations.length > 1 ? 'named' : 'alone'} />
        ))}
      </ul>
      <div className="panel-actions">
        <Button isDisabled={!isLive} onPress={() => openDialog({ tag: 'verify', what: { tag: 'sample' } })}>
          {t('verify.sample')}
        </Button>
        <Button isDisabled={!isLive} onPress={() => openDialog({ tag: 'verify', what: { tag: 'all' } })}>
          {t('verify.all')}
        </Button>
      </div>
    </Panel>
  );
});

/** Good only where something was looked at, was good, and is heard now. */
function State({ destinations }: { readonly destinations: readonly Looked[] }): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  if (!isLive) return <Chip tone="unknown" text={t('headline.unknown')} />;
  const [tone, key] = ((): readonly [Tone, 'stateBad' | 'stateNone' | 'stateGood'] => {
    if (destinations.some(({ bad }) => bad > 0)) return ['attention', 'stateBad'];
    if (destinations.length === 0 || destinations.some(({ everChecked }) => everChecked === 0))
      return ['unknown', 'stateNone'];
    return ['all-safe', 'stateGood'];
  })();
  return <Chip tone={tone} text={t(`verify.${key}`)} />;
}

function Destination({
  looked,
  naming,
}: {
  readonly looked: Looked;
  readonly naming: 'named' | 'alone';
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { copies, everChecked, lastCheckedAt, lastResult, oldestProofAt, mended, bad } = looked;
  return (
    <li className="card">
      {naming === 'named' ? <h3>{looked.name}</h3> : null}
      <dl className="facts">
        <div>
          <dt>{t('verify.last')}</dt>
          <dd>
            {lastCheckedAt === null ? (
              t('destinations.never')
            ) : (
              <>
                <Ago iso={lastCheckedAt} />
                {lastResult === null ? null : `, ${t(`verify.${lastResult}`)}`}
              </>
            )}
          </dd>
        </div>
        <div>
          <dt>{t('verify.everChecked')}</dt>
          <dd>{t('verify.of', { checked: format.count(everChecked), copies: format.count(copies) })}</dd>
        </div>
        {oldestProofAt === null ? null : (
          <div>
            <dt>{t('verify.oldest')}</dt>
            <dd>
              <Ago iso={oldestProofAt} />
            </dd>
          </div>
        )}
        {mended === 0 ? null : (
          <div>
            <dt>{t('verify.mended')}</dt>
            <dd>{format.count(mended)}</dd>
          </div>
        )}
        {bad === 0 ? null : (
          <div className="fact-bad" data-tone="attention">
            <dt>{t('verify.bad')}</dt>
            <dd>{format.count(bad)}</dd>
          </div>
        )}
      </dl>
    </li>
  );
}
