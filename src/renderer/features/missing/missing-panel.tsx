import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Hints, LateDevice, SeriesGap } from '../../../shared/contract-home.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAsked } from '../../state/asked.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { AskedFailed, AskedLoading } from '../../ui/asked-view.tsx';
import { Button } from '../../ui/button.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { LookIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useShownInitials } from '../studies/initials.ts';

const askedEveryMs = 120_000;

/** Hints, not alarms: nothing here turns the headline. */
export const MissingPanel = memo(function MissingPanel(): ReactElement {
  const { t } = useTranslation();
  const round = Math.floor(useNowMs() / askedEveryMs);
  const { asked, again } = useAsked(String(round), (client) => client.home.hints());
  return (
    <Panel title={t('missing.title')} icon={<LookIcon />} className="missing">
      {asked.tag === 'loading' ? (
        <AskedLoading text={t('missing.loading')} />
      ) : asked.tag === 'failed' ? (
        <AskedFailed report={asked.report} again={again} />
      ) : (
        <AllHints hints={asked.answer} again={again} />
      )}
    </Panel>
  );
});

function AllHints({ hints, again }: { readonly hints: Hints; readonly again: () => void }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { gaps, late, nobody, looked, notLooked, silenced } = hints;
  const isQuiet = gaps.length === 0 && late.length === 0 && nobody === null;
  return (
    <>
      {isQuiet ? <p className="strong">{t('missing.nothing')}</p> : null}
      {nobody === null ? null : (
        <div className="hint">
          <p className="strong">
            {t('missing.nobody', {
              expected: format.count(nobody.expected),
              time: wallTime(nobody.usuallyBy, format.language),
            })}
          </p>
          <p className="muted">{t('missing.nobodyText')}</p>
        </div>
      )}
      {late.length + gaps.length === 0 ? null : (
        <ul className="hints">
          {late.map((one) => (
            <Late key={one.aeTitle} late={one} again={again} />
          ))}
          {gaps.map((one) => (
            <Gap key={one.study.id} gap={one} />
          ))}
        </ul>
      )}
      {gaps.length === 0 ? null : <p className="muted">{t('missing.caveat')}</p>}
      <p className="muted">
        {t('missing.looked', { count: looked, formatted: format.count(looked) })}
        {notLooked === 0
          ? ''
          : ` ${t('missing.notLooked', { count: notLooked, formatted: format.count(notLooked) })}`}
      </p>
      {silenced.length === 0 ? null : (
        <div className="silenced">
          <span className="muted">{t('missing.silenced')}</span>
          {silenced.map(({ aeTitle }) => (
            <Silenced key={aeTitle} aeTitle={aeTitle} again={again} />
          ))}
        </div>
      )}
    </>
  );
}

function Late({ late, again }: { readonly late: LateDevice; readonly again: () => void }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const isLive = useIsLive();
  const { aeTitle, usuallyBy, lastReceivedAt } = late;
  const silence = useAction(async (client, until: string | null) => {
    await client.home.silence({ aeTitle, until });
    again();
  });
  return (
    <li className="hint">
      <p className="strong">{t('missing.late', { aeTitle, time: wallTime(usuallyBy, format.language) })}</p>
      <p className="muted">
        {lastReceivedAt === null
          ? t('missing.lateNever')
          : t('missing.lateLast', { when: format.ago(lastReceivedAt, nowMs) })}
      </p>
      <div className="hint-buttons">
        <Button
          look="quiet"
          isDisabled={!isLive}
          isPending={silence.state.tag === 'busy'}
          label={t('missing.silenceLabel', { aeTitle })}
          onPress={() => silence.run(tomorrow(nowMs))}
        >
          {t('missing.silence')}
        </Button>
        <Button
          look="quiet"
          isDisabled={!isLive}
          label={t('missing.silenceForGoodLabel', { aeTitle })}
          onPress={() => silence.run(null)}
        >
          {t('missing.silenceForGood')}
        </Button>
      </div>
      <ActionError state={silence.state} />
    </li>
  );
}

function Silenced({
  aeTitle,
  again,
}: {
  readonly aeTitle: string;
  readonly again: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const speak = useAction(async (client) => {
    await client.home.speak({ aeTitle });
    again();
  });
  return (
    <>
      <Button
        look="quiet"
        isDisabled={!isLive}
        label={t('missing.speak', { aeTitle })}
        isPending={speak.state.tag === 'busy'}
        onPress={speak.run}
      >
        {aeTitle} ×
      </Button>
      <ActionError state={speak.state} />
    </>
  );
}

function Gap({ gap }: { readonly gap: Hints['gaps'][number] }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const { study, series } = gap;
  const initials = useShownInitials(study.initials);
  return (
    <li className="hint">
      <p className="strong">
        {t('missing.gap', {
          initials,
          modality: study.modality,
          when: format.moment(study.lastReceivedAt, nowMs),
        })}
      </p>
      {series.map((one, index) => (
        <SeriesLine key={index} gap={one} />
      ))}
    </li>
  );
}

function SeriesLine({ gap }: { readonly gap: SeriesGap }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const listed = gap.ranges.map(({ from, to }) =>
    from === to ? String(from) : t('missing.range', { from: String(from), to: String(to) }),
  );
  const ranges = format.list(gap.moreRanges > 0 ? [...listed, t('missing.moreRanges')] : listed);
  return (
    <p>
      {gap.seriesNumber === null
        ? t('missing.seriesNone', { ranges })
        : t('missing.series', { number: gap.seriesNumber, ranges })}
    </p>
  );
}

/** Minutes since midnight as a clock shows them. */
function wallTime(minute: number, language: string): string {
  // Any winter day: its clocks are not changed.
  const at = new Date(2026, 0, 15, Math.floor(minute / 60) % 24, minute % 60);
  return new Intl.DateTimeFormat(language, { timeStyle: 'short' }).format(at);
}

function tomorrow(nowMs: number): string {
  const now = new Date(nowMs);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).toISOString();
}
