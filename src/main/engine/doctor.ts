/**
 * Looks at everything in the data folder while no engine runs, and mends what is safe to mend: keys, database, every
 * local copy byte by byte, leftovers, rights. Wires the stages it needs, as `engine.ts` does for a start.
 */
import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assertNever } from '../../shared/assert-never.ts';
import type { AuditCheck } from '../../shared/contract-audit.ts';
import { EdgeSyncError, toEdgeSyncError, type ErrorReport } from '../../shared/errors.ts';
import type { EngineOptions } from './engine.ts';
import { adoptPlaintext } from './intake/adopt.ts';
import { KeyRing } from './keys/key-ring.ts';
import { checkAuditTrail } from './queue/audit-check.ts';
import { DataDirLock } from './queue/data-dir-lock.ts';
import { Queue } from './queue/queue.ts';
import { reconcile, type ReconcileReport } from './recover/reconcile.ts';
import { checkSpool, type SpoolCheckProgress, type SpoolCheckReport } from './recover/spool-check.ts';
import { sealedDataIn } from './sealed-data.ts';
import { FileSpool } from './spool/file-spool.ts';

type Part = 'keys' | 'database' | 'audit' | 'copies';

/** What was found, in the order of the examination. */
export type Finding =
  /** Nothing was ever received into this folder and no keys were made: all the rest is left out. */
  | { readonly tag: 'empty' }
  | { readonly tag: 'keys'; readonly recovery: 'none' | 'created' | 'proven' }
  /** `problems`: what does not hold, in words; empty when all is well. */
  | { readonly tag: 'database'; readonly problems: readonly string[] }
  /** The audit trail's chain, compared with what this PC remembers of the lists it wrote. */
  | { readonly tag: 'audit'; readonly check: AuditCheck }
  | { readonly tag: 'reconciled'; readonly report: ReconcileReport }
  | { readonly tag: 'copies'; readonly report: SpoolCheckReport }
  /** Files set aside earlier or now, for a person to look at. */
  | { readonly tag: 'set-aside'; readonly files: number }
  /** Temporary files of writes that a crash cut short. */
  | { readonly tag: 'leftovers'; readonly files: number }
  /** Files and folders that others than the owner could read. */
  | { readonly tag: 'rights'; readonly entries: number }
  | { readonly tag: 'disk'; readonly freeBytes: number; readonly isLow: boolean }
  /** An examination that could not be done; those that need it are left out. */
  | { readonly tag: 'failed'; readonly part: Part; readonly error: ErrorReport };

export interface DoctorOptions extends Pick<
  EngineOptions,
  'dataDir' | 'settings' | 'keyStore' | 'clock' | 'random' | 'logger'
> {
  /** `look` changes nothing but what every opening does (the database's log is written back). */
  readonly mode: 'mend' | 'look';
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress: (progress: SpoolCheckProgress) => void;
  readonly signal: AbortSignal;
}

/** Temporary names of durable-file.ts, in the data folder itself. */
const temporaryFile = /^\.[\w.-]+\.[0-9a-f]{16}\.tmp$/;

/** Whether a finding leaves something for a person to do. */
export function needsAttention(finding: Finding): boolean {
  switch (finding.tag) {
    case 'empty':
    case 'leftovers':
    case 'rights':
      return false;
    case 'keys':
      return finding.recovery !== 'proven';
    case 'database':
      return finding.problems.length > 0;
    case 'audit':
      return finding.check.breakCount > 0;
    case 'reconciled':
      return finding.report.missing + finding.report.setAside + finding.report.left > 0;
    case 'copies':
      return finding.report.atRisk + finding.report.unread + finding.report.unnamed > 0;
    case 'set-aside':
      return finding.files > 0;
    case 'disk':
      return finding.isLow;
    case 'failed':
      return true;
    default:
      return assertNever(finding);
  }
}

/**
 * Rejects with engine-already-running, data-dir-not-writable or cancelled; everything else is a finding.
 */
export async function examine(options: DoctorOptions): Promise<void> {
  const { dataDir, onFinding } = options;
  const lock = DataDirLock.acquire(dataDir);
  try {
    if (!(await hasKeys(dataDir)) && (await sealedDataIn(dataDir)) === 'absent') {
      onFinding({ tag: 'empty' });
      return;
    }
    await examineContent(options);
    onFinding({ tag: 'set-aside', files: await filesIn(join(dataDir, 'spool', 'set-aside')) });
    onFinding({ tag: 'leftovers', files: await leftovers(options) });
    if (process.platform !== 'win32') onFinding({ tag: 'rights', entries: await openRights(options) });
  } finally {
    lock.release();
  }
}

