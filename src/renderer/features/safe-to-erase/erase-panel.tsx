import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StatusReport } from '../../../shared/status.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAsked } from '../../state/asked.ts';
import { useCalm } from '../../state/calm.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { AskedFailed, AskedLoading } from '../../ui/asked-view.tsx';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { PrinterIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { EraseWhy, useEraseWords } from './erase-answer.tsx';
import { dayMs, eraseTone } from './erase-words.ts';

/** Today and yesterday; more in the list. */
const daysShown = 2;
const askedAtMostEveryMs = 5_000;

/** What each device may erase. Asked again when the figures it stands on have changed. */
export function ErasePanel({ status }: { readonly status: StatusReport }): ReactElement {
  const { counts, modalities, failures } = status;
  const committed = modalities.reduce((sum, one) => sum + one.committed, 0);
  const figures = [counts.received, counts.verified, committed, ...failures.map(({ id }) => id)].join(' ');
  return <Answers figures={useCalm(figures, askedAtMostEveryMs)} />;
}

/** Drawn again when it is asked for anew, not with every delta. */
const Answers = memo(function Answers({ figures }: { readonly figures: string }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  const words = useEraseWords();
  const { asked, again } = useAsked(figures, (client) =>
    client.home.eraseList({ day: null, days: daysShown }),
  );
  return (
    <Panel
      title={t('erase.title')}
      icon={<PrinterIcon />}
      aside={
        <Button look="quiet" isDisabled={!isLive} onPress={() => openDialog({ tag: 'erase-list' })}>
          {t('erase.open')}
        </Button>
      }
    >
      {asked.tag === 'loading' ? (
        <AskedLoading text={t('erase.loading')} />
      ) : asked.tag === 'failed' ? (
        <AskedFailed report={asked.report} again={again} />
      ) : asked.answer.days.length === 0 ? (
        <p className="empty">{t('erase.empty')}</p>
      ) : (
        asked.answer.days.map(({ day, isOver, devices }) => (
          <section key={day} className="day" aria-label={format.date(dayMs(day))}>
            <h3 className="day-head">
              {format.date(dayMs(day))}
              {isOver ? null : <span className="muted"> {t('erase.untilNow')}</span>}
            </h3>
            <ul className="erase-lines">
              {devices.map((line) => (
                <li key={line.aeTitle} className="erase-line">
                  <strong className="erase-device">{line.aeTitle}</strong>
                  <div className="erase-words">
                    <Chip tone={eraseTone(line.answer)} text={words(line).answer} />
                    <EraseWhy line={line} />
                  </div>
                </li>
              ))}
            </ul>
          </section>
        ))
      )}
    </Panel>
  );
});
