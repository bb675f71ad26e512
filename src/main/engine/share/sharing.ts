/** Shares from their beginning to the moment in which it is seen that nothing of them is left in the cloud. */
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import type { CloudStore } from '../cloud/cloud-store.ts';
import type { ShareStore } from '../cloud/share-store.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { ReportIncident } from '../model.ts';
import type { AuditTrail, Clock, Logger, Random } from '../ports.ts';
import type { NewShare, ShareContent, ShareFacts, ShareRow, Shares } from '../queue/shares.ts';
import type { RestoreKeys } from '../restore/proven-object.ts';
import type { Recipient } from '../seal/recipients.ts';
import type { Spool } from '../spool/spool-port.ts';
import type { Secret } from '../system/secret.ts';
import { writeFolderShare } from './folder-share.ts';
import { putLinkShare, type ShareProgress } from './link-share.ts';
import type { CertificateOfRecipient } from './recipient.ts';
import { openDraftFolder, removeDrafts } from './sealed-draft.ts';
import { linkText, newLinkKey } from './share-link.ts';
import { createdEvent, endOf, isGone, stateOf, type ShareEnd } from './share-state.ts';
import { StudyImages, type StudyImage, type StudyImagesDeps } from './study-images.ts';
import { viewerFileName } from './viewer-page.ts';

/** An index line is about 700 bytes: the index stays small enough for a browser. */
const mostImages = 20_000;
const hourMs = 3_600_000;
const lifetimeMs = { least: hourMs, most: 90 * 24 * hourMs } as const;
/** A share that could not be deleted is tried again after this, then twice as long, up to the longest. */
const firstRetryMs = 60_000;
const longestRetryMs = hourMs;

