/** Tries a destination as it will be used, before anything is saved: each step is told as it begins and ends. */
import type { LiveTestEvent, LiveTestStep } from '../../shared/contract-setup.ts';
import { EdgeSyncError, toEdgeSyncError } from '../../shared/errors.ts';
import { cloudNames, type ObjectSource } from './cloud/cloud-store.ts';
import type { InspectableStore } from './cloud/privileges.ts';
import type { Clock, Random } from './ports.ts';

const testBytes = 64;
/** Somebody is waiting; the slowest line answers a request of some bytes within this. */
const stepMaxMs = 60_000;

export interface LiveTest {
  /** Opens the destination as it is typed in. Throws cloud-secret-*. */
  readonly open: () => Promise<InspectableStore>;
  /** The proxy that would be used; null for none. */
  readonly proxy: string | null;
  readonly archiveId: string;
  readonly installationId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: (event: LiveTestEvent) => void;
  readonly signal: AbortSignal;
}

/**
 * @returns whether every step passed; a step that failed ends the test. Findings do not fail it.
 * @throws the signal's reason when it is cancelled.
 */
export async function runLiveTest(test: LiveTest): Promise<'passed' | 'failed'> {
  const { emit, proxy, random, installationId, archiveId } = test;
  let store: InspectableStore | undefined;
  const bytes = random.bytes(testBytes);
  const name = `checks/${installationId}/${random.bytes(16).toString('hex')}`;
  const steps: readonly (readonly [LiveTestStep, (signal: AbortSignal) => Promise<void>])[] = [
    [
      'route',
      () => {
        emit({ tag: 'route', proxy });
        return Promise.resolve();
      },
    ],
    [
      'reach',
      async (signal) => {
        store = await test.open();
        await store.check(signal);
      },
    ],
    [
      'create',
      async (signal) => {
        await opened(store).putIfAbsent(name, sourceOf(bytes), { signal });
      },
    ],
    ['read-back', (signal) => readBack(opened(store), name, bytes, signal)],
    [
      'create-only',
      async (signal) => {
        const again = await opened(store).putIfAbsent(name, sourceOf(random.bytes(testBytes)), { signal });
        if (again.tag === 'created') throw new EdgeSyncError('cloud-overwrites');
        await readBack(opened(store), name, bytes, signal);
      },
    ],
    [
      'others',
      async (signal) => {
        if (await holdsOtherArchive(opened(store), archiveId, signal))
          emit({
            tag: 'finding',
            level: 'warning',
            about: 'other-archive',
            text: 'Another Edge Sync archive lies in this place already.',
          });
      },
    ],
    [
      'rights',
      async (signal) => {
        for (const finding of await opened(store).inspect(signal))
          emit({ tag: 'finding', about: 'credential', ...finding });
      },
    ],
  ];
  try {
    for (const [step, work] of steps) {
      emit({ tag: 'began', step });
      try {
        await within(test, work);
      } catch (error) {
        test.signal.throwIfAborted();
        emit({ tag: 'failed', step, error: toEdgeSyncError(error).report });
        return 'failed';
      }
      test.signal.throwIfAborted();
      emit({ tag: 'passed', step });
    }
    return 'passed';
  } finally {
    await store?.close();
  }
}

function opened(store: InspectableStore | undefined): InspectableStore {
  if (store === undefined) throw new EdgeSyncError('internal');
  return store;
}

async function within(
  { clock, signal }: LiveTest,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const late = new AbortController();
  const timer = clock.after(stepMaxMs, () => late.abort());
  const ending = AbortSignal.any([signal, late.signal]);
  const ended = Promise.withResolvers<never>();
  const onEnd = (): void => {
    ended.reject(new EdgeSyncError('cloud-unreachable', `no answer within ${stepMaxMs / 1000} seconds`));
  };
  ending.addEventListener('abort', onEnd, { once: true });
  const task = work(ending);
  try {
    // A store that does not listen to its signal must not keep the person waiting.
    await Promise.race([task, ended.promise]);
  } finally {
    timer.cancel();
    ending.removeEventListener('abort', onEnd);
    task.catch(() => undefined);
  }
}

async function readBack(
  store: InspectableStore,
  name: string,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of store.read(name, signal)) {
    size += chunk.length;
    if (size > bytes.length) break;
    chunks.push(chunk);
  }
  if (size !== bytes.length || !Buffer.concat(chunks).equals(bytes))
    throw new EdgeSyncError('cloud-checksum', 'the test object came back changed');
}

/** Key records name their archive: keys/ARCHIVE.json, keys/ARCHIVE-KIT.json. */
async function holdsOtherArchive(
  store: InspectableStore,
  archiveId: string,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const { name } of store.list(cloudNames.keys, signal))
    if (!name.startsWith(`${cloudNames.keys}${archiveId}`)) return true;
  return false;
}

function sourceOf(bytes: Buffer): ObjectSource {
  return {
    sizeBytes: bytes.length,
    async *read(start) {
      await Promise.resolve();
      if (start < bytes.length) yield bytes.subarray(start);
    },
  };
}
