import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { RestoreProblem, StudyHint } from '../../../shared/contract-restore.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { useShownInitials } from '../studies/initials.ts';
import { problemsByStudy } from './problems-by-study.ts';
import type { StudyProblems } from './problems-by-study.ts';

/** What is missing or damaged, study by study, and what to do about it. */
export function ProblemStudies({
  problems,
  total,
}: {
  /** The first ones; `total` counts all. */
  readonly problems: readonly RestoreProblem[];
  readonly total: number;
}): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  if (total === 0) return null;
  const hidden = total - problems.length;
  return (
    <section className="problems" tabIndex={0} aria-label={t('restoreDialog.problemsTitle')}>
      <h3>{t('restoreDialog.problemsTitle')}</h3>
      <p>{t('restoreDialog.problemsStep')}</p>
      <ul>
        {problemsByStudy(problems).map((one) => (
          <StudyItem key={one.key} one={one} />
        ))}
      </ul>
      {hidden > 0 ? (
        <p className="muted">
          {t('restoreDialog.problemsMore', { count: hidden, formatted: format.count(hidden) })}
        </p>
      ) : null}
    </section>
  );
}

function StudyItem({ one }: { readonly one: StudyProblems }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const name = useStudyName(one.study);
  return (
    <li>
      <p className="strong">{name}</p>
      {one.causes.map(({ report, count }) => {
        const words = errorText(report, format.language);
        return (
          <p key={report.code}>
            {t('restoreDialog.problemCount', { count, formatted: format.count(count) })}: {words.message}
          </p>
        );
      })}
    </li>
  );
}

function useStudyName(study: StudyHint | undefined): string {
  const { t } = useTranslation();
  const initials = useShownInitials(study?.initials ?? '?');
  if (study === undefined) return t('restoreDialog.problemNoStudy');
  const { studyDate = '', modality = 'OT' } = study;
  const day = /^(\d{4})(\d{2})(\d{2})$/.exec(studyDate);
  const date = day === null ? t('share.noDate') : `${day[1]}-${day[2]}-${day[3]}`;
  return t('restoreDialog.problemStudy', { initials, modality, date });
}
