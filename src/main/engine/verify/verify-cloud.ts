/** A look at the cloud with the keys alone, as on a new PC: every image the lists name, or some of them. Mends nothing. */
import type { VerifyEvent, VerifySelection } from '../../../shared/contract-verify.ts';
import { reportFor } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { Clock, Random } from '../ports.ts';
import { forEachBounded } from '../restore/bounded.ts';
import { readCopies } from '../restore/copies.ts';
import { readManifestChains } from '../restore/manifest-chains.ts';
import { Meter } from '../restore/meter.ts';
import { openProven, type RestoreKeys } from '../restore/proven-object.ts';
import { cloudNames } from '../cloud/cloud-store.ts';
import type { ManifestEntry } from '../upload/manifest.ts';
import { patience } from './patience.ts';

const atOnce = 4;

/** @throws EdgeSyncError cloud-* that stays, cancelled. */
export async function verifyFromCloud(options: {
  readonly destination: string;
  readonly selection: VerifySelection;
  readonly store: CloudStore;
  readonly keys: RestoreKeys;
  readonly onEvent: (event: VerifyEvent) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<void> {
  const { destination, selection, store, keys, onEvent, signal, clock, random } = options;
  const patiently = patience(clock, signal);
  const problem = (object: string, report: ReturnType<typeof reportFor>): void =>
    onEvent({ tag: 'problem', problem: { ...report, object, destination, studyId: null } });
  const chains = await readManifestChains(store, keys, patiently, signal);
  for (const { object, report } of chains.problems) problem(object, report);
  const wanted = select(chains.entries, selection, random);
  const meter = new Meter(clock);
  const startedMs = clock.monotonicMs();
  const counts = { checked: 0, good: 0, missing: 0, damaged: 0, mending: 0, lost: 0, bytes: 0 };
  const tell = (): void => {
    const rate = meter.rate();
    const left = wanted.total - counts.checked;
    const perCopyMs = counts.checked === 0 ? undefined : (clock.monotonicMs() - startedMs) / counts.checked;
    onEvent({
      tag: 'progress',
      total: wanted.total,
      ...counts,
      unlisted: chains.problems.length,
      waiting: 0,
      bytesPerSecond: rate === undefined ? null : Math.round(rate),
      secondsLeft: perCopyMs === undefined ? null : Math.round((perCopyMs * left) / 1000),
    });
  };
  tell();
  await forEachBounded(wanted.entries(), atOnce, async (entry) => {
    const { objectName, details } = entry;
    const recorded = [entry, ...(chains.repaired.get(objectName) ?? [])];
    const maxSealedBytes = Math.max(...recorded.map(({ sizeBytes }) => sizeBytes)) + 1024 * 1024;
    const found = await readCopies(
      store,
      objectName,
      ({ read }) =>
        patiently(() => openProven(counted(read()), { objectName, details, maxSealedBytes }, keys)),
      signal,
    );
    counts.checked += 1;
    if (found.tag === 'none') {
      const isMissing = found.error.code === 'object-missing';
      counts[isMissing ? 'missing' : 'damaged'] += 1;
      counts.lost += 1;
      problem(
        cloudNames.object(objectName),
        reportFor(isMissing ? 'object-missing' : found.error.code, found.error.detail),
      );
    } else {
      const { objectSha256 } = found.value.sealed;
      const isRecorded = recorded.some((one) => one.objectSha256 === objectSha256);
      counts.good += isRecorded ? 1 : 0;
      counts.damaged += isRecorded ? 0 : 1;
      if (!isRecorded) {
        problem(
          found.name,
          reportFor('object-tampered', 'it holds the image, but is not the object that was stored'),
        );
      }
    }
    tell();
  });
  tell();

  async function* counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      counts.bytes += chunk.length;
      meter.add(chunk.length);
      yield chunk;
    }
  }
}

interface Wanted {
  readonly total: number;
  readonly entries: () => Iterable<ManifestEntry>;
}

function select(
  table: ReadonlyMap<string, ManifestEntry>,
  selection: VerifySelection,
  random: Random,
): Wanted {
  switch (selection.tag) {
    case 'all':
      return { total: table.size, entries: () => table.values() };
    case 'study': {
      const found = [...named(table, selection.studyInstanceUid)];
      return { total: found.length, entries: () => found };
    }
    case 'sample': {
      const total = Math.min(table.size, Math.max(1, Math.round((table.size * selection.percent) / 100)));
      return { total, entries: () => sample(table, total, random) };
    }
  }
}

function* named(
  table: ReadonlyMap<string, ManifestEntry>,
  studyInstanceUid: string,
): Generator<ManifestEntry> {
  for (const entry of table.values()) if (entry.details.studyInstanceUid === studyInstanceUid) yield entry;
}

/** So many, each as likely as any other, in one pass (Knuth, TAOCP 3.4.2, algorithm S). */
function* sample(
  table: ReadonlyMap<string, ManifestEntry>,
  wanted: number,
  random: Random,
): Generator<ManifestEntry> {
  let seen = 0;
  let chosen = 0;
  for (const objectName of table.keys()) {
    if (chosen >= wanted) return;
    const entry =
      (table.size - seen) * random.fraction() < wanted - chosen ? table.get(objectName) : undefined;
    seen += 1;
    if (entry === undefined) continue;
    chosen += 1;
    yield entry;
  }
}
