import { pino, type Logger as Pino } from 'pino';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { LogFields, Logger } from '../ports.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Takes whole lines, each with its line end. */
export interface LogSink {
  write(line: string): void;
}

/** JSON lines, on stderr unless a sink is given; stdout belongs to the ready line and to command output. */
export function createLogger(level: LogLevel, sink?: LogSink): LevelledLogger {
  // Children ask the one threshold, so that it can be changed while they are in use.
  const threshold = { level };
  return new PinoLogger(
    pino(
      {
        level: 'debug',
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      sink ?? pino.destination({ fd: 2, sync: true }),
    ),
    threshold,
  );
}

/** A logger whose level can be changed; that counts for its children too. */
export interface LevelledLogger extends Logger {
  setLevel(level: LogLevel): void;
}

const severity: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

class PinoLogger implements LevelledLogger {
  readonly #pino: Pino;
  readonly #threshold: { level: LogLevel };

  constructor(base: Pino, threshold: { level: LogLevel }) {
    this.#pino = base;
    this.#threshold = threshold;
  }

  setLevel(level: LogLevel): void {
    this.#threshold.level = level;
  }

  #isSaid(level: LogLevel): boolean {
    return severity[level] >= severity[this.#threshold.level];
  }

  debug(event: string, fields: LogFields = {}): void {
    if (this.#isSaid('debug')) this.#pino.debug(fields, event);
  }

  info(event: string, fields: LogFields = {}): void {
    if (this.#isSaid('info')) this.#pino.info(fields, event);
  }

  warn(event: string, fields: LogFields = {}): void {
    if (this.#isSaid('warn')) this.#pino.warn(fields, event);
  }

  error(event: string, fields: LogFields = {}, cause?: unknown): void {
    this.#pino.error(cause === undefined ? fields : { ...fields, ...safeCause(cause) }, event);
  }

  child(part: string): Logger {
    return new PinoLogger(this.#pino.child({ part }), this.#threshold);
  }
}

/**
 * Messages of foreign errors can hold paths or values from outside, so only what is known to be safe is logged:
 * our own code and detail, a system error code, the class name and the stack's places (no message).
 */
function safeCause(cause: unknown): LogFields {
  if (cause instanceof EdgeSyncError) return { code: cause.code, detail: cause.detail, ...nested(cause) };
  if (cause instanceof Error) {
    return {
      errorName: cause.name,
      systemCode: (cause as NodeJS.ErrnoException).code,
      at: stackPlaces(cause),
    };
  }
  return { errorName: typeof cause };
}

function nested(error: EdgeSyncError): LogFields {
  return error.cause instanceof Error
    ? {
        causeName: error.cause.name,
        causeCode: (error.cause as NodeJS.ErrnoException).code,
        at: stackPlaces(error.cause),
      }
    : {};
}

function stackPlaces(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => line.trimStart().startsWith('at '))
    .slice(0, 6)
    .map((line) => line.trim())
    .join(' | ');
}
