import { memo, useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudySummary } from '../../../shared/agent-state.ts';
import { useFormat } from '../../i18n/format.ts';
import { useNowMs } from '../../state/now.ts';
import { StudyIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SearchBox } from '../search/search-box.tsx';
import { ModalityTiles } from './modality-tiles.tsx';
import { StudyList } from './study-list.tsx';
import { byModality, splitByDay } from './today.ts';

/** Today by modality, the studies of the feed, and the way to any other. */
export const StudyBoard = memo(function StudyBoard({
  studies,
  total,
  bytesPerSecond,
}: {
  readonly studies: readonly StudySummary[];
  readonly total: number;
  readonly bytesPerSecond: number;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const [isSearch, setSearch] = useState(false);
  const counted =
    studies.length < total
      ? t('studies.shown', { shown: format.count(studies.length), total: format.count(total) })
      : t('studies.count', { count: total, formatted: format.count(total) });
  return (
    <Panel
      title={t('studies.title')}
      icon={<StudyIcon />}
      className="studies"
      aside={studies.length === 0 ? undefined : <span className="muted">{counted}</span>}
    >
      {total === 0 ? (
        <div className="empty empty-tall">
          <StudyIcon className="empty-icon" />
          <p className="strong">{t('studies.empty')}</p>
          <p className="muted">{t('studies.emptyText')}</p>
        </div>
      ) : (
        <>
          <SearchBox onShown={setSearch} />
          {isSearch ? null : <Days studies={studies} bytesPerSecond={bytesPerSecond} />}
        </>
      )}
    </Panel>
  );
});

function Days({
  studies,
  bytesPerSecond,
}: {
  readonly studies: readonly StudySummary[];
  readonly bytesPerSecond: number;
}): ReactElement {
  const { t } = useTranslation();
  const day = new Date(useNowMs()).toDateString();
  const [wanted, setWanted] = useState<string | undefined>(undefined);
  const { today, others } = useMemo(() => splitByDay(studies, Date.parse(day)), [studies, day]);
  const modalities = useMemo(() => byModality(today), [today]);
  // A modality whose last study is no longer of today has no tile to let go of it.
  const chosen = modalities.some(({ modality }) => modality === wanted) ? wanted : undefined;
  const shown = chosen === undefined ? today : today.filter(({ modality }) => modality === chosen);
  return (
    <>
      <section className="day" aria-label={t('home.today')}>
        <h3 className="day-head">{t('home.today')}</h3>
        {today.length === 0 ? (
          <p className="muted">{t('home.todayNone')}</p>
        ) : (
          <ModalityTiles
            modalities={modalities}
            chosen={chosen}
            bytesPerSecond={bytesPerSecond}
            onChoose={setWanted}
          />
        )}
        <StudyList studies={shown} />
      </section>
      {others.length === 0 || chosen !== undefined ? null : (
        <section className="day" aria-label={t('home.earlier')}>
          <h3 className="day-head">{t('home.earlier')}</h3>
          <StudyList studies={others} />
        </section>
      )}
    </>
  );
}
