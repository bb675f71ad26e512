import { useCallback, useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { AgentState } from '../../../shared/agent-state.ts';
import type { StudySeries, StudyShown } from '../../../shared/contract-study.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAsked } from '../../state/asked.ts';
import { useNowMs } from '../../state/now.ts';
import { AskedFailed, AskedLoading } from '../../ui/asked-view.tsx';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { LookIcon, StudyIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useShownInitials } from '../studies/initials.ts';
import { toneOf } from '../studies/study-tone.ts';
import { StudyDestinations } from './destinations-panel.tsx';
import { StudyHistory } from './history-panel.tsx';
import { ImageFactsList, ImageList } from './image-list.tsx';
import { useInstancePages } from './instance-pages.ts';
import { PictureView } from './picture-view.tsx';
import { RevealBar } from './reveal-bar.tsx';
import { SeriesList } from './series-list.tsx';
import { isStuck, StudyActions } from './study-actions.tsx';
import { useShownStudy } from './study-context.ts';
import { useReveal } from './use-reveal.ts';
import type { Reveal } from './use-reveal.ts';

/** One study in full, in place of the lists. Asked for again whenever the feed tells of a change in it. */
export function StudyScreen({
  studyId,
  agent,
}: {
  readonly studyId: string;
  readonly agent: AgentState;
}): ReactElement {
  const { t } = useTranslation();
  const { close } = useShownStudy();
  const live = agent.studies.find(({ id }) => id === studyId);
  const moment = `${studyId} ${live === undefined ? '' : Object.values(live).join(' ')}`;
  const { asked, again } = useAsked(moment, (client) => client.study.show({ studyId }));
  const reveal = useReveal(studyId);
  return (
    <div className="study-screen">
      <div>
        <Button look="quiet" onPress={close} autoFocus>
          {t('study.back')}
        </Button>
      </div>
      {asked.tag === 'loading' ? (
        <AskedLoading text={t('study.loading')} />
      ) : asked.tag === 'failed' ? (
        <AskedFailed report={asked.report} again={again} />
      ) : (
        <Whole shown={asked.answer} moment={moment} reveal={reveal} />
      )}
    </div>
  );
}

function Whole({
  shown,
  moment,
  reveal,
}: {
  readonly shown: StudyShown;
  readonly moment: string;
  readonly reveal: Reveal;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const { study, series, destinations } = shown;
  const initials = useShownInitials(study.initials);
  const [chosenId, setChosen] = useState('0');
  const chosen = series.find(({ id }) => id === chosenId) ?? series[0];
  const images = t('studies.images', { count: study.instances, formatted: format.count(study.instances) });
  const source = study.source === null ? t('studies.fromFiles') : t('studies.from', { source: study.source });
  return (
    <>
      <header className="study-head">
        <div>
          <h2 className="study-head-title">{t('study.title', { initials, modality: study.modality })}</h2>
          <p className="muted">
            {[
              images,
              format.size(study.sizeBytes),
              source,
              t('study.received', { time: format.moment(study.lastReceivedAt, nowMs) }),
            ].join(' · ')}
          </p>
        </div>
        <Chip tone={toneOf(study)} text={t(`studies.state.${study.state}`)} />
      </header>
      <StudyActions shown={shown} />
      <RevealBar reveal={reveal} look={isStuck(shown) ? 'secondary' : 'primary'} />
      <CopiesNote shown={shown} />
      {chosen === undefined ? null : (
        <div className="study-columns">
          <Panel title={t('study.series.title')} icon={<StudyIcon />} className="study-series">
            <SeriesList
              studyId={study.id}
              series={series}
              chosen={chosen.id}
              onChoose={setChosen}
              descriptions={reveal.revealed?.descriptions}
              grant={reveal.revealed?.grant}
            />
            {series.length === shown.seriesTotal ? null : (
              <p className="muted">
                {t('study.moreSeries', {
                  shown: format.count(series.length),
                  total: format.count(shown.seriesTotal),
                })}
              </p>
            )}
          </Panel>
          <Images key={chosen.id} shown={shown} series={chosen} moment={moment} reveal={reveal} />
        </div>
      )}
      <div className="study-below">
        <StudyDestinations destinations={destinations} instances={study.instances} />
        <StudyHistory studyId={study.id} moment={`${moment} ${reveal.revealed?.grant ?? ''}`} />
      </div>
    </>
  );
}

function CopiesNote({ shown }: { readonly shown: StudyShown }): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const { local, unreadable, study } = shown;
  const notes = [
    ...(local === study.instances || study.instances === 0
      ? []
      : local === 0
        ? [t('study.noCopies')]
        : [t('study.someCopies', { here: format.count(local), total: format.count(study.instances) })]),
    ...(unreadable === 0
      ? []
      : [t('study.unreadable', { count: unreadable, formatted: format.count(unreadable) })]),
  ];
  return notes.length === 0 ? null : (
    <div>
      {notes.map((note) => (
        <p key={note} className="muted">
          {note}
        </p>
      ))}
    </div>
  );
}

function Images({
  shown,
  series,
  moment,
  reveal,
}: {
  readonly shown: StudyShown;
  readonly series: StudySeries;
  readonly moment: string;
  readonly reveal: Reveal;
}): ReactElement {
  const { t } = useTranslation();
  const [index, setIndex] = useState(0);
  const pages = useInstancePages(shown.study.id, series.id, moment);
  const image = pages.at(index);
  const step = useCallback(
    (by: number) => setIndex((before) => Math.min(series.instances - 1, Math.max(0, before + by))),
    [series.instances],
  );
  const grant = reveal.revealed?.grant;
  return (
    <>
      <Panel title={t('study.images.title')} icon={<StudyIcon />} className="study-images">
        <ImageList
          studyId={shown.study.id}
          series={series}
          pages={pages}
          chosen={index}
          onChoose={setIndex}
          grant={grant}
        />
      </Panel>
      <Panel
        title={t('study.picture.title')}
        icon={<LookIcon />}
        className="study-picture"
        aside={
          <span className="picture-steps">
            <Button look="quiet" isDisabled={index === 0} onPress={() => step(-1)}>
              {t('study.picture.previous')}
            </Button>
            <Button look="quiet" isDisabled={index >= series.instances - 1} onPress={() => step(1)}>
              {t('study.picture.next')}
            </Button>
          </span>
        }
      >
        <PictureView studyId={shown.study.id} image={image} grant={grant} />
        {image === undefined ? null : <ImageFactsList image={image} />}
      </Panel>
    </>
  );
}
