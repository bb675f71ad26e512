/** The engine's answers about restoring: from this PC's own copies or from the cloud, into a folder or to a node. */
import { join } from 'node:path';
import type { RestoreEvent, RestoreRequest } from '../../shared/contract-restore.ts';
import { archivesOf } from '../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { CloudStore } from './cloud/cloud-store.ts';
import type { EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';
import { restoreFromCloud, restoreLocal, type LocalObject, type RestoreCommon } from './restore/restore.ts';
import type { Logger } from './ports.ts';
import { sweepAtStart } from './restore/restored-files.ts';
import { instanceSelection } from './restore/selection.ts';
import { restoreTarget } from './restore/target.ts';
import { studySubject } from './study-calls.ts';
import { eventStream } from './system/event-stream.ts';

export interface RestoreService {
  restore(request: RestoreRequest, actor: Actor, signal: AbortSignal): AsyncIterable<RestoreEvent>;
}

/** Plaintext lies there for a moment on its way to a node, and what was sent is noted. */
const privateFolder = 'restore';

/** What a killed restore to a node has left of images must not wait for the next one. Never rejects. */
export async function clearRestoreLeftovers(dataDir: string, logger: Logger): Promise<void> {
  try {
    await sweepAtStart(join(dataDir, privateFolder));
  } catch (error) {
    logger.error('restore.leftovers', {}, error);
  }
}

export class RestoreCalls implements RestoreService {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  restore(request: RestoreRequest, actor: Actor, signal: AbortSignal): AsyncIterable<RestoreEvent> {
    const { audit, queue } = this.#parts;
    return eventStream<RestoreEvent>(signal, async (onEvent, ending) => {
      // A study's own id: what the trail tells about it is found by that.
      const about = studySubject(queue, request.selection);
      audit.record({ action: 'restore-started', actor, ...about, outcome: 'success' });
      try {
        const common = this.#common(request, onEvent, ending);
        await (request.fromCloud ? this.#fromCloud(common) : this.#fromHere(common));
        audit.record({ action: 'restore-finished', actor, ...about, outcome: 'success' });
      } catch (error) {
        audit.record({ action: 'restore-finished', actor, ...about, outcome: 'failure' });
        throw error;
      }
    });
  }

  #common(
    request: RestoreRequest,
    onEvent: (event: RestoreEvent) => void,
    signal: AbortSignal,
  ): RestoreCommon {
    const { options, keys } = this.#parts;
    const { clock, random, logger, dataDir } = options;
    const { selection, concurrency, unproven } = request;
    const target = restoreTarget(request, {
      clock,
      random,
      signal,
      journalMac: (bytes) => keys.manifestMac(bytes),
      privateFolder: join(dataDir, privateFolder),
    });
    return { keys, selection, target, concurrency, unproven, onEvent, signal, clock, random, logger };
  }

  async #fromHere(common: RestoreCommon): Promise<void> {
    const { queue, spool } = this.#parts;
    const selection = instanceSelection(common.selection);
    // Gone through twice, to count and to restore: 200,000 rows are not held at once.
    const objects: Iterable<LocalObject> = {
      [Symbol.iterator]: () => queue.localCopies(selection)[Symbol.iterator](),
    };
    await restoreLocal({ ...common, spool, objects });
  }

  /** From the first required destination: it holds everything that counts as safe. */
  async #fromCloud(common: RestoreCommon): Promise<void> {
    const { options, uploads } = this.#parts;
    const destination = archivesOf(options.settings.destinations).find((one) => one.required);
    if (destination === undefined) throw new EdgeSyncError('no-destination');
    const store: CloudStore = await uploads.connect(destination);
    try {
      await restoreFromCloud({ ...common, store });
    } finally {
      await store.close();
    }
  }
}
