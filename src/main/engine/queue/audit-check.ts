/**
 * Walks the whole audit trail and says what is proven and where it does not hold (docs/audit.md). Reads in batches and
 * gives way between them; adds nothing.
 */
import type { AuditBreak, AuditCheck } from '../../../shared/contract-audit.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { noValue, statementOf, type AuditChain } from './audit-chain.ts';
import type { AuditRows } from './audit-rows.ts';
import { nextTurn } from './queue-core.ts';
import type { AuditHead, AuditRow } from './queue-types.ts';

/** Some milliseconds of work: a device that sends meanwhile is not held up. */
const batch = 250;
/** Entries on either side of a wrong one that it may have changed places with. */
const window = 40;
/** Breaks whose kind is looked for that closely: each costs thousands of HMACs, some tens of milliseconds. */
const mostSearched = 20;
/** Values that an entry behind a wrong one is tried with. */
const mostPrevious = 12;
/** Told one by one; all are counted. */
const mostTold = 100;

export interface AuditCheckOptions {
  /** What the trail must contain, wherever it was kept. */
  readonly anchors: readonly AuditHead[];
  readonly signal: AbortSignal;
  readonly onProgress?: (checked: number, total: number) => void;
}

/** Throws cancelled, database-damaged, disk-error. */
export async function checkAuditTrail(rows: AuditRows, options: AuditCheckOptions): Promise<AuditCheck> {
  // What is added meanwhile is not part of this check. What we added ourselves must be there, too.
  const head = rows.head();
  const last = rows.newestId();
  const walk = new Walk(rows);
  for (let after = 0; after < last;) {
    if (options.signal.aborted) throw new EdgeSyncError('cancelled');
    const page = rows.page(after, batch).filter(({ id }) => id <= last);
    if (page.length === 0) break;
    for (const row of page) walk.take(row);
    after = page.at(-1)?.id ?? last;
    options.onProgress?.(after, last);
    await nextTurn();
  }
  walk.end();
  const anchors = head === undefined ? options.anchors : [...options.anchors, head];
  walk.compare(anchors, last);
  return walk.result(last, newestOf(options.anchors));
}

class Walk {
  readonly #rows: AuditRows;
  readonly #chain: AuditChain;
  readonly #breaks: AuditBreak[] = [];
  #breakCount = 0;
  #searched = 0;
  #entries = 0;
  #proven = 0;
  #last = 0;
  /** Entries without a value before the first one with one, and the value over them. */
  #before = 0;
  #beforeValue: Buffer;
  #beforeProven = 0;
  #isChained = false;
  /**
   * What the next entry may follow: the value that the last entry carries; behind wrong entries also those that they should
   * carry or follow; none after a gap.
   */
  #previous: readonly Buffer[];

  constructor(rows: AuditRows) {
    this.#rows = rows;
    this.#chain = rows.chain;
    this.#beforeValue = rows.chain.start('before');
    this.#previous = [rows.chain.start('entries')];
  }

