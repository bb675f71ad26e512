import { EdgeSyncError, toEdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import type { SpoolId } from '../model.ts';
import type { Logger } from '../ports.ts';
import type { CareQueue, IncidentQueue, IntakeQueue } from '../queue/queue-port.ts';
import type { NewInstance, SpoolRow } from '../queue/queue-types.ts';
import type { OpenerFactory } from '../seal/seal-port.ts';
import type { RecoverableSpool } from '../spool/spool-port.ts';

/** What the header of a sealed object tells; the rest is known here. */
export type AdoptedInstance = Omit<NewInstance, 'spoolId' | 'sizeBytes' | 'deleteAfterVerify'>;

/**
 * Reads the plaintext (a Part 10 file) to its end and says what it is. The stream throws at its end when the object
 * does not prove whole, so a result means that it did. Rejects with dicom-* or not-dicom for what it cannot identify.
 */
export type Adopt = (plaintext: AsyncIterable<Buffer>) => Promise<AdoptedInstance>;

export interface ReconcileDeps {
  readonly queue: Pick<CareQueue, 'spoolRows' | 'namesSpool' | 'markLost'> &
    Pick<IntakeQueue, 'recordReceived'> &
    Pick<IncidentQueue, 'reportIncident'>;
  readonly spool: RecoverableSpool;
  readonly openers: OpenerFactory;
  readonly adopt: Adopt;
  readonly logger: Logger;
}

/** What was found and mended, in files. */
export interface ReconcileReport {
  /** Rows whose file is there, with the right size. */
  readonly whole: number;
  /** Sealed whole, but no row named them: received now. */
  readonly adopted: number;
  /** No row named them and the image is held already, or they were empty or cut short: removed. */
  readonly swept: number;
  /** Rows whose file is gone or has another size while the cloud does not have it all: parked, an incident is open. */
  readonly missing: number;
  /** The same, but every required destination has it: only the local copy is forgotten. */
  readonly forgotten: number;
  /** No row named them and they do not open: kept beside the spool. */
  readonly setAside: number;
  /** No row named them and they could not be looked at now (another key, a read error): left where they are. */
  readonly left: number;
}

type Counts = { -readonly [Count in keyof ReconcileReport]: ReconcileReport[Count] };

/** Rows read at once. */
const pageSize = 1000;

/** Compares spool and rows both ways. Rejects with database-* or disk-*: then nothing may start. */
export async function reconcile(deps: ReconcileDeps): Promise<ReconcileReport> {
  const counts: Counts = {
    whole: 0,
    adopted: 0,
    swept: 0,
    missing: 0,
    forgotten: 0,
    setAside: 0,
    left: 0,
  };
  // Both come in ascending order of id, so one step through both is enough and nothing is held in memory.
  const rows = rowsInOrder(deps);
  let row = rows.next().value;
  for await (const file of deps.spool.list()) {
    while (row !== undefined && row.spoolId < file.id) {
      await lost(deps, row, counts);
      row = rows.next().value;
    }
    if (row !== undefined && row.spoolId === file.id) {
      if (row.sizeBytes === file.sizeBytes) counts.whole += 1;
      else await damaged(deps, row, counts);
      row = rows.next().value;
    } else {
      await unnamed(deps, file, counts);
    }
  }
  for (; row !== undefined; row = rows.next().value) await lost(deps, row, counts);
  await tell(deps, counts);
  return counts;
}

function* rowsInOrder({ queue }: ReconcileDeps): Generator<SpoolRow, undefined, undefined> {
  for (let after: SpoolId | undefined; ;) {
    const page = queue.spoolRows(after, pageSize);
    yield* page;
    after = page.at(-1)?.spoolId;
    if (after === undefined) return undefined;
  }
}

async function lost(deps: ReconcileDeps, row: SpoolRow, counts: Counts): Promise<void> {
  // Asked again: the listing is older than this moment.
  if ((await deps.spool.sizeBytes(row.spoolId)) === row.sizeBytes) {
    counts.whole += 1;
    return;
  }
  const outcome = await deps.queue.markLost(row, 'object-missing');
  if (outcome === 'parked') counts.missing += 1;
  if (outcome === 'forgotten') counts.forgotten += 1;
}

async function damaged(deps: ReconcileDeps, row: SpoolRow, counts: Counts): Promise<void> {
  const outcome = await deps.queue.markLost(row, 'object-truncated');
  if (outcome === 'moved-on') return;
  if (outcome === 'parked') counts.missing += 1;
  else counts.forgotten += 1;
  // It may be all that is left of an image: kept, but out of the way.
  await deps.spool.setAside(row.spoolId);
}

async function unnamed(
  deps: ReconcileDeps,
  file: { readonly id: SpoolId; readonly sizeBytes: number },
  counts: Counts,
): Promise<void> {
  const { queue, spool, logger } = deps;
  // Re-headed or received since the rows were read.
  if (queue.namesSpool(file.id)) return;
  if (file.sizeBytes === 0) {
    await spool.remove(file.id);
    counts.swept += 1;
    return;
  }
  try {
    counts[await adopt(deps, file)] += 1;
  } catch (cause) {
    const error = toEdgeSyncError(cause);
    const fate = fateOf(error);
    logger.warn('unnamed-spool-file', { code: error.code, fate });
    if (fate === 'swept') await spool.remove(file.id);
    if (fate === 'setAside') await spool.setAside(file.id);
    counts[fate] += 1;
  }
}

/** Sealed by somebody, or scrambled, but not an image that can be received: kept for a person to look at. */
const unusable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'object-format',
  'object-tampered',
  'not-dicom',
  'dicom-truncated',
  'dicom-unreadable',
  'dicom-mismatch',
]);

