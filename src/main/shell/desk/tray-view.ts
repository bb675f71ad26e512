/** What the tray shows, computed from the status alone. Pure: the electron part only draws it. */
import { isErrorCode } from '../../../shared/errors.ts';
import type { Headline, StatusReport } from '../../../shared/status.ts';
import { engineFailureId } from '../engine/status-while-away.ts';
import type { ShellTexts } from './texts.ts';

export type TrayAction =
  | 'open'
  | 'retry-all'
  | 'start-engine'
  | 'start-at-login'
  | 'pause-half-hour'
  | 'pause-hour'
  | 'pause-until-tomorrow'
  | 'resume-uploads'
  | 'quit';

export interface TrayView {
  /** Which of the four shapes. */
  readonly shape: Headline;
  /** Without names, ids or counts per patient: anybody at the desk can read it. */
  readonly tooltip: string;
  readonly menu: readonly TrayItem[];
}

export type TrayItem =
  | { readonly tag: 'text'; readonly label: string }
  | { readonly tag: 'action'; readonly label: string; readonly action: TrayAction }
  | { readonly tag: 'check'; readonly label: string; readonly on: boolean; readonly action: TrayAction }
  | { readonly tag: 'menu'; readonly label: string; readonly items: readonly TrayItem[] }
  | { readonly tag: 'line' };

/** At most this many causes are told in the menu; the window has all. */
const mostCauses = 3;

/** What the menu tells beside the status. */
export interface TrayFacts {
  /** Whether the app is started with the person's login. */
  readonly startsAtLogin: boolean;
  /** Whose engine it is; undefined while none is there. */
  readonly engineOwner: 'us' | 'somebody-else' | undefined;
}

export function trayView(status: StatusReport, texts: ShellTexts, facts: TrayFacts): TrayView {
  const attached = facts.engineOwner === 'somebody-else';
  const headline = headlineText(status, texts);
  const pending = status.counts.pending;
  const parts = [headline, ...(pending > 0 ? [texts.onTheWay(pending)] : [])];
  const engineAway = status.failures.some(({ id }) => id === engineFailureId);
  const retryable = status.counts.failed + status.counts.parked > 0;
  const causes = [...new Set(status.failures.flatMap(({ code }) => causeOf(code, texts)))].slice(
    0,
    mostCauses,
  );
  return {
    shape: status.headline,
    tooltip: `Edge Sync: ${parts.join(', ')}`,
    menu: [
      ...parts.map((label): TrayItem => ({ tag: 'text', label })),
      ...causes.map((label): TrayItem => ({ tag: 'text', label: shortened(label) })),
      ...(attached ? [{ tag: 'text', label: texts.attached } as const] : []),
      { tag: 'line' },
      { tag: 'action', label: texts.open, action: 'open' },
      ...(engineAway
        ? [{ tag: 'action', label: texts.startEngineNow, action: 'start-engine' } as const]
        : []),
      ...(retryable && !engineAway
        ? [{ tag: 'action', label: texts.retryAll, action: 'retry-all' } as const]
        : []),
      ...(engineAway ? [] : pauseItems(status, texts)),
      { tag: 'line' },
      { tag: 'check', label: texts.startAtLogin, on: facts.startsAtLogin, action: 'start-at-login' },
      { tag: 'action', label: attached ? texts.quitAttached : texts.quit, action: 'quit' },
    ],
  };
}

/** Always for a time; receiving goes on. Nothing where there is nothing to upload to. */
function pauseItems(status: StatusReport, texts: ShellTexts): readonly TrayItem[] {
  if (status.destinations.length === 0) return [];
  if (status.destinations.some(({ hold }) => hold?.by === 'paused'))
    return [{ tag: 'action', label: texts.resumeUploads, action: 'resume-uploads' }];
  return [
    {
      tag: 'menu',
      label: texts.pauseUploads,
      items: [
        { tag: 'action', label: texts.pauseHalfHour, action: 'pause-half-hour' },
        { tag: 'action', label: texts.pauseHour, action: 'pause-hour' },
        { tag: 'action', label: texts.pauseUntilTomorrow, action: 'pause-until-tomorrow' },
      ],
    },
  ];
}

function headlineText(status: StatusReport, texts: ShellTexts): string {
  const starting = status.failures[0]?.code === 'engine-starting';
  const text = starting ? texts.starting : texts.headlines[status.headline];
  return status.headline === 'attention' && status.failures.length > 0
    ? `${text}, ${texts.needAttention(status.failures.length)}`
    : text;
}

/** The code's own text: a failure's message may end in a file or a name, and anybody sees the menu. */
function causeOf(code: string, texts: ShellTexts): readonly string[] {
  return isErrorCode(code) ? [texts.failure(code).message] : [];
}

function shortened(label: string): string {
  return label.length <= 80 ? label : `${label.slice(0, 79)}…`;
}
