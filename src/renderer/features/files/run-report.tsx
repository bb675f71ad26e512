import type { ReactElement, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import type { ShownReport } from '../../state/engine-context.ts';

/** Figures of a run, each with its name. */
export function RunFigures({
  figures,
}: {
  /** The tone marks a figure that should be 0. */
  readonly figures: readonly (readonly [name: string, value: string, tone?: 'attention' | undefined])[];
}): ReactElement {
  return (
    <dl className="run-figures">
      {figures.map(([name, value, tone]) => (
        <div key={name} data-tone={tone}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface ShownProblem extends ShownReport {
  /** The file or object it is about. */
  readonly about: string;
}

export function ProblemList({
  problems,
  total,
}: {
  readonly problems: readonly ShownProblem[];
  readonly total: number;
}): ReactNode {
  const { t } = useTranslation();
  const format = useFormat();
  if (total === 0) return null;
  const hidden = total - problems.length;
  return (
    <section className="problems" tabIndex={0} aria-label={counted('title', total)}>
      <h3>{counted('title', total)}</h3>
      <ul>
        {problems.map((problem, index) => {
          const words = errorText(problem, format.language);
          return (
            <li key={index}>
              <p className="typed">{problem.about}</p>
              <p>{words.message}</p>
              <p className="muted">{words.nextStep}</p>
            </li>
          );
        })}
      </ul>
      {hidden > 0 ? <p className="muted">{counted('more', hidden)}</p> : null}
    </section>
  );

  function counted(key: 'title' | 'more', count: number): string {
    return t(`problems.${key}`, { count, formatted: format.count(count) });
  }
}
