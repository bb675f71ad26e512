/** Keeps the last events of the log in memory, reduced to what a diagnostics bundle may hold, and passes every line on. */
import {
  errorNamePattern,
  mostLogEvents,
  systemCodePattern,
  type DiagnosticsEvent,
} from '../../../shared/diagnostics.ts';
import { EdgeSyncError, isErrorCode } from '../../../shared/errors.ts';
import type { Clock, LogFields, Logger } from '../ports.ts';
import { knownEvents } from './known-events.ts';

/** As kept here: names become numbers only when a bundle is made, for the settings of that moment. */
export interface RecentEvent extends Omit<DiagnosticsEvent, 'destination'> {
  readonly destination?: string;
}

/** Fields that are numbers of ours. A number from outside (a port, a size of one image) is not among them. */
const figureNames: ReadonlySet<string> = new Set([
  'attempts',
  'count',
  'delayMs',
  'entries',
  'exitCode',
  'failures',
  'files',
  'freedBytes',
  'images',
  'instances',
  'livedMs',
  'pauses',
  'sequence',
  'shortBytes',
  'status',
  'total',
  'withinMs',
]);
const longestName = 64;
const partPattern = /^[a-z][a-z.-]{0,40}$/;

interface Kept {
  readonly events: RecentEvent[];
  readonly clock: Clock;
}

export class RecentLog implements Logger {
  readonly #inner: Logger;
  readonly #kept: Kept;
  readonly #part: string | undefined;

  constructor(inner: Logger, clock: Clock) {
    this.#inner = inner;
    this.#kept = { events: [], clock };
    this.#part = undefined;
  }

  /** The given one where it keeps its events already. */
  static over(logger: Logger, clock: Clock): RecentLog {
    return logger instanceof RecentLog ? logger : new RecentLog(logger, clock);
  }

  /** Oldest first, at most `mostLogEvents`. */
  get events(): readonly RecentEvent[] {
    return this.#kept.events;
  }

  debug(event: string, fields?: LogFields): void {
    this.#inner.debug(event, fields);
  }

  info(event: string, fields: LogFields = {}): void {
    this.#inner.info(event, fields);
    this.#keep('info', event, fields);
  }

  warn(event: string, fields: LogFields = {}): void {
    this.#inner.warn(event, fields);
    this.#keep('warn', event, fields);
  }

  error(event: string, fields: LogFields = {}, cause?: unknown): void {
    this.#inner.error(event, fields, cause);
    this.#keep('error', event, fields, cause);
  }

  child(part: string): Logger {
    return new ChildLog(this.#inner.child(part), this, part);
  }

  /** For the loggers of parts. */
  keepFor(part: string, level: DiagnosticsEvent['level'], event: string, fields: LogFields, cause?: unknown) {
    this.#keep(level, event, fields, cause, part);
  }

  #keep(
    level: DiagnosticsEvent['level'],
    event: string,
    fields: LogFields,
    cause?: unknown,
    part: string | undefined = this.#part,
  ): void {
    const { events, clock } = this.#kept;
    events.push({
      at: new Date(clock.nowMs()).toISOString(),
      level,
      ...(part !== undefined && partPattern.test(part) ? { part } : {}),
      event: knownEvents.has(event) ? event : 'other',
      ...codesOf(fields, cause),
      ...destinationOf(fields),
      ...figuresOf(fields),
    });
    if (events.length > mostLogEvents) events.splice(0, events.length - mostLogEvents);
  }
}

class ChildLog implements Logger {
  readonly #inner: Logger;
  readonly #root: RecentLog;
  readonly #part: string;

  constructor(inner: Logger, root: RecentLog, part: string) {
    this.#inner = inner;
    this.#root = root;
    this.#part = part;
  }

  debug(event: string, fields?: LogFields): void {
    this.#inner.debug(event, fields);
  }

  info(event: string, fields: LogFields = {}): void {
    this.#inner.info(event, fields);
    this.#root.keepFor(this.#part, 'info', event, fields);
  }

  warn(event: string, fields: LogFields = {}): void {
    this.#inner.warn(event, fields);
    this.#root.keepFor(this.#part, 'warn', event, fields);
  }

  error(event: string, fields: LogFields = {}, cause?: unknown): void {
    this.#inner.error(event, fields, cause);
    this.#root.keepFor(this.#part, 'error', event, fields, cause);
  }

  child(part: string): Logger {
    return new ChildLog(this.#inner.child(part), this.#root, part);
  }
}

/** Codes and class names; never a message or a detail. */
function codesOf(
  fields: LogFields,
  cause: unknown,
): Pick<RecentEvent, 'code' | 'cause' | 'errorName' | 'systemCode'> {
  const code = cause instanceof EdgeSyncError ? cause.code : fields['code'];
  const inner = cause instanceof EdgeSyncError ? cause.cause : cause;
  const foreign = inner instanceof Error && !(inner instanceof EdgeSyncError) ? inner : undefined;
  const systemCode = foreign === undefined ? undefined : (foreign as NodeJS.ErrnoException).code;
  return {
    ...(isErrorCode(code) ? { code } : {}),
    ...(isErrorCode(fields['cause']) ? { cause: fields['cause'] } : {}),
    ...(foreign !== undefined && errorNamePattern.test(foreign.constructor.name)
      ? { errorName: foreign.constructor.name }
      : {}),
    ...(typeof systemCode === 'string' && systemCodePattern.test(systemCode) ? { systemCode } : {}),
  };
}

function destinationOf({ destination }: LogFields): Pick<RecentEvent, 'destination'> {
  return typeof destination === 'string' ? { destination: destination.slice(0, longestName) } : {};
}

function figuresOf(fields: LogFields): Pick<RecentEvent, 'figures'> {
  const figures = Object.entries(fields).filter(
    (field): field is [string, number] =>
      figureNames.has(field[0]) && typeof field[1] === 'number' && Number.isFinite(field[1]),
  );
  return figures.length === 0 ? {} : { figures: Object.fromEntries(figures) };
}
