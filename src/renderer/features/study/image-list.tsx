import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudyInstance, StudySeries } from '../../../shared/contract-study.ts';
import { useFormat } from '../../i18n/format.ts';
import { useNowMs } from '../../state/now.ts';
import { ErrorNote } from '../../ui/error-note.tsx';
import type { InstancePages } from './instance-pages.ts';
import { Thumbnail } from './thumbnail.tsx';
import { VirtualList } from './virtual-list.tsx';

const rowHeight = 68;

/** The images of a series with how each stands at every destination. */
export function ImageList({
  studyId,
  series,
  pages,
  chosen,
  onChoose,
  grant,
}: {
  readonly studyId: string;
  readonly series: StudySeries;
  readonly pages: InstancePages;
  readonly chosen: number;
  readonly onChoose: (index: number) => void;
  readonly grant: string | undefined;
}): ReactElement {
  const { t } = useTranslation();
  const words = useImageWords();
  return (
    <>
      {pages.report === undefined ? null : <ErrorNote report={pages.report} />}
      <VirtualList
        key={series.id}
        label={t('study.images.title')}
        count={series.instances}
        rowHeight={rowHeight}
        selected={chosen}
        onSelect={onChoose}
        onRange={pages.want}
        row={(index) => {
          const image = pages.at(index);
          if (image === undefined) return <span className="muted">{t('study.images.loading')}</span>;
          const isStuck = image.state === 'failed' || image.state === 'parked';
          return (
            <>
              <Thumbnail studyId={studyId} instanceId={image.id} isHere={image.copyHere} grant={grant} />
              <span className="image-words">
                <span className="strong">{words.name(image)}</span>
                <span className={isStuck ? 'series-stuck' : 'muted'}>{words.states(image).join(' · ')}</span>
              </span>
            </>
          );
        }}
      />
    </>
  );
}

export interface ImageWords {
  readonly name: (image: StudyInstance) => string;
  /** How it stands at each destination, and whether there is a copy here. */
  readonly states: (image: StudyInstance) => readonly string[];
}

export function useImageWords(): ImageWords {
  const { t } = useTranslation();
  return {
    name: ({ number }) => (number === '' ? t('study.images.none') : t('study.images.one', { number })),
    states: ({ deliveries, copyHere }) => [
      ...deliveries.map(({ destination, state, trouble, repaired }) =>
        t('study.images.at', {
          destination,
          state:
            trouble === null
              ? repaired
                ? t('study.images.repaired')
                : t(`study.images.state.${state}`)
              : t(`study.images.${trouble}`),
        }),
      ),
      ...(copyHere ? [] : [t('study.images.notHere')]),
    ],
  };
}

/** Everything that is known of the chosen image, below its picture. */
export function ImageFactsList({ image }: { readonly image: StudyInstance }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const words = useImageWords();
  const stuck = image.deliveries.filter(({ error }) => error !== null);
  return (
    <div className="image-facts">
      <p className="muted">
        {[format.size(image.sizeBytes), image.transferSyntax, ...words.states(image)]
          .filter((one) => one !== '')
          .join(' · ')}
      </p>
      {image.flags.map((flag) => (
        <p key={flag} className="series-stuck">
          {t(`study.images.flags.${flag}`)}
        </p>
      ))}
      {stuck.map(({ destination, error, attempts, nextAttemptAt }) => (
        <div key={destination}>
          <p className="muted">
            {[
              destination,
              t('study.images.attempts', { count: attempts, formatted: format.count(attempts) }),
              ...(nextAttemptAt === null
                ? []
                : [t('study.images.next', { time: format.moment(nextAttemptAt, nowMs) })]),
            ].join(' · ')}
          </p>
          {error === null ? null : <ErrorNote report={error} />}
        </div>
      ))}
    </div>
  );
}
