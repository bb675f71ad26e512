/** A log that one address cannot fill: what it causes beyond a few lines a minute is counted, and told as one line. */
import type { Cancel, Clock, LogFields, Logger } from '../ports.ts';

const windowMs = 60_000;
/** Of one event and address in a minute; above what an honest device causes. */
export const mostLines = 20;
/** Told apart; more of them count as one. */
const mostKeys = 200;

interface Counted {
  readonly event: string;
  readonly remoteAddress: string;
  lines: number;
}

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Shared by a log and its children. */
class Window {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #logger: Logger;
  #counted = new Map<string, Counted>();
  #end: Cancel | undefined;

  constructor(logger: Logger, clock: Pick<Clock, 'after'>) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Whether the line is written. */
  takes(event: string, address: string): boolean {
    this.#end ??= this.#clock.after(windowMs, () => this.close());
    const isKnown = this.#counted.has(`${event} ${address}`) || this.#counted.size < mostKeys;
    const remoteAddress = isKnown ? address : 'others';
    const counted = this.#counted.get(`${event} ${remoteAddress}`) ?? { event, remoteAddress, lines: 0 };
    this.#counted.set(`${event} ${remoteAddress}`, counted);
    counted.lines += 1;
    return counted.lines <= mostLines;
  }

  close(): void {
    this.#end?.cancel();
    this.#end = undefined;
    const counted = this.#counted;
    this.#counted = new Map();
    for (const { event, remoteAddress, lines } of counted.values())
      if (lines > mostLines)
        this.#logger.warn('lines-counted', { line: event, remoteAddress, count: lines - mostLines });
  }
}

/** Lines without the field `remoteAddress` are written as they come. */
export class AddressLog implements Logger {
  readonly #logger: Logger;
  readonly #window: Window;

  private constructor(logger: Logger, window: Window) {
    this.#logger = logger;
    this.#window = window;
  }

  static over(logger: Logger, clock: Pick<Clock, 'after'>): AddressLog {
    return new AddressLog(logger, new Window(logger, clock));
  }

  debug(event: string, fields?: LogFields): void {
    this.#write('debug', event, fields);
  }

  info(event: string, fields?: LogFields): void {
    this.#write('info', event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    this.#write('warn', event, fields);
  }

  error(event: string, fields?: LogFields, cause?: unknown): void {
    this.#write('error', event, fields, cause);
  }

  child(part: string): AddressLog {
    return new AddressLog(this.#logger.child(part), this.#window);
  }

  /** Tells what was counted, now. The next line opens a new minute. */
  close(): void {
    this.#window.close();
  }

  #write(level: Level, event: string, fields?: LogFields, cause?: unknown): void {
    const address = fields?.['remoteAddress'];
    if (level !== 'debug' && typeof address === 'string' && !this.#window.takes(event, address)) return;
    if (level === 'error') this.#logger.error(event, fields, cause);
    else this.#logger[level](event, fields);
  }
}
