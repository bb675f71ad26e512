/** One instance on its way in: gathered, hashed, scanned, sealed, spooled, recorded. See intake-port.ts. */
import { createHash, type Hash } from 'node:crypto';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import {
  createHeaderScanner,
  isHeaderOdd,
  type HeaderScanner,
  type ScannedIdentity,
  type ScanResult,
} from '../dicom/header-scanner.ts';
import { buildFileMeta, looksLikeProgram } from '../dicom/part10.ts';
import type { InstanceDetails, InstanceFlag, SpoolId } from '../model.ts';
import type { Sealer, SealerFactory } from '../seal/seal-port.ts';
import type { SpoolWriter } from '../spool/spool-port.ts';
import type { Announcement, IntakeOutcome, IntakeStream } from './intake-port.ts';
import type { IntakeDeps } from './intake-stage.ts';
import type { StagingPool } from './staging-pool.ts';

/** Pieces from this size on are hashed and sealed where they lie, without being gathered first. */
const directBytes = 32 * 1024;

type Readable = Extract<ScanResult, { tag: 'readable' }>;

export class InstanceStream implements IntakeStream {
  readonly #announcement: Announcement;
  readonly #deps: IntakeDeps;
  readonly #pool: StagingPool;
  readonly #recoveryFingerprint: string | null;
  readonly #flags: InstanceFlag[] = [];
  readonly #scanner: HeaderScanner;
  readonly #sealer: Sealer;
  readonly #hash: Hash = createHash('sha256');
  readonly #spool: SpoolWriter;
  #staging: Buffer;
  #staged = 0;
  /** Bytes at the start of `staging` that are our file meta: sealed, but not part of the dataset's hash. */
  #unhashed: number;
  #failure: EdgeSyncError | undefined;
  #over = false;

