/**
 * Looks at one cloud copy and records what was found. A bad one counts as verified no more before anything else is
 * done; then a good copy is looked for (here, then at the other destinations) and goes back to the queue, which stores
 * it again like any other image. Only when there is none anywhere is the image called lost.
 */
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { InstanceDetails, SpoolId } from '../model.ts';
import type { AuditTrail, Clock, Logger } from '../ports.ts';
import type { CopyToCheck, CopyTrouble, OtherCopy } from '../queue/verification-types.ts';
import type { Verification } from '../queue/verification.ts';
import { readCopies } from '../restore/copies.ts';
import { isAboutTheCopy } from '../seal/seal-port.ts';
import { openProven, type RestoreKeys } from '../restore/proven-object.ts';
import type { Spool } from '../spool/spool-port.ts';
import { checkCopy, type CheckTools } from './check-copy.ts';
import type { Listed, OwnLists } from './own-lists.ts';
import { patience } from './patience.ts';

export interface VerifierDeps {
  readonly rows: Verification;
  readonly spool: Pick<Spool, 'read' | 'create' | 'remove'>;
  readonly keys: RestoreKeys;
  /** Names of the configured destinations. */
  readonly destinations: readonly string[];
  /** A connection of its own. Throws cloud-secret-*, keychain-*. */
  readonly connect: (destination: string) => Promise<CloudStore>;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Something is to be stored again. */
  readonly onMending: () => void;
}

export type Verdict =
  | { readonly tag: 'good'; readonly listed: Listed }
  | {
      readonly tag: 'bad';
      readonly trouble: CopyTrouble;
      readonly error: EdgeSyncError;
      readonly outcome: Mending;
    }
  /** Its own row is damaged: nobody can say what it should be. */
  | { readonly tag: 'unreadable-row' }
  /** It changed while it was looked at: stored again, or replaced by a resend. */
  | { readonly tag: 'moved-on' };

/** waiting: nobody can say yet whether a good copy is left somewhere. */
export type Mending = 'mending' | 'accepted' | 'waiting' | 'lost' | 'moved-on';

type Here = { readonly tag: 'good'; readonly spoolId: SpoolId } | { readonly tag: 'bad' | 'unreadable' };
type Elsewhere = { readonly tag: 'back'; readonly spoolId: SpoolId } | { readonly tag: 'none' | 'not-asked' };

export class Verifier {
  readonly #deps: VerifierDeps;
  /** Copies being looked at: a scrub and a command may meet. */
  readonly #busy = new Set<string>();

  constructor(deps: VerifierDeps) {
    this.#deps = { ...deps, logger: deps.logger.child('verify') };
  }

