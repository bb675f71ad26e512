import type { RestoreProblem, StudyHint } from '../../../shared/contract-restore.ts';

export interface StudyProblems {
  readonly key: string;
  readonly study: StudyHint | undefined;
  /** One for each code; the first report speaks for all of it. */
  readonly causes: readonly { readonly report: RestoreProblem; readonly count: number }[];
}

/** In the order they came; what belongs to no known study last. */
export function problemsByStudy(problems: readonly RestoreProblem[]): readonly StudyProblems[] {
  const studies = new Map<string, Map<string, { report: RestoreProblem; count: number }>>();
  for (const problem of problems) {
    const key = problem.study?.studyInstanceUid ?? '';
    const causes = studies.get(key) ?? new Map<string, { report: RestoreProblem; count: number }>();
    const cause = causes.get(problem.code) ?? { report: problem, count: 0 };
    causes.set(problem.code, { ...cause, count: cause.count + 1 });
    studies.set(key, causes);
  }
  const grouped = [...studies].map(([key, byCode]): StudyProblems => {
    const causes = [...byCode.values()];
    return { key, study: causes[0]?.report.study, causes };
  });
  return [...grouped].sort((a, b) => Number(a.key === '') - Number(b.key === ''));
}
