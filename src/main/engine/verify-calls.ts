/** The contract's `verify` on an engine, and its background part. */
import type { ManifestEvent, VerifyEvent, VerifySelection } from '../../shared/contract-verify.ts';
import { archivesOf } from '../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { CloudStore } from './cloud/cloud-store.ts';
import type { EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';
import { studySubject } from './study-calls.ts';
import { eventStream } from './system/event-stream.ts';
import type { CareQueue } from './queue/queue-port.ts';
import type { CopyToCheck } from './queue/verification-types.ts';
import { EvictionGuard } from './verify/eviction-guard.ts';
import { checkManifests } from './verify/check-manifests.ts';
import { patience } from './verify/patience.ts';
import { Scrub } from './verify/scrub.ts';
import { Verifier } from './verify/verifier.ts';
import { runVerify } from './verify/verify-run.ts';

export interface VerifyService {
  run(
    request: { readonly selection: VerifySelection; readonly destination: string | null },
    actor: Actor,
    signal: AbortSignal,
  ): AsyncIterable<VerifyEvent>;
  manifests(
    request: { readonly destination: string | null },
    signal: AbortSignal,
  ): AsyncIterable<ManifestEvent>;
}

type Parts = Pick<EngineParts, 'options' | 'keys' | 'queue' | 'spool' | 'uploads' | 'audit'>;

/** What looks at cloud copies, for commands and in the background alike. */
export interface VerifyParts {
  readonly verifier: Verifier;
  readonly scrub: Scrub;
  readonly guard: EvictionGuard;
}

export function openVerify(parts: Parts & { readonly onChange: () => void }): VerifyParts {
  const { options, keys, queue, spool, uploads, audit, onChange } = parts;
  const { settings, clock, random, logger } = options;
  const destinations = archivesOf(settings.destinations).map(({ name }) => name);
  const connect = connector(parts);
  const verifier = new Verifier({
    rows: queue.verification,
    spool,
    keys,
    destinations,
    connect,
    audit,
    clock,
    logger,
    onMending: () => uploads.workArrived(),
  });
  const scrub = new Scrub({
    settings: settings.verify,
    destinations,
    queue,
    verifier,
    keys,
    sealers: () => keys.sealers,
    archiveId: keys.archiveId,
    connect,
    standing: (destination) => {
      const status = uploads.status(destination);
      // A connection that was never checked may lead to another container, where everything seems to be missing.
      if (status?.state !== 'ok' || status.link !== 'open') return 'paused';
      return status.active > 0 ? 'busy' : 'ok';
    },
    onChange,
    clock,
    random,
    logger,
  });
  const onSuspect = (copy: CopyToCheck): void => scrub.suspect(copy);
  const rows = queue.verification;
  const guard = new EvictionGuard({ rows, destinations, connect, onSuspect, clock, logger });
  return { verifier, scrub, guard };
}

/** The queue as the tidying of local copies sees it: none goes before its cloud copies were asked for. */
export function withGuard(queue: CareQueue, guard: EvictionGuard): CareQueue {
  return {
    evictable: (beforeMs, limit) => queue.evictable(beforeMs, limit),
    markEvicted: async (object) => (await guard.mayGo(object)) && queue.markEvicted(object),
    deletableFiles: (limit, afterId) => queue.deletableFiles(limit, afterId),
    fileDeleted: (id) => queue.fileDeleted(id),
    spoolRows: (after, limit) => queue.spoolRows(after, limit),
    namesSpool: (spoolId) => queue.namesSpool(spoolId),
    markLost: (row, code) => queue.markLost(row, code),
  };
}

export class VerifyCalls implements VerifyService {
  readonly #parts: Parts & { readonly verify: VerifyParts };

  constructor(parts: Parts & { readonly verify: VerifyParts }) {
    this.#parts = parts;
  }

  run(
    request: { readonly selection: VerifySelection; readonly destination: string | null },
    actor: Actor,
    signal: AbortSignal,
  ): AsyncIterable<VerifyEvent> {
    const { options, keys, queue, audit, verify } = this.#parts;
    const connect = connector(this.#parts);
    return eventStream<VerifyEvent>(signal, async (onEvent, ending) => {
      const destinations = this.#wanted(request.destination);
      const about = studySubject(queue, request.selection);
      audit.record({ action: 'verify-started', actor, ...about, outcome: 'success' });
      try {
        const { verifier } = verify;
        const { selection } = request;
        const parts = { ...options, queue, verifier, keys, connect };
        await runVerify({ ...parts, selection, destinations, onEvent, signal: ending });
        audit.record({ action: 'verify-finished', actor, ...about, outcome: 'success' });
      } catch (error) {
        audit.record({ action: 'verify-finished', actor, ...about, outcome: 'failure' });
        throw error;
      }
    });
  }

  manifests(
    request: { readonly destination: string | null },
    signal: AbortSignal,
  ): AsyncIterable<ManifestEvent> {
    const { keys, queue, options } = this.#parts;
    const connect = connector(this.#parts);
    return eventStream<ManifestEvent>(signal, async (onEvent, ending) => {
      const destinations = this.#wanted(request.destination);
      const patiently = patience(options.clock, ending);
      for (const destination of destinations) {
        const store = await connect(destination);
        try {
          const ownInstallationId = queue.installationId;
          const parts = { store, keys, patiently, signal: ending, onEvent };
          await checkManifests({ ...parts, destination, ownInstallationId });
        } finally {
          await store.close();
        }
      }
    });
  }

  /** @throws EdgeSyncError no-destination, usage. */
  #wanted(destination: string | null): readonly string[] {
    const { destinations } = this.#parts.options.settings;
    const known = archivesOf(destinations).map(({ name }) => name);
    if (known.length === 0) throw new EdgeSyncError('no-destination');
    if (destination === null) return known;
    if (!known.includes(destination) && destinations.some(({ name }) => name === destination)) {
      throw new EdgeSyncError('destination-not-archive', destination);
    }
    if (!known.includes(destination))
      throw new EdgeSyncError('usage', `no destination is named ${destination}`);
    return [destination];
  }
}

function connector({ options, uploads }: Pick<Parts, 'options' | 'uploads'>) {
  return (name: string): Promise<CloudStore> => {
    const destination = options.settings.destinations.find((one) => one.name === name);
    return destination === undefined
      ? Promise.reject(new EdgeSyncError('no-destination'))
      : uploads.connect(destination);
  };
}
