import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudySummary } from '../../../shared/agent-state.ts';
import { useFormat } from '../../i18n/format.ts';
import { StudyIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StudyRow } from './study-row.tsx';

interface StudiesProps {
  readonly studies: readonly StudySummary[];
  readonly total: number;
}

export const Studies = memo(function Studies({ studies, total }: StudiesProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
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
      {studies.length === 0 ? (
        <div className="empty empty-tall">
          <StudyIcon className="empty-icon" />
          <p className="strong">{t('studies.empty')}</p>
          <p className="muted">{t('studies.emptyText')}</p>
        </div>
      ) : (
        <ul className="study-list">
          {studies.map((study) => (
            <StudyRow key={study.id} study={study} />
          ))}
        </ul>
      )}
    </Panel>
  );
});