/** What becomes of a file that no row names and that could not be adopted for this reason. */
function fateOf(error: EdgeSyncError): 'swept' | 'setAside' | 'left' {
  // Its writer died before the end: nobody was told Success.
  if (error.code === 'object-truncated') return 'swept';
  return unusable.has(error.code) ? 'setAside' : 'left';
}

async function adopt(
  deps: ReconcileDeps,
  file: { readonly id: SpoolId; readonly sizeBytes: number },
): Promise<'adopted' | 'swept'> {
  const proof = { whole: false };
  const instance = await deps.adopt(plaintextOf(deps, file.id, proof));
  if (!proof.whole) throw new EdgeSyncError('internal', 'an adopted object was not read to its end');
  // It opens, but perhaps from the system's memory alone: its writer was killed before the flush, or during it.
  await deps.spool.flush(file.id);
  const outcome = await deps.queue.recordReceived({
    ...instance,
    spoolId: file.id,
    sizeBytes: file.sizeBytes,
  });
  switch (outcome.tag) {
    case 'recorded':
      return 'adopted';
    case 'duplicate':
      await deps.spool.remove(file.id);
      return 'swept';
    case 'replaced':
      if (outcome.oldSpoolId !== null) await deps.spool.setAside(outcome.oldSpoolId).catch(() => undefined);
      return 'adopted';
  }
}

async function* plaintextOf(
  { spool, openers }: ReconcileDeps,
  id: SpoolId,
  proof: { whole: boolean },
): AsyncGenerator<Buffer, void, undefined> {
  const opener = openers.create();
  for await (const chunk of spool.read(id)) yield* opener.push(chunk);
  opener.end();
  proof.whole = true;
}

async function tell({ queue, logger }: ReconcileDeps, counts: Counts): Promise<void> {
  logger.info('spool-reconciled', { ...counts });
  if (counts.missing > 0) {
    await queue.reportIncident({
      code: 'object-missing',
      subject: 'spool',
      detail: `${counts.missing} images received earlier are no longer on this PC`,
    });
  }
  if (counts.setAside > 0) {
    await queue.reportIncident({
      code: 'object-tampered',
      subject: 'spool',
      detail: `${counts.setAside} files of the spool could not be opened and were set aside`,
    });
  }
  if (counts.left > 0) {
    await queue.reportIncident({
      code: 'object-no-recipient',
      subject: 'spool',
      detail: `${counts.left} files of the spool could not be opened`,
    });
  }
}
