/** What is told outside this PC. Texts come from the list of errors alone: details may name files or hosts. */
import { errorFacts, isErrorCode } from '../../../shared/errors.ts';
import type { Failure, Headline, StatusReport } from '../../../shared/status.ts';

export interface AlertProblem {
  /** Same problem, same key: its code, and the destination where it is about one. */
  readonly key: string;
  readonly code: string;
  readonly message: string;
  readonly nextStep: string;
  readonly imagesSafe: boolean;
  readonly destination: string | null;
  readonly count: number;
  /** ISO 8601, UTC. */
  readonly since: string;
}

export type AlertEvent = 'raised' | 'reminder' | 'over' | 'heartbeat' | 'test';

export interface AlertMessage {
  readonly event: AlertEvent;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly practice: string;
  readonly pc: string;
  readonly safe: boolean;
  readonly headline: Headline;
  /** What the event is about: new, still there, or over. Empty for heartbeat and test. */
  readonly problems: readonly AlertProblem[];
  /** Problems that are open besides those. */
  readonly othersOpen: number;
}

/** The failures of a status, one entry for each key; two of one key (other studies) are one problem. */
export function problemsIn(status: Pick<StatusReport, 'failures'>): readonly AlertProblem[] {
  const byKey = new Map<string, AlertProblem>();
  for (const failure of status.failures) {
    const one = problemOf(failure);
    const before = byKey.get(one.key);
    byKey.set(one.key, before === undefined ? one : merged(before, one));
  }
  return [...byKey.values()];
}

function problemOf(failure: Failure): AlertProblem {
  const code = isErrorCode(failure.code) ? failure.code : 'internal';
  const { message, nextStep } = errorFacts[code];
  const { destination, imagesSafe, count, firstAt } = failure;
  const key = destination === null ? code : `${code}@${destination}`;
  return { key, code, message, nextStep, imagesSafe, destination, count, since: firstAt };
}

function merged(one: AlertProblem, other: AlertProblem): AlertProblem {
  return {
    ...one,
    imagesSafe: one.imagesSafe && other.imagesSafe,
    count: one.count + other.count,
    since: one.since < other.since ? one.since : other.since,
  };
}

/** First line of a mail. */
export function subjectOf(message: AlertMessage): string {
  const place = message.practice === '' ? message.pc : `${message.practice}, ${message.pc}`;
  return `Edge Sync, ${place}: ${headOf(message)}`;
}

function headOf({ event, problems, othersOpen }: AlertMessage): string {
  const many = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  switch (event) {
    case 'raised':
      return problems.some(({ imagesSafe }) => !imagesSafe) ? `${many}, images at risk` : many;
    case 'reminder':
      return `still ${many}`;
    case 'over':
      return othersOpen === 0 ? 'all problems are over' : `${many} over, ${othersOpen} open`;
    case 'heartbeat':
      return 'running';
    case 'test':
      return 'this is a test';
  }
}

/** A mail's text: plain, lines end in LF. */
export function textOf(message: AlertMessage): string {
  const lines = [`${headOf(message)[0]?.toUpperCase() ?? ''}${headOf(message).slice(1)}.`, ''];
  if (message.event === 'test')
    lines.push('Mails of this kind come when something stays wrong for long.', '');
  for (const one of message.problems) {
    const place = one.destination === null ? '' : ` (${one.destination})`;
    const times = one.count > 1 ? `, ${one.count} times` : '';
    lines.push(`${message.event === 'over' ? 'Over: ' : ''}${one.message}${place}.`);
    if (message.event !== 'over') {
      lines.push(`  Since ${one.since}${times}. Code: ${one.code}.`);
      lines.push(
        one.imagesSafe
          ? '  Images that were received are safe.'
          : '  Images may be at risk until this is mended.',
      );
      lines.push(`  What to do: ${one.nextStep}`);
    }
    lines.push('');
  }
  if (message.othersOpen > 0) lines.push(`Problems open besides: ${message.othersOpen}.`, '');
  lines.push(
    `Written ${message.at} by Edge Sync on ${message.pc}. Details are on that PC; there are none in mails.`,
  );
  return `${lines.join('\n')}\n`;
}