async function examineContent(options: DoctorOptions): Promise<void> {
  const { dataDir, keyStore, clock, random, logger, settings, mode, onFinding } = options;
  // Never makes keys: what is examined has some, or they are lost and that is the finding.
  const keys = await part(options, 'keys', () =>
    KeyRing.open({ dataDir, keyStore, random, clock, logger, sealedData: 'present' }),
  );
  if (keys === undefined) return;
  onFinding({ tag: 'keys', recovery: keys.recoveryState });

  const opened = new AsyncDisposableStack();
  try {
    const stages = await part(options, 'database', async () => {
      const spool = await FileSpool.open({ dir: join(dataDir, 'spool'), random, clock, logger });
      opened.defer(() => spool.close());
      const queue = Queue.open({
        dir: dataDir,
        sealer: keys.columns,
        clock,
        random,
        logger,
        spoolHolds: (spoolId, sizeBytes) => spool.holds(spoolId, sizeBytes),
      });
      opened.defer(() => queue.close());
      onFinding({ tag: 'database', problems: queue.checkConsistency() });
      return { spool, queue };
    });
    if (stages === undefined) return;
    const { spool, queue } = stages;
    await part(options, 'audit', async () => {
      const { auditTrail } = queue;
      const anchors = auditTrail.anchors();
      const check = await checkAuditTrail(auditTrail, { anchors, signal: options.signal });
      onFinding({ tag: 'audit', check });
    });
    const freeBytes = await spool.freeBytes();
    await part(options, 'copies', async () => {
      const { openers } = keys;
      if (mode === 'mend') {
        const adopt = (plaintext: AsyncIterable<Buffer>): ReturnType<typeof adoptPlaintext> =>
          adoptPlaintext(plaintext, (sopInstanceUid, transferSyntaxUid, datasetSha256) =>
            keys.objectName({ sopInstanceUid, transferSyntaxUid, datasetSha256 }),
          );
        onFinding({
          tag: 'reconciled',
          report: await reconcile({ queue, spool, openers, adopt, logger }),
        });
      }
      const report = await checkSpool({ ...options, queue, spool, openers });
      onFinding({ tag: 'copies', report });
    });
    onFinding({ tag: 'disk', freeBytes, isLow: freeBytes < settings.disk.warnBelowBytes });
  } finally {
    await opened.disposeAsync();
  }
}

/** undefined when it failed; that was told. */
async function part<Result>(
  { onFinding, signal }: DoctorOptions,
  name: Part,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (cause) {
    if (signal.aborted) throw new EdgeSyncError('cancelled', undefined, { cause });
    onFinding({ tag: 'failed', part: name, error: toEdgeSyncError(cause).report });
    return undefined;
  }
}

async function hasKeys(dataDir: string): Promise<boolean> {
  return (await lstat(join(dataDir, 'keys.json')).catch(() => undefined)) !== undefined;
}

async function filesIn(folder: string): Promise<number> {
  return (await readdir(folder).catch(() => [])).length;
}

async function leftovers({ dataDir, mode }: DoctorOptions): Promise<number> {
  const names = (await readdir(dataDir)).filter((name) => temporaryFile.test(name));
  if (mode === 'mend') for (const name of names) await rm(join(dataDir, name), { force: true });
  return names.length;
}

/** Bits for group and others on what is ours: content is sealed, but names and sizes are nobody else's either. */
async function openRights({ dataDir, mode }: DoctorOptions): Promise<number> {
  let found = 0;
  const look = async (path: string): Promise<void> => {
    const facts = await lstat(path).catch(() => undefined);
    if (facts === undefined || facts.isSymbolicLink() || (facts.mode & 0o077) === 0) return;
    found += 1;
    if (mode === 'mend') await chmod(path, facts.isDirectory() ? 0o700 : 0o600);
  };
  await look(dataDir);
  for (const entry of await readdir(dataDir)) await look(join(dataDir, entry));
  for (const fanOut of await readdir(join(dataDir, 'spool')).catch(() => []))
    await look(join(dataDir, 'spool', fanOut));
  return found;
}