  /** Throws what the sealer or the spool throws; nothing is left behind then. */
  constructor(announcement: Announcement, sealers: SealerFactory, deps: IntakeDeps, pool: StagingPool) {
    this.#announcement = announcement;
    this.#deps = deps;
    this.#pool = pool;
    this.#recoveryFingerprint = sealers.recoveryFingerprint;
    this.#sealer = sealers.create();
    this.#spool = deps.spool.create();
    this.#scanner = createHeaderScanner(announcement.transferSyntaxUid);
    this.#staging = pool.take();
    this.#staged = this.#unhashed = this.#fileMeta().copy(this.#staging);
    void this.#spool.write([this.#sealer.head]);
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#failure !== undefined || this.#over) return undefined;
    try {
      const scanned = this.#scanner.push(chunk);
      const out: Buffer[] = [];
      this.#take(chunk, out);
      const spooled = out.length === 0 ? undefined : this.#spool.write(out);
      if (scanned === undefined) return spooled;
      return spooled === undefined ? scanned : Promise.all([scanned, spooled]).then(() => undefined);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  async finish(): Promise<IntakeOutcome> {
    try {
      const scan = await this.#scanner.finish();
      if (this.#failure !== undefined) throw this.#failure;
      const readable = this.#accept(scan);
      return await this.#store(readable);
    } catch (error) {
      this.#fail(error);
      await this.#discard();
      const told = this.#failure ?? toEdgeSyncError(error);
      this.#deps.logger.warn('instance refused', { code: told.code, origin: this.#announcement.origin.tag });
      return { tag: 'refused', error: told };
    }
  }

  async abort(): Promise<void> {
    this.#failure ??= new EdgeSyncError('cancelled');
    await this.#discard();
  }

  #fileMeta(): Buffer {
    let { preamble } = this.#announcement;
    if (preamble !== undefined && looksLikeProgram(preamble)) {
      preamble = undefined;
      this.#flags.push('preamble-zeroed');
    }
    return buildFileMeta({ ...this.#announcement, preamble });
  }

  #take(chunk: Uint8Array, out: Buffer[]): void {
    let at = 0;
    while (at < chunk.length) {
      const rest = chunk.length - at;
      if (this.#staged === 0 && rest >= directBytes) {
        const direct = at === 0 ? chunk : chunk.subarray(at);
        this.#hash.update(direct);
        this.#sealer.update(direct, out);
        return;
      }
      const step = Math.min(rest, this.#staging.length - this.#staged);
      this.#staging.set(step === chunk.length ? chunk : chunk.subarray(at, at + step), this.#staged);
      this.#staged += step;
      at += step;
      if (this.#staged === this.#staging.length) this.#flush(out);
    }
  }

  #flush(out: Buffer[]): void {
    if (this.#staged === 0) return;
    if (this.#staged > this.#unhashed)
      this.#hash.update(this.#staging.subarray(this.#unhashed, this.#staged));
    this.#sealer.update(this.#staging.subarray(0, this.#staged), out);
    this.#staged = 0;
    this.#unhashed = 0;
  }

  /** The checks of PS3.4 B.2.3: what is in the dataset is what was announced. */
  #accept(scan: ScanResult): Readable {
    const fromFile = this.#announcement.origin.tag !== 'association';
    if (fromFile && scan.ending === 'cut') throw new EdgeSyncError('dicom-truncated');
    if (scan.tag === 'unreadable') throw new EdgeSyncError('dicom-unreadable');
    if (isMismatch(scan.identity, this.#announcement)) throw new EdgeSyncError('dicom-mismatch');
    if (isHeaderOdd(scan)) this.#flags.push('header-odd');
    return scan;
  }

  async #store(scan: Readable): Promise<IntakeOutcome> {
    const out: Buffer[] = [];
    this.#flush(out);
    this.#sealer.finish(out);
    void this.#spool.write(out);
    const datasetSha256 = this.#hash.digest('hex');
    this.#end();
    const { sizeBytes } = await this.#spool.commit();
    const { sopInstanceUid, transferSyntaxUid, deleteAfterVerify, origin } = this.#announcement;
    const objectName = this.#deps.objectName(sopInstanceUid, transferSyntaxUid, datasetSha256);
    this.#deps.disk.accepted(sizeBytes);
    const recorded = await this.#deps.queue
      .recordReceived({
        objectName,
        spoolId: this.#spool.id,
        sizeBytes,
        details: detailsOf(scan, this.#announcement, datasetSha256),
        source: origin.tag === 'association' ? origin.callingAeTitle : null,
        flags: [...this.#flags],
        recoveryFingerprint: this.#recoveryFingerprint,
        ...(deleteAfterVerify === undefined ? {} : { deleteAfterVerify }),
      })
      .catch(async (error: unknown) => {
        // Mostly rolled back. Where only the flush of the row failed, it names the file: that stays then, for it is whole.
        if (!this.#isNamed()) await this.#removeQuietly(this.#spool.id);
        throw toEdgeSyncError(error, 'disk-error');
      });
    switch (recorded.tag) {
      case 'duplicate':
        await this.#removeQuietly(this.#spool.id);
        return { tag: 'duplicate', objectName };
      case 'replaced':
        if (recorded.oldSpoolId !== null) await this.#removeQuietly(recorded.oldSpoolId);
        return this.#stored(objectName, sizeBytes);
      case 'recorded':
        if (recorded.uidConflict) this.#flags.push('uid-conflict');
        return this.#stored(objectName, sizeBytes);
      default:
        return assertNever(recorded);
    }
  }

  /** A database that cannot even be read is no reason to remove anything. */
  #isNamed(): boolean {
    try {
      return this.#deps.queue.namesSpool(this.#spool.id);
    } catch {
      return true;
    }
  }

  #stored(objectName: string, sizeBytes: number): IntakeOutcome {
    if (this.#flags.length > 0) {
      this.#deps.logger.info('instance stored with a flag', { flags: this.#flags.join(','), sizeBytes });
    }
    return { tag: 'stored', objectName, sizeBytes, flags: this.#flags };
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    if (!(error instanceof EdgeSyncError)) this.#deps.logger.error('intake failed', {}, error);
    this.#failure = toEdgeSyncError(error);
    this.#scanner.close();
  }

  async #discard(): Promise<void> {
    if (this.#over) return;
    this.#end();
    await this.#spool.discard();
  }

  /** Gives back what is held in memory. The spool file is the caller's matter. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#scanner.close();
    this.#pool.giveBack(this.#staging);
    this.#staging = Buffer.alloc(0);
  }

  /** A file that stays behind has no row; the next start sweeps it. */
  async #removeQuietly(id: SpoolId): Promise<void> {
    try {
      await this.#deps.spool.remove(id);
    } catch (error) {
      this.#deps.logger.warn('a spool file could not be removed', { code: toEdgeSyncError(error).code });
    }
  }
}

/** Takes nothing and says why at the end. */
export class RefusedStream implements IntakeStream {
  readonly #error: EdgeSyncError;

  constructor(error: EdgeSyncError) {
    this.#error = error;
  }

  write(): undefined {
    // Told by finish.
  }

  finish(): Promise<IntakeOutcome> {
    return Promise.resolve({ tag: 'refused', error: this.#error });
  }

  abort(): Promise<void> {
    return Promise.resolve();
  }
}

function isMismatch(found: ScannedIdentity, announced: Announcement): boolean {
  if (found.sopInstanceUid !== announced.sopInstanceUid) return true;
  return found.sopClassUid !== undefined && found.sopClassUid !== announced.sopClassUid;
}

export function detailsOf(scan: Readable, announced: Announcement, datasetSha256: string): InstanceDetails {
  return {
    ...scan.display,
    sopClassUid: announced.sopClassUid,
    sopInstanceUid: announced.sopInstanceUid,
    transferSyntaxUid: announced.transferSyntaxUid,
    // Non-patient objects (hanging protocols, palettes) have none; the restore names those by hash.
    studyInstanceUid: scan.identity.studyInstanceUid ?? '',
    seriesInstanceUid: scan.identity.seriesInstanceUid ?? '',
    datasetSha256,
  };
}
