import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StatusReport } from '../../../shared/status.ts';
import { useFormat } from '../../i18n/format.ts';
import { useIsLive } from '../../state/engine-context.ts';
import type { Tone } from '../../state/headline-view.ts';
import { ToneIcon } from '../../ui/icons.tsx';

const parts = ['received', 'pending', 'verified', 'failed', 'parked'] as const;

/** Which figures ask for a look when they are not 0. */
const tones: Readonly<Record<(typeof parts)[number], Tone | undefined>> = {
  received: undefined,
  pending: 'working',
  verified: 'all-safe',
  failed: 'not-receiving',
  parked: 'attention',
};

export const Counts = memo(function Counts({
  counts,
}: {
  readonly counts: StatusReport['counts'];
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const isLive = useIsLive();
  return (
    <section className="counts" aria-label={t('counts.title')}>
      <dl>
        {parts.map((part) => {
          const tone = counts[part] === 0 || !isLive ? undefined : tones[part];
          return (
            <div key={part} className="count" data-tone={tone}>
              <dt>
                {tone === undefined ? null : <ToneIcon tone={tone} />}
                {t(`counts.${part}`)}
              </dt>
              <dd>{format.count(counts[part])}</dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
});
