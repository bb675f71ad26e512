/** What holds uploads back, and how it is told. */
import { assertNever } from '../../../shared/assert-never.ts';
import { reportFor, type ErrorReport } from '../../../shared/errors.ts';

/** Why nothing is uploaded although it could be. */
export type UploadHold =
  /** Somebody asked for it, for a time. */
  | { readonly tag: 'paused'; readonly untilMs: number }
  /** Outside the times of day of the settings. */
  | { readonly tag: 'window'; readonly untilMs: number }
  /** The network costs by the byte, and the settings say to wait. */
  | { readonly tag: 'metered' };

/** Epoch milliseconds; undefined when it does not end by time. */
export function holdUntilMs(hold: UploadHold): number | undefined {
  return hold.tag === 'metered' ? undefined : hold.untilMs;
}

/** Milliseconds until it ends, at least one; undefined when it does not end by time. */
export function holdMs(hold: UploadHold, nowMs: number): number | undefined {
  const untilMs = holdUntilMs(hold);
  return untilMs === undefined ? undefined : Math.max(1, untilMs - nowMs);
}

/** With the time in the detail, as the clock on the wall says it. */
export function holdReport(hold: UploadHold): ErrorReport {
  switch (hold.tag) {
    case 'paused':
      return reportFor('uploads-paused', `until ${localTimeText(hold.untilMs)}`);
    case 'window':
      return reportFor('uploads-outside-window', `until ${localTimeText(hold.untilMs)}`);
    case 'metered':
      return reportFor('uploads-metered');
    default:
      return assertNever(hold);
  }
}

function localTimeText(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
