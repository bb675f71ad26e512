import { memo } from 'react';
import type { ReactElement } from 'react';
import { GridList, GridListItem, ListLayout, Virtualizer } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { StudySummary } from '../../../shared/agent-state.ts';
import { hasSameItems } from '../../state/keep-same.ts';
import { StudyCells, StudyRow } from '../studies/study-row.tsx';

/** Up to so many are a plain list, in the page's own scroll; more scroll in a window of their own, which draws what is seen. */
const mostPlain = 30;

/** Studies in the order given. Drawn again only when one of them changes: what is of other days seldom does. */
export const StudyList = memo(function StudyList({
  studies,
}: {
  readonly studies: readonly StudySummary[];
}): ReactElement {
  const { t } = useTranslation();
  if (studies.length <= mostPlain) {
    return (
      <ul className="study-list">
        {studies.map((study) => (
          <StudyRow key={study.id} study={study} />
        ))}
      </ul>
    );
  }
  return (
    <Virtualizer layout={ListLayout} layoutOptions={{ estimatedRowSize: 72 }} shouldObserveItemSize>
      <GridList
        className="study-grid"
        aria-label={t('home.listLabel')}
        items={studies}
        keyboardNavigationBehavior="tab"
      >
        {(study) => (
          <GridListItem
            id={study.id}
            className="study-grid-row"
            textValue={`${study.modality} ${study.initials}`}
          >
            <div className="study">
              <StudyCells study={study} />
            </div>
          </GridListItem>
        )}
      </GridList>
    </Virtualizer>
  );
}, hasSameStudies);

function hasSameStudies(
  before: { readonly studies: readonly StudySummary[] },
  after: { readonly studies: readonly StudySummary[] },
): boolean {
  return hasSameItems(before.studies, after.studies);
}