export interface SharingDeps {
  readonly dataDir: string;
  /** As the recipient reads it. */
  readonly practice: string;
  readonly viewerUrl: string | undefined;
  /** Throws share-no-place, share-place-unfit, cloud-secret-*. Closed by whoever asked. */
  readonly openPlace: () => Promise<ShareStore>;
  readonly shares: Pick<Shares, 'begin' | 'note' | 'all'>;
  readonly instances: StudyImagesDeps['instances'];
  readonly spool: Pick<Spool, 'read'>;
  readonly stores: readonly (() => Promise<CloudStore>)[];
  readonly keys: RestoreKeys;
  readonly headFor: (head: Buffer, recipients: readonly Recipient[]) => Buffer;
  readonly audit: Pick<AuditTrail, 'record'> & {
    recorded(event: Parameters<AuditTrail['record']>[0]): Promise<void>;
  };
  readonly reportIncident: ReportIncident;
  readonly resolveIncident: (code: ErrorCode, subject: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface CreatedLink {
  readonly shareId: string;
  readonly link: Secret;
  readonly expiresAtMs: number;
  readonly images: number;
}

export interface ListedShare {
  readonly share: ShareRow;
  readonly state: ReturnType<typeof stateOf>;
}

export class Sharing {
  readonly #deps: SharingDeps;
  /** Being made by this process right now: nobody tidies them away. `over` is settled when nothing goes on any more. */
  readonly #underWay = new Map<string, { readonly ending: AbortController; readonly over: Promise<void> }>();
  readonly #retries = new Map<string, { readonly waitMs: number; readonly atMs: number }>();
  #draftsTidied: Promise<void> | undefined;

  constructor(deps: SharingDeps) {
    this.#deps = { ...deps, logger: deps.logger.child('share') };
  }

  /**
   * Puts a study into the share place. When it throws nothing of it is left there, or it is seen to later.
   * Throws share-*, object-*, cloud-*, disk-*, cancelled.
   */
  async createLink(
    request: {
      readonly studyInstanceUid: string;
      readonly lifetimeMs: number;
      readonly passcode: Secret | undefined;
    },
    actor: string,
    onProgress: (progress: ShareProgress) => void,
    signal: AbortSignal,
  ): Promise<CreatedLink> {
    const { clock, random, practice, viewerUrl, keys } = this.#deps;
    if (request.lifetimeMs < lifetimeMs.least || request.lifetimeMs > lifetimeMs.most)
      throw new EdgeSyncError('share-expiry-not-allowed');
    const copies = this.#copies();
    let store: ShareStore | undefined;
    try {
      const images = copies.list(request.studyInstanceUid, mostImages);
      store = await this.#deps.openPlace();
      await store.check(signal);
      if ((await store.browserAccess(originOf(viewerUrl), signal)) === 'refused')
        throw new EdgeSyncError('share-browsers-refused');
      const place = store;
      const createdAtMs = clock.nowMs();
      // Whole seconds: that is how an address spells it.
      const expiresAtMs = Math.floor((createdAtMs + request.lifetimeMs) / 1000) * 1000;
      const { kek, keyPart } = await newLinkKey(request.passcode, random);
      const begun = this.#begin(images, actor, {
        kind: 'link',
        expiresAtMs,
        recipient: null,
        recipientFingerprint: null,
        passcode: request.passcode === undefined ? 'none' : 'set',
        place: place.place,
      });
      return await this.#guarded(begun, actor, place, async (shareId, revoked) => {
        const draftFolder = await this.#drafts();
        const put = await putLinkShare({
          ...{ shareId, createdAtMs, expiresAtMs, practice, kek, images, copies, keys, draftFolder },
          ...{ store: place, clock, random, onProgress, signal: AbortSignal.any([signal, revoked]) },
        }).finally(() => kek.wipe());
        if (clock.nowMs() >= expiresAtMs)
          throw new EdgeSyncError('share-expiry-not-allowed', 'it was over before all of it was there');
        const link = linkText(viewerUrl ?? viewerFileName, put.indexUrl, keyPart);
        return { facts: put, result: { shareId, link, expiresAtMs, images: images.length } };
      });
    } finally {
      await copies.close();
      await store?.close();
    }
  }

  /** Writes a study for one certificate into a folder. Throws share-*, file-*, object-*, cloud-*, disk-*, cancelled. */
  async createFolder(
    request: {
      readonly studyInstanceUid: string;
      readonly certificate: CertificateOfRecipient;
      readonly folder: string;
    },
    actor: string,
    onProgress: (progress: ShareProgress) => void,
    signal: AbortSignal,
  ): Promise<{ readonly shareId: string; readonly images: number }> {
    const { keys, practice, headFor } = this.#deps;
    const { certificate, folder } = request;
    const copies = this.#copies();
    try {
      const images = copies.list(request.studyInstanceUid, mostImages);
      const begun = this.#begin(images, actor, {
        kind: 'folder',
        expiresAtMs: null,
        recipient: certificate.subject,
        recipientFingerprint: certificate.sha256,
        passcode: 'none',
        place: folder,
      });
      return await this.#guarded(begun, actor, undefined, async (shareId) => {
        const facts = await writeFolderShare({
          ...{ folder, practice, certificate, images, copies, keys, onProgress, signal },
          headFor: (head) => headFor(head, [certificate.recipient]),
        });
        return { facts, result: { shareId, images: images.length } };
      });
    } finally {
      await copies.close();
    }
  }

  list(): readonly ListedShare[] {
    const nowMs = this.#deps.clock.nowMs();
    return this.#deps.shares.all().map((share) => ({ share, state: stateOf(share, nowMs) }));
  }

  /**
   * Ends shares now: their objects are deleted and it is looked that none is left. What could not be deleted is tried
   * again by `round`. Throws share-unknown, share-no-place, share-place-unfit, cloud-secret-*.
   */
  async revoke(
    shareId: string | null,
    actor: string,
    signal?: AbortSignal,
  ): Promise<{ readonly revoked: number; readonly failed: number }> {
    const { shares } = this.#deps;
    const links = shares.all().filter(({ kind }) => kind === 'link');
    const named = links.filter((share) => (shareId === null ? !isGone(share) : share.shareId === shareId));
    if (shareId !== null && named.length === 0) throw new EdgeSyncError('share-unknown');
    const due = named.filter((share) => !isGone(share));
    // Noted first: from here on it counts as over, whatever happens to the connection.
    for (const share of due) {
      if (endOf(share) === undefined) this.#end(share, 'revoked', actor);
    }
    // One that is still being made is broken off, and deletes what it has put.
    const making = due.flatMap(({ shareId: id }) => this.#underWay.get(id) ?? []);
    for (const { ending } of making) ending.abort(new EdgeSyncError('cancelled'));
    await Promise.all(making.map(({ over }) => over));
    const ids = new Set(due.map((share) => share.shareId));
    const left = shares.all().filter((share) => ids.has(share.shareId) && !isGone(share));
    const failed = left.length === 0 ? 0 : await this.#deleteAll(left, signal);
    return { revoked: due.length - failed, failed };
  }

  /** Deletes what has expired, what an earlier process left unfinished, and what could not be deleted before. */
  async round(signal: AbortSignal): Promise<void> {
    const { shares, clock } = this.#deps;
    // What an earlier process was about to send.
    await this.#tidyDrafts();
    const nowMs = clock.nowMs();
    const due: ShareRow[] = [];
    for (const share of shares.all()) {
      const isBrokenOff = endOf(share) === undefined && createdEvent(share) === undefined;
      if (share.kind === 'folder' && isBrokenOff && !this.#underWay.has(share.shareId))
        this.#end(share, 'cancelled', 'engine');
      if (isGone(share) || this.#underWay.has(share.shareId)) continue;
      if (endOf(share) === undefined) {
        if (createdEvent(share) === undefined) this.#end(share, 'cancelled', 'engine');
        else if (share.expiresAtMs !== null && share.expiresAtMs <= nowMs)
          this.#end(share, 'expired', 'engine');
        else continue;
      }
      const retry = this.#retries.get(share.shareId);
      if (retry === undefined || retry.atMs <= clock.monotonicMs()) due.push(share);
    }
    if (due.length > 0) await this.#deleteAll(due, signal);
  }

  #copies(): StudyImages {
    const { instances, spool, stores, clock } = this.#deps;
    return new StudyImages({ instances, spool, stores, clock });
  }

  #begin(
    images: readonly StudyImage[],
    actor: string,
    facts: Pick<NewShare, 'kind' | 'expiresAtMs'> &
      Pick<ShareContent, 'recipient' | 'recipientFingerprint' | 'passcode' | 'place'>,
  ): string {
    const { random, shares } = this.#deps;
    const shareId = random.bytes(16).toString('hex');
    const details = images[0]?.details;
    shares.begin(
      {
        ...facts,
        shareId,
        studyInstanceUid: details?.studyInstanceUid ?? '',
        patientName: details?.patientName ?? '',
        studyDate: details?.studyDate ?? '',
        studyDescription: details?.studyDescription ?? '',
      },
      actor,
    );
    return shareId;
  }

  /** Notes how it went; what a failed one has put is deleted before its error is told. */
  async #guarded<Result>(
    shareId: string,
    actor: string,
    store: ShareStore | undefined,
    work: (
      shareId: string,
      revoked: AbortSignal,
    ) => Promise<{ readonly facts: ShareFacts; readonly result: Result }>,
  ): Promise<Result> {
    const { shares, audit } = this.#deps;
    const ending = new AbortController();
    const over = Promise.withResolvers<undefined>();
    this.#underWay.set(shareId, { ending, over: over.promise });
    try {
      const { facts, result } = await work(shareId, ending.signal);
      // On disk before anybody is told: a share that nobody knows of cannot be revoked.
      await audit.recorded({ action: 'share-created', actor, subject: shareId, outcome: 'success' });
      if (ending.signal.aborted) throw new EdgeSyncError('cancelled');
      shares.note(shareId, 'created', actor, { objects: facts.objects, sizeBytes: facts.sizeBytes });
      return result;
    } catch (error) {
      audit.record({ action: 'share-created', actor, subject: shareId, outcome: 'failure' });
      shares.note(shareId, 'cancelled', actor);
      if (store !== undefined) await this.#delete(shareId, store);
      throw error;
    } finally {
      this.#underWay.delete(shareId);
      over.resolve(undefined);
    }
  }

  async #drafts(): Promise<string> {
    await this.#tidyDrafts();
    return openDraftFolder(this.#deps.dataDir);
  }

  /** Once in a process, before it makes drafts of its own; after a failure it is tried anew. */
  #tidyDrafts(): Promise<void> {
    const tidied = (this.#draftsTidied ??= removeDrafts(this.#deps.dataDir));
    tidied.catch(() => (this.#draftsTidied = undefined));
    return tidied;
  }

  #end(share: ShareRow, end: ShareEnd, actor: string): void {
    const { shares, audit } = this.#deps;
    shares.note(share.shareId, end, actor);
    if (end === 'cancelled') return;
    const action = end === 'revoked' ? 'share-revoked' : 'share-expired';
    audit.record({ action, actor, subject: share.shareId, outcome: 'success' });
  }

  /** @returns how many are still there. */
  async #deleteAll(due: readonly ShareRow[], signal: AbortSignal | undefined): Promise<number> {
    let store: ShareStore;
    try {
      store = await this.#deps.openPlace();
    } catch (error) {
      for (const { shareId } of due) this.#stillThere(shareId, error);
      throw error;
    }
    try {
      let failed = 0;
      for (const { shareId, place } of due) {
        const isHere = place === store.place;
        if (!isHere) this.#stillThere(shareId, new EdgeSyncError('share-place-unfit', 'it lies elsewhere'));
        if (!isHere || (await this.#delete(shareId, store, signal)) === 'still-there') failed += 1;
      }
      return failed;
    } finally {
      await store.close();
    }
  }

  async #delete(shareId: string, store: ShareStore, signal?: AbortSignal): Promise<'gone' | 'still-there'> {
    const { shares, resolveIncident } = this.#deps;
    try {
      await store.remove(shareId, signal);
      shares.note(shareId, 'deleted', 'engine');
      this.#retries.delete(shareId);
      resolveIncident('share-not-deleted', shareId);
      return 'gone';
    } catch (error) {
      if (toEdgeSyncError(error).code === 'cancelled' && signal?.aborted === true) return 'still-there';
      this.#stillThere(shareId, error);
      return 'still-there';
    }
  }

  #stillThere(shareId: string, error: unknown): void {
    const { clock, logger, reportIncident } = this.#deps;
    const { code } = toEdgeSyncError(error);
    const before = this.#retries.get(shareId)?.waitMs;
    const waitMs = before === undefined ? firstRetryMs : Math.min(before * 2, longestRetryMs);
    this.#retries.set(shareId, { waitMs, atMs: clock.monotonicMs() + waitMs });
    logger.warn('share-not-deleted', { shareId, code });
    reportIncident({ code: 'share-not-deleted', subject: shareId, detail: code });
  }
}

/** As a browser sends it: a page that was opened from a file has the origin "null". */
export function originOf(viewerUrl: string | undefined): string {
  return viewerUrl === undefined ? 'null' : new URL(viewerUrl).origin;
}
