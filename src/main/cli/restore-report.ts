/** What a restore could not bring back, by study: for the screen and as a file. */
import type { RestoreEvent, RestoreProblem, StudyHint } from '../../shared/contract-restore.ts';

type Progress = Extract<RestoreEvent, { tag: 'progress' }>;

interface ReportedObject {
  readonly object: string;
  readonly code: string;
  readonly message: string;
}

interface StudyProblems {
  readonly study: StudyHint;
  readonly objects: ReportedObject[];
}

/** Studies told one by one on the screen; the rest is counted. */
const mostShown = 20;

export class RestoreReport {
  readonly #studies = new Map<string, StudyProblems>();
  /** Manifests, and objects that nothing describes. */
  readonly #others: RestoreProblem[] = [];
  #problems = 0;

  add(problem: RestoreProblem): void {
    this.#problems += 1;
    const { study, object, code, message } = problem;
    if (study === undefined) {
      this.#others.push(problem);
      return;
    }
    const known = this.#studies.get(study.studyInstanceUid) ?? { study, objects: [] };
    known.objects.push({ object, code, message });
    this.#studies.set(study.studyInstanceUid, known);
  }

  get problems(): number {
    return this.#problems;
  }

  /** In plain words, one line a study; bounded. */
  lines(): readonly string[] {
    const studies = [...this.#studies.values()];
    const others = this.#others.map(({ object, message, nextStep, code }) => {
      return `${object}: ${message}. ${nextStep} [${code}]`;
    });
    return [
      ...bounded(studies.map(studyLine), 'more studies are not whole'),
      ...bounded(others, 'more problems'),
    ];
  }

  /** The whole of it, for `--report`. `finishedAt`: ISO 8601. */
  json(last: Progress | undefined, finishedAt: string): string {
    const { tag: _tag, heads = [], ...counts } = last ?? { tag: 'progress' };
    const report = {
      format: 'edge-sync-restore-report',
      version: 1,
      finishedAt,
      isWhole: this.#problems === 0 && last !== undefined,
      counts,
      manifestHeads: heads,
      studies: [...this.#studies.values()].map(({ study, objects }) => ({ ...study, objects })),
      others: this.#others,
    };
    return `${JSON.stringify(report, undefined, 2)}\n`;
  }
}

function bounded(lines: readonly string[], rest: string): readonly string[] {
  if (lines.length <= mostShown) return lines;
  return [
    ...lines.slice(0, mostShown),
    `and ${lines.length - mostShown} ${rest} (--report FILE has them all)`,
  ];
}

/** "study of 2026-03-01, US, J.D. (1.2.3): 2 missing, 1 damaged". */
function studyLine({ study, objects }: StudyProblems): string {
  const { studyInstanceUid, studyDate, modality, initials } = study;
  const date = studyDate?.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
  const facts = [
    date === undefined ? 'study without a date' : `study of ${date}`,
    ...(modality === undefined ? [] : [modality]),
    ...(initials === undefined ? [] : [initials]),
  ].map(printable);
  const missing = objects.filter(({ code }) => code === 'object-missing').length;
  const refused = objects.filter(({ code }) => code === 'peer-refused');
  const damaged = objects.length - missing - refused.length;
  const counts = [
    ...(missing > 0 ? [`${images(missing)} missing`] : []),
    ...(damaged > 0 ? [`${images(damaged)} damaged`] : []),
    ...(refused.length > 0 ? [`${images(refused.length)} refused (${refused[0]?.message ?? ''})`] : []),
  ];
  const codes = [...new Set(objects.map(({ code }) => code))].join(', ');
  return `${facts.join(', ')} (${printable(studyInstanceUid)}): ${counts.join(', ')} [${codes}]`;
}

function images(count: number): string {
  return count === 1 ? '1 image' : `${count} images`;
}

/** Values come from images: nothing of theirs may steer a terminal. */
function printable(value: string): string {
  return value.replace(/\p{C}/gu, '?').slice(0, 80);
}
