/** The order on the screen: by cause, the worst cause first, then the newest. Pure. */
import type { Failure } from '../../../shared/status.ts';

/** Nothing can be received while one of these stands. */
const stopsReceiving: ReadonlySet<string> = new Set([
  'not-listening',
  'port-taken',
  'port-not-allowed',
  'interface-missing',
  'address-missing',
  'public-address-refused',
  'listen-on-all',
  'disk-full',
  'disk-error',
  'keychain-unavailable',
]);

/** Failures of one code stand together; images at risk before everything, then what stops receiving, then the newest. */
export function inOrder(failures: readonly Failure[]): readonly Failure[] {
  const causes = new Map<string, Failure[]>();
  for (const one of failures) causes.set(one.code, [...(causes.get(one.code) ?? []), one]);
  return [...causes.values()]
    .map((group) => group.sort((a, b) => rank(a) - rank(b) || newest(b) - newest(a)))
    .sort((a, b) => least(a) - least(b) || latest(b) - latest(a))
    .flat();
}

function rank({ imagesSafe, code }: Failure): number {
  if (!imagesSafe) return 0;
  return stopsReceiving.has(code) ? 1 : 2;
}

/** When it began: the last time of what still stands is always now. */
function newest({ firstAt }: Failure): number {
  return Date.parse(firstAt);
}

function least(group: readonly Failure[]): number {
  return Math.min(...group.map(rank));
}

function latest(group: readonly Failure[]): number {
  return Math.max(...group.map(newest));
}
