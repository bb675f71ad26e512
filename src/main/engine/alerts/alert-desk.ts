import type { AlertSettings } from '../../../shared/alert-settings.ts';
import { reportFor, toEdgeSyncError, type ErrorReport } from '../../../shared/errors.ts';
import type { StatusReport } from '../../../shared/status.ts';
import type { Cancel, Clock, Logger } from '../ports.ts';
import type { Alerts, Told } from '../queue/alerts.ts';
import { problemsIn, type AlertMessage, type AlertProblem } from './alert-message.ts';
import { nextTelling } from './alert-round.ts';

const roundMs = 60_000;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** After a failed attempt, doubled each time. */
const firstRetryMs = 2 * minuteMs;
const longestRetryMs = 30 * minuteMs;

export type ChannelName = 'email' | 'webhook';

export interface AlertChannel {
  readonly name: ChannelName;
  /** @throws EdgeSyncError `alert-not-sent` and others; what went wrong is in code and detail, no secret. */
  send(message: AlertMessage, signal: AbortSignal): Promise<void>;
}

export interface AlertDeskDeps {
  readonly settings: () => AlertSettings;
  /** Those that are set, made anew for each round: a credential may have changed. */
  readonly channels: () => Promise<readonly AlertChannel[]>;
  readonly status: () => Promise<StatusReport>;
  readonly ledger: Alerts;
  readonly pc: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `standing` has changed. */
  readonly onChange: () => void;
}

interface Trouble {
  readonly report: ErrorReport;
  readonly failures: number;
  /** Monotonic. */
  readonly notBeforeMs: number;
}

export type TestOutcome =
  | { readonly channel: ChannelName; readonly tag: 'sent' }
  | { readonly channel: ChannelName; readonly tag: 'failed'; readonly error: ErrorReport };

