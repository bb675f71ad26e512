import type { EdgeSyncError } from '../../shared/errors.ts';
import type { Printed } from './printed.ts';

/** Where a command prints. stdout is for results, stderr for progress and errors. */
export interface Output {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** Shows a line that the next one replaces on a terminal; on anything else only the last one is printed. */
  readonly progress: Progress;
}

export interface Progress {
  update(line: string): void;
  /** Leaves `line` (or the last one) standing. */
  end(line?: string): void;
}

/** `out` throws ReaderGone once nobody reads any more. */
export function processOutput(printed: Printed): Output {
  return {
    out: (line) => {
      printed.expectReader();
      process.stdout.write(`${line}\n`);
    },
    err: (line) => process.stderr.write(`${line}\n`),
    progress: process.stderr.isTTY ? terminalProgress() : quietProgress(),
  };
}

function terminalProgress(): Progress {
  let last = '';
  return {
    update: (line) => {
      last = line;
      process.stderr.write(`\r\x1b[2K${line.slice(0, Math.max(20, process.stderr.columns - 1))}`);
    },
    end: (line) => {
      const final = line ?? last;
      last = '';
      process.stderr.write(final === '' ? '\r\x1b[2K' : `\r\x1b[2K${final}\n`);
    },
  };
}

function quietProgress(): Progress {
  let last = '';
  return {
    update: (line) => {
      last = line;
    },
    end: (line) => {
      const final = line ?? last;
      last = '';
      if (final !== '') process.stderr.write(`${final}\n`);
    },
  };
}

/** One line: what is wrong, and the next step. */
export function errorLine(error: EdgeSyncError): string {
  const { message, nextStep } = error.report;
  return `edge-sync: ${message}. ${nextStep} [${error.code}]`.replaceAll(/\s*\n\s*/g, ' ');
}

const units = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** 1536 -> "1.5 KB" (steps of 1024). */
export function bytesText(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 1024 && step < units.length - 1) {
    value /= 1024;
    step += 1;
  }
  return `${step === 0 ? value : value.toFixed(1)} ${units[step] ?? 'B'}`;
}

/** A bar of `width` cells: "[####----]". */
export function bar(done: number, total: number, width = 24): string {
  const filled = total === 0 ? 0 : Math.min(width, Math.round((done / total) * width));
  return `[${'#'.repeat(filled)}${'-'.repeat(width - filled)}]`;
}