  /** @throws EdgeSyncError what is not about the copy: cloud-*, cancelled, disk-*, database-*. */
  async verify(copy: CopyToCheck, lists: OwnLists, tools: CheckTools): Promise<Verdict> {
    const key = `${copy.destination} ${copy.instanceId}`;
    if (this.#busy.has(key)) return { tag: 'moved-on' };
    this.#busy.add(key);
    try {
      return await this.#verify(copy, lists, tools);
    } finally {
      this.#busy.delete(key);
    }
  }

  /** What was bad and is stored again: recorded, told, audited. Call whenever something may have been verified. */
  async settleMended(): Promise<number> {
    const mended = await this.#deps.rows.settleMended();
    for (const { studyId } of mended) {
      this.#deps.audit.record({
        action: 'copy-mended',
        actor: 'engine',
        subject: studyId,
        outcome: 'success',
      });
    }
    return mended.length;
  }

  async #verify(copy: CopyToCheck, lists: OwnLists, tools: CheckTools): Promise<Verdict> {
    const { rows, audit, logger } = this.#deps;
    const { details } = copy;
    if (details === undefined) return { tag: 'unreadable-row' };
    const finding = await checkCopy(copy, details, tools);
    if (finding.tag === 'good') {
      await rows.markGood(copy, finding.other);
      // What gets a new entry now is not in a list yet.
      return {
        tag: 'good',
        listed: finding.other === undefined ? await lists.look(copy) : { tag: 'unknown' },
      };
    }
    // First of all: from here on nobody relies on it.
    if (!(await rows.markBad(copy, finding.tag))) return { tag: 'moved-on' };
    logger.warn('copy-bad', { destination: copy.destination, code: finding.error.code, found: finding.tag });
    audit.record({ action: 'copy-damaged', actor: 'engine', subject: copy.studyId, outcome: 'failure' });
    const outcome = await this.#mend(copy, details, finding.altered, tools);
    return { tag: 'bad', trouble: finding.tag, error: finding.error, outcome };
  }

  async #mend(
    copy: CopyToCheck,
    details: InstanceDetails,
    altered: OtherCopy | undefined,
    tools: CheckTools,
  ): Promise<Mending> {
    const { rows, audit, onMending } = this.#deps;
    // Read again: the local copy may have been tidied away while the cloud's was looked at.
    const now = rows.copy(copy.destination, copy.instanceId);
    if (now === undefined) return 'moved-on';
    const here = await this.#lookHere(now, details);
    const found = here.tag === 'good' ? here : await this.#bringBack(now, details, tools.signal);
    if (found.tag === 'good' || found.tag === 'back') {
      if (!(await rows.sendAgain(now, found.spoolId))) return 'moved-on';
      onMending();
      return 'mending';
    }
    if (found.tag === 'not-asked' || here.tag === 'unreadable') return 'waiting';
    if (altered !== undefined) {
      await rows.markGood({ ...now, trouble: null }, altered);
      onMending();
      return 'accepted';
    }
    if (!(await rows.markLost(now))) return 'moved-on';
    audit.record({ action: 'copy-lost', actor: 'engine', subject: copy.studyId, outcome: 'failure' });
    return 'lost';
  }

  async #lookHere(copy: CopyToCheck, details: InstanceDetails): Promise<Here> {
    const { spoolId, objectName } = copy;
    if (spoolId === null) return { tag: 'bad' };
    try {
      await openProven(this.#deps.spool.read(spoolId), { objectName, details }, this.#deps.keys);
      return { tag: 'good', spoolId };
    } catch (error) {
      if (isAboutTheCopy(error)) return { tag: 'bad' };
      // A bad sector below this one file: another copy does as well, but nobody says that this one is gone.
      if (error instanceof EdgeSyncError && error.code === 'disk-error') return { tag: 'unreadable' };
      throw error;
    }
  }

  /** From another destination into the spool. */
  async #bringBack(copy: CopyToCheck, details: InstanceDetails, signal: AbortSignal): Promise<Elsewhere> {
    const { destinations, rows, logger } = this.#deps;
    let none: Elsewhere = { tag: 'none' };
    for (const destination of destinations) {
      if (destination === copy.destination || !rows.wasStored(destination, copy.instanceId)) continue;
      try {
        const spoolId = await this.#download(destination, copy, details, signal);
        if (spoolId !== undefined) return { tag: 'back', spoolId };
      } catch (error) {
        if (signal.aborted) throw error;
        const code = error instanceof EdgeSyncError ? error.code : 'internal';
        logger.warn('copy-elsewhere', { destination, code });
        none = { tag: 'not-asked' };
      }
    }
    return none;
  }

  async #download(
    destination: string,
    copy: CopyToCheck,
    details: InstanceDetails,
    signal: AbortSignal,
  ): Promise<SpoolId | undefined> {
    const { connect, clock, rows, spool, keys } = this.#deps;
    const store = await connect(destination);
    const patiently = patience(clock, signal);
    const { objectName } = copy;
    // Whatever it is sealed to, an object is not much longer than the one that is missing.
    const maxSealedBytes = copy.objectSizeBytes + 1024 * 1024;
    try {
      const found = await readCopies(
        store,
        objectName,
        ({ read }) =>
          patiently(async () => {
            const writer = spool.create();
            try {
              const kept = keeping(read(), (chunk) => writer.write([chunk]));
              await openProven(kept, { objectName, details, maxSealedBytes }, keys);
              const { sizeBytes } = await writer.commit();
              return { spoolId: writer.id, sizeBytes };
            } catch (error) {
              await writer.discard();
              throw error;
            }
          }),
        signal,
      );
      if (found.tag === 'none') return undefined;
      const { spoolId, sizeBytes } = found.value;
      if (await rows.adopt(copy, spoolId, sizeBytes)) {
        if (copy.spoolId !== null) await spool.remove(copy.spoolId);
        return spoolId;
      }
      await spool.remove(spoolId);
      return undefined;
    } finally {
      await store.close();
    }
  }
}

/** Passes chunks on and keeps a copy of each: the spool takes over what it is given. */
async function* keeping(
  chunks: AsyncIterable<Buffer>,
  keep: (chunk: Buffer) => Promise<void> | undefined,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    await keep(Buffer.from(chunk));
    yield chunk;
  }
}
