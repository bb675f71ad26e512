/** What one channel is to be told now. Pure: no clock, no store. */
import type { Told } from '../queue/alerts.ts';
import type { AlertEvent, AlertProblem } from './alert-message.ts';

export interface Telling {
  readonly event: Extract<AlertEvent, 'raised' | 'reminder' | 'over'>;
  /** Keys of the problems it is about. */
  readonly keys: readonly string[];
}

export interface AlertFacts {
  readonly open: readonly AlertProblem[];
  /** How long each open problem has lasted, by key. */
  readonly ageMs: ReadonlyMap<string, number>;
  /** Keys that were gone at the last look too: what comes and goes is not told to be over. */
  readonly goneBefore: ReadonlySet<string>;
  readonly told: readonly Told[];
  readonly nowMs: number;
  readonly afterMs: number;
  /** 0: told once. */
  readonly repeatMs: number;
}

/** One message at most: new problems first, then ends, then reminders. */
export function nextTelling(facts: AlertFacts): Telling | undefined {
  const told = new Map(facts.told.map((one) => [one.key, one]));
  const raised = facts.open.filter(
    ({ key }) => !told.has(key) && (facts.ageMs.get(key) ?? 0) >= facts.afterMs,
  );
  if (raised.length > 0) return { event: 'raised', keys: raised.map(({ key }) => key) };
  const open = new Set(facts.open.map(({ key }) => key));
  const over = facts.told.filter(({ key }) => !open.has(key) && facts.goneBefore.has(key));
  if (over.length > 0) return { event: 'over', keys: over.map(({ key }) => key) };
  const standing = facts.told.filter(({ key }) => open.has(key));
  // A clock that was set back makes the last message lie ahead: then it is told again, from now on.
  const isDue = standing.some(({ toldAtMs }) => Math.abs(facts.nowMs - toldAtMs) >= facts.repeatMs);
  if (facts.repeatMs > 0 && isDue) return { event: 'reminder', keys: standing.map(({ key }) => key) };
  return undefined;
}
