/**
 * What did not change stays the same object, so that a part of the page which is given only that is not drawn again. Each
 * delta brings the whole report anew, most of it as it was.
 */
import type { AgentState } from '../../shared/agent-state.ts';

/** The state after an event, with every part that is as before taken from before. */
export function keepSameState(before: AgentState | undefined, after: AgentState): AgentState {
  if (before === undefined) return after;
  return {
    ...after,
    status: keepSame(before.status, after.status),
    studies: hasSameItems(before.studies, after.studies) ? before.studies : after.studies,
  };
}

/**
 * `after`, where each part that equals the part at the same place of `before` is that part; `before` itself when all of it
 * is equal. For what came as JSON: plain objects, arrays, texts, numbers, booleans, null.
 */
export function keepSame<Value>(before: unknown, after: Value): Value;
export function keepSame(before: unknown, after: unknown): unknown {
  if (Object.is(before, after)) return before;
  if (isList(after)) {
    if (!isList(before)) return after;
    const kept = after.map((one, index) => keepSame(before[index], one));
    return hasSameItems(before, kept) ? before : kept;
  }
  if (!isObject(after) || !isObject(before) || isList(before)) return after;
  const kept = Object.fromEntries(
    Object.entries(after).map(([key, value]) => [key, keepSame(before[key], value)]),
  );
  const keys = Object.keys(kept);
  const isSame =
    keys.length === Object.keys(before).length &&
    keys.every((key) => Object.hasOwn(before, key) && Object.is(before[key], kept[key]));
  return isSame ? before : kept;
}

/** Whether two lists have the same objects in the same order. */
export function hasSameItems(before: readonly unknown[], after: readonly unknown[]): boolean {
  return before.length === after.length && after.every((one, index) => Object.is(one, before[index]));
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
