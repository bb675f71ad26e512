import type { LogFields, Logger } from '../../src/main/engine/ports.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: LogFields;
  readonly cause?: unknown;
}

/** Keeps its lines, for assertions and for canary checks. */
export class FakeLogger implements Logger {
  readonly lines: LogLine[];

  constructor(lines: LogLine[] = []) {
    this.lines = lines;
  }

  debug(event: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'debug', event, fields });
  }

  info(event: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'info', event, fields });
  }

  warn(event: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'warn', event, fields });
  }

  error(event: string, fields: LogFields = {}, cause?: unknown): void {
    this.lines.push({ level: 'error', event, fields, cause });
  }

  child(): Logger {
    return new FakeLogger(this.lines);
  }
}