  take(row: AuditRow): void {
    this.#entries += 1;
    const hasGap = row.id !== this.#last + 1;
    if (hasGap) this.#broken('missing', this.#last + 1, row.id - 1);
    this.#last = row.id;
    if (!this.#isChained && row.chain === null) {
      this.#before += 1;
      this.#beforeValue = this.#chain.value(row, this.#beforeValue);
      return;
    }
    if (!this.#isChained) {
      this.#isChained = true;
      if (this.#begins(row, hasGap)) return;
    }
    this.#follow(row, hasGap);
  }

  /** A trail that has no chained entry at all: nothing fixes what is there. */
  end(): void {
    if (!this.#isChained && this.#before > 0) this.#broken('before-chain', 1, this.#last);
  }

  /** Whether the first chained entry states what came before it. */
  #begins(row: AuditRow, hasGap: boolean): boolean {
    if (row.id === 1) return false;
    const start = this.#chain.start('entries');
    const value = this.#chain.value(row, start);
    const isStatement = row.action === 'audit-chain-begun';
    if (isStatement && hex(value) === row.chain) {
      this.#proven += 1;
      this.#previous = [value];
      if (row.subject === statementOf(this.#before, this.#beforeValue)) this.#beforeProven = this.#before;
      else if (!hasGap) this.#broken('before-chain', 1, row.id - 1);
      return true;
    }
    // Either the statement was changed or the values of the first entries were taken away: nothing proves those.
    if (this.#before > 0) this.#broken('before-chain', 1, row.id - 1);
    this.#previous = isStatement ? [start] : [];
    return false;
  }

  #follow(row: AuditRow, hasGap: boolean): void {
    const before = hasGap ? [] : this.#previous;
    const carried = row.chain === null ? noValue : Buffer.from(row.chain, 'hex');
    if (before.length === 0) {
      // What it follows is gone: it stands unproven, and the next one is proven by what it carries.
      this.#previous = [carried];
      return;
    }
    const values = before.map((previous) => this.#chain.value(row, previous));
    if (values.some((value) => value.equals(carried))) {
      this.#proven += 1;
      this.#previous = [carried];
      return;
    }
    this.#broken(this.#wasMoved(row, before) ? 'order' : 'changed', row.id, row.id);
    // Two that changed places: the one behind them follows what the first of them carries. A number is part of each value,
    // so that none is taken for good that was not written for its place.
    this.#previous = [carried, ...values, ...before].slice(0, mostPrevious);
  }

  /** Whether it, or what should stand here, belongs to another place nearby. */
  #wasMoved(row: AuditRow, before: readonly Buffer[]): boolean {
    if (this.#searched >= mostSearched || row.chain === null) return false;
    this.#searched += 1;
    const near = this.#rows.page(Math.max(0, row.id - window - 1), 2 * window + 1);
    const carried = row.chain;
    for (const [index, other] of near.entries()) {
      // One that says the same and stands where it belongs (two of one moment) is no sign of a move.
      if (other.id === row.id || this.#fits(other, near[index - 1])) continue;
      const here = { ...other, id: row.id };
      if (before.some((previous) => hex(this.#chain.value(here, previous)) === carried)) return true;
    }
    const values = [
      ...before,
      ...near.flatMap(({ chain }) => (chain === null ? [] : [Buffer.from(chain, 'hex')])),
    ];
    return near.some(
      ({ id }) =>
        id !== row.id &&
        values.some((previous) => hex(this.#chain.value({ ...row, id }, previous)) === carried),
    );
  }

  #fits(row: AuditRow, before: AuditRow | undefined): boolean {
    const follows = before?.id === row.id - 1 ? before.chain : null;
    const previous = follows === null ? this.#chain.start('entries') : Buffer.from(follows, 'hex');
    return hex(this.#chain.value(row, previous)) === row.chain;
  }

  compare(anchors: readonly AuditHead[], last: number): void {
    const beyond = Math.max(0, ...anchors.map(({ number }) => number));
    if (beyond > last) this.#broken('cut-off', last + 1, beyond);
    const told = new Set<number>();
    for (const { number, chain } of anchors) {
      if (number > last || told.has(number)) continue;
      const [row] = this.#rows.page(number - 1, 1);
      if (row?.id !== number || row.chain === chain) continue;
      told.add(number);
      this.#broken('rewritten', number, number);
    }
  }

  result(last: number, anchor: AuditHead | undefined): AuditCheck {
    return {
      entries: this.#entries,
      last,
      proven: this.#proven + this.#beforeProven,
      before: this.#before,
      breaks: this.#breaks,
      breakCount: this.#breakCount,
      anchoredTo: anchor?.number ?? null,
    };
  }

  /** Neighbours of one kind are one break. */
  #broken(kind: AuditBreak['kind'], from: number, to: number): void {
    const last = this.#breaks.at(-1);
    if (last?.kind === kind && last.to === from - 1) {
      this.#breaks[this.#breaks.length - 1] = { ...last, to };
      return;
    }
    this.#breakCount += 1;
    if (this.#breaks.length < mostTold) this.#breaks.push({ kind, from, to });
  }
}

function hex(value: Buffer): string {
  return value.toString('hex');
}

function newestOf(anchors: readonly AuditHead[]): AuditHead | undefined {
  return anchors.reduce<AuditHead | undefined>(
    (newest, one) => (newest === undefined || one.number > newest.number ? one : newest),
    undefined,
  );
}