/** Looks at the status once a minute and tells each channel what it has not been told. */
export class AlertDesk {
  readonly #deps: AlertDeskDeps;
  readonly #stop = new AbortController();
  /** When each open problem was first seen, monotonic: the PC's time may have been set since it began. */
  readonly #seenMs = new Map<string, number>();
  #gone = new Set<string>();
  readonly #troubles = new Map<ChannelName, Trouble>();
  #timer: Cancel | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(deps: AlertDeskDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#stop.abort();
    await this.#round;
  }

  /** Channels that could not be told something: the status is not green while there are any. */
  standing(): readonly ErrorReport[] {
    return [...this.#troubles.values()].map(({ report }) => report);
  }

  /** Sends a test message by every channel. */
  async test(signal: AbortSignal): Promise<readonly TestOutcome[]> {
    const channels = await this.#deps.channels();
    const message = this.#message('test', await this.#deps.status(), [], 0);
    return Promise.all(
      channels.map(async (channel): Promise<TestOutcome> => {
        const either = AbortSignal.any([signal, this.#stop.signal]);
        try {
          await channel.send(message, either);
        } catch (error) {
          return { channel: channel.name, tag: 'failed', error: toEdgeSyncError(error).report };
        }
        this.#recovered(channel.name);
        return { channel: channel.name, tag: 'sent' };
      }),
    );
  }

  #schedule(): void {
    this.#timer = this.#deps.clock.after(roundMs, () => {
      this.#round = this.#look()
        .catch((error: unknown) => this.#deps.logger.error('alerts.round', {}, error))
        .finally(() => {
          if (!this.#stop.signal.aborted) this.#schedule();
        });
    });
  }

  async #look(): Promise<void> {
    const { clock, channels, status } = this.#deps;
    const [report, all] = [await status(), await channels()];
    const open = problemsIn(report);
    const nowMs = clock.nowMs();
    const ageMs = this.#ages(open, nowMs);
    for (const name of this.#troubles.keys()) {
      if (!all.some((channel) => channel.name === name)) this.#recovered(name);
    }
    const openKeys = new Set(open.map(({ key }) => key));
    const gone = new Set<string>();
    for (const channel of all) {
      const told = this.#deps.ledger.told(channel.name);
      for (const { key } of told) if (!openKeys.has(key)) gone.add(key);
      if ((this.#troubles.get(channel.name)?.notBeforeMs ?? 0) > clock.monotonicMs()) continue;
      await this.#tell(channel, report, { open, ageMs, told, nowMs });
    }
    this.#gone = gone;
  }

  #ages(open: readonly AlertProblem[], nowMs: number): ReadonlyMap<string, number> {
    const monotonicMs = this.#deps.clock.monotonicMs();
    const keys = new Set(open.map(({ key }) => key));
    for (const key of this.#seenMs.keys()) if (!keys.has(key)) this.#seenMs.delete(key);
    return new Map(
      open.map(({ key, since }) => {
        const seenMs = this.#seenMs.get(key) ?? monotonicMs;
        this.#seenMs.set(key, seenMs);
        return [key, Math.max(nowMs - Date.parse(since), monotonicMs - seenMs)];
      }),
    );
  }

  async #tell(
    channel: AlertChannel,
    report: StatusReport,
    facts: {
      readonly open: readonly AlertProblem[];
      readonly ageMs: ReadonlyMap<string, number>;
      readonly told: readonly Told[];
      readonly nowMs: number;
    },
  ): Promise<void> {
    const { settings, ledger } = this.#deps;
    const { afterMinutes, repeatHours } = settings();
    const { open, told } = facts;
    const telling = nextTelling({
      ...facts,
      goneBefore: this.#gone,
      afterMs: afterMinutes * minuteMs,
      repeatMs: repeatHours * hourMs,
    });
    if (telling === undefined) {
      if (!this.#isHeartbeatDue(channel.name, facts.nowMs)) return;
      const sent = await this.#send(channel, this.#message('heartbeat', report, [], open.length));
      if (sent) await ledger.heartbeat(channel.name);
      return;
    }
    const about = new Set(telling.keys);
    const problems =
      telling.event === 'over'
        ? told.filter(({ key }) => about.has(key)).flatMap(overProblem)
        : open.filter(({ key }) => about.has(key));
    const others = open.filter(({ key }) => !about.has(key)).length;
    if (!(await this.#send(channel, this.#message(telling.event, report, problems, others)))) return;
    if (telling.event === 'over') await ledger.forget(channel.name, telling.keys);
    else {
      const written = problems.map((one) => ({ ...one, sinceMs: Date.parse(one.since) }));
      await ledger.tell(channel.name, written);
    }
    if (channel.name === 'webhook') await ledger.heartbeat(channel.name);
  }

  #isHeartbeatDue(channel: ChannelName, nowMs: number): boolean {
    const hours = channel === 'webhook' ? this.#deps.settings().webhook.heartbeatHours : 0;
    if (hours === 0) return false;
    const lastMs = this.#deps.ledger.lastHeartbeatAtMs(channel);
    return lastMs === undefined || Math.abs(nowMs - lastMs) >= hours * hourMs;
  }

  /** @returns whether it went out. */
  async #send(channel: AlertChannel, message: AlertMessage): Promise<boolean> {
    const { clock, logger } = this.#deps;
    try {
      await channel.send(message, this.#stop.signal);
    } catch (error) {
      if (this.#stop.signal.aborted) return false;
      const ours = toEdgeSyncError(error);
      const failures = (this.#troubles.get(channel.name)?.failures ?? 0) + 1;
      const waitMs = Math.min(firstRetryMs * 2 ** (failures - 1), longestRetryMs);
      logger.warn('alerts.not-sent', { channel: channel.name, code: ours.code, failures });
      this.#troubles.set(channel.name, {
        report: reportFor('alert-not-sent', channel.name),
        failures,
        notBeforeMs: clock.monotonicMs() + waitMs,
      });
      this.#deps.onChange();
      return false;
    }
    logger.info('alerts.sent', { channel: channel.name, event: message.event });
    this.#recovered(channel.name);
    return true;
  }

  #recovered(channel: ChannelName): void {
    if (this.#troubles.delete(channel)) this.#deps.onChange();
  }

  #message(
    event: AlertMessage['event'],
    { safe, headline }: StatusReport,
    problems: readonly AlertProblem[],
    othersOpen: number,
  ): AlertMessage {
    const { clock, settings, pc } = this.#deps;
    const at = new Date(clock.nowMs()).toISOString();
    return { event, at, practice: settings().practice, pc, safe, headline, problems, othersOpen };
  }
}

/** Of a problem that is over only what was written down is known. */
function overProblem({ key, code, destination, sinceMs }: Told): readonly AlertProblem[] {
  const since = new Date(sinceMs).toISOString();
  return problemsIn({
    failures: [
      {
        id: key,
        ...reportFor('internal'),
        code,
        imagesSafe: true,
        action: 'none',
        studyId: null,
        destination,
        count: 1,
        firstAt: since,
        lastAt: since,
      },
    ],
  });
}
