/** What `join` prints. stdout holds the result; all that goes before is on stderr. */
import type {
  BackupSummary,
  ChainHeadFacts,
  CloudProblem,
  RebuildEvent,
} from '../../shared/contract-backup.ts';
import type { Clock } from '../engine/ports.ts';
import { bar, type Output } from './output.ts';

export type RebuiltDestination = Omit<Extract<RebuildEvent, { tag: 'destination' }>, 'tag'>;

const steps = {
  manifests: 'lists read',
  objects: 'objects seen',
  rows: 'images recorded',
} as const;

/** Shows a rebuild as it goes, and sums it up. */
export class RebuildView {
  readonly heads: ChainHeadFacts[] = [];
  readonly destinations: RebuiltDestination[] = [];
  #problems = 0;
  #step: { readonly name: string; readonly startedMs: number; readonly from: number } | undefined;
  readonly #output: Output;
  readonly #clock: Clock;

  constructor(output: Output, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
  }

  get problems(): number {
    return this.#problems;
  }

  show(event: RebuildEvent): void {
    switch (event.tag) {
      case 'progress':
        this.#progress(event);
        return;
      case 'head':
        this.heads.push(event.head);
        return;
      case 'problem':
        this.problem(event.problem);
        return;
      case 'destination': {
        const { tag: _, ...counts } = event;
        this.destinations.push(counts);
        this.#step = undefined;
        this.#output.progress.end('');
        if (counts.missing > 0) this.#problems += 1;
      }
    }
  }

  problem({ destination, object, message, nextStep, code }: CloudProblem): void {
    this.#problems += 1;
    this.#output.progress.end('');
    const where = object === '' ? destination : `${destination}: ${object}`;
    this.#output.err(`edge-sync: ${where}: ${message}. ${nextStep} [${code}]`);
  }

  #progress(event: Extract<RebuildEvent, { tag: 'progress' }>): void {
    const nowMs = this.#clock.monotonicMs();
    const name = `${event.destination} ${event.step}`;
    if (this.#step?.name !== name) this.#step = { name, startedMs: nowMs, from: event.done };
    const seconds = (nowMs - this.#step.startedMs) / 1000;
    const rate = seconds < 1 ? '' : `, ${Math.round((event.done - this.#step.from) / seconds)}/s`;
    const of = event.total === null ? '' : ` of ${event.total}`;
    const drawn = event.total === null ? '' : `${bar(event.done, event.total)} `;
    this.#output.progress.update(
      `${event.destination}: ${drawn}${event.done}${of} ${steps[event.step]}${rate}`,
    );
  }
}

/** One line for each destination that was read. */
export function rebuiltLines(destinations: readonly RebuiltDestination[]): readonly string[] {
  return destinations.map(
    ({ destination, images, added, known, found, missing }) =>
      `${destination}: ${images} images in its lists; ${added} added here` +
      (known > 0 ? `, ${known} known already` : '') +
      (found > 0 ? `, ${found} found there too` : '') +
      (missing > 0 ? `, ${missing} not in the cloud any more` : ''),
  );
}

export function headLine({
  installationId,
  sequence,
  createdAt,
}: Omit<ChainHeadFacts, 'destination' | 'own'>): string {
  return `  ${installationId.slice(0, 8)}  list ${sequence} of ${createdAt}`;
}

export function backupLine(one: Omit<BackupSummary, 'destination' | 'own'>): string {
  const { installationId, name, aeTitle, number, writtenAt, devices, missing, refused } = one;
  return (
    `  ${installationId}  ${printable(name)}, ${aeTitle}: number ${number} of ${writtenAt}, ${devices} paired devices` +
    (missing > 0 ? `; ${missing} earlier ones are not there` : '') +
    (refused > 0 ? `; ${refused} newer ones are damaged or not genuine` : '')
  );
}

/** A name somebody gave a PC, fit for a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?');
}
