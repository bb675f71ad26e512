import { pino, type Logger as Pino } from 'pino';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { LogFields, Logger } from '../ports.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Takes whole lines, each with its line end. */
export interface LogSink {
  write(line: string): void;
}

/** JSON lines, on stderr unless a sink is given; stdout belongs to the ready line and to command output. */
export function createLogger(level: LogLevel, sink?: LogSink): Logger {
  return new PinoLogger(
    pino(
      {
        level,
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      sink ?? pino.destination({ fd: 2, sync: true }),
    ),
  );
}

class PinoLogger implements Logger {
  readonly #pino: Pino;

  constructor(base: Pino) {
    this.#pino = base;
  }

  debug(event: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, event);
  }

  info(event: string, fields: LogFields = {}): void {
    this.#pino.info(fields, event);
  }

  warn(event: string, fields: LogFields = {}): void {
    this.#pino.warn(fields, event);
  }

  error(event: string, fields: LogFields = {}, cause?: unknown): void {
    this.#pino.error(cause === undefined ? fields : { ...fields, ...safeCause(cause) }, event);
  }

  child(part: string): Logger {
    return new PinoLogger(this.#pino.child({ part }));
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
