/** What callers may ask about shared studies: what `share/` does, wired to this engine's settings, keys and clouds. */
import { resolve } from 'node:path';
import type { ShareEvent, ShareRequest, ShareSummary } from '../../shared/contract-share.ts';
import { archivesOf } from '../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import { AzureShareStore, accountUrl } from './cloud/azure-share-store.ts';
import type { ShareStore } from './cloud/share-store.ts';
import type { EngineOptions } from './engine.ts';
import type { Actor } from './engine-service.ts';
import { destinationSecret } from './keys/destination-secret.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { AuditLog } from './audit/audit-log.ts';
import type { IncidentDesk } from './incident-desk.ts';
import type { Queue } from './queue/queue.ts';
import { checkPasscode, newPasscode } from './share/passcode.ts';
import { readRecipient, sameFingerprint, type CertificateFacts } from './share/recipient.ts';
import { shareSecretKey, shareSecretName } from './share/share-secret.ts';
import { createdEvent, endOf } from './share/share-state.ts';
import { outgoingConnections } from './outgoing-connections.ts';
import { originOf, Sharing, type ListedShare } from './share/sharing.ts';
import { readViewerPage, viewerFileName } from './share/viewer-page.ts';
import type { FileSpool } from './spool/file-spool.ts';
import { initialsOf } from './status/study-summary.ts';
import { eventStream } from './system/event-stream.ts';
import { Secret } from './system/secret.ts';
import type { Uploads } from './uploads.ts';

/** Every method rejects with EdgeSyncError. */
export interface ShareService {
  create(request: ShareRequest, actor: Actor, signal: AbortSignal): AsyncIterable<ShareEvent>;
  certificate(text: string): CertificateFacts;
  list(actor: Actor): Promise<readonly ShareSummary[]>;
  revoke(
    shareId: string | null,
    actor: Actor,
  ): Promise<{ readonly revoked: number; readonly failed: number }>;
  viewer(): Promise<{ readonly fileName: string; readonly html: string }>;
  check(browsers: 'look' | 'allow'): Promise<{
    readonly place: string;
    readonly account: 'own' | 'shared-with-archive' | 'unknown';
  }>;
  storeCredential(value: string, actor: Actor): Promise<void>;
}

export interface SharingParts {
  readonly options: EngineOptions;
  readonly keys: KeyRing;
  readonly queue: Queue;
  readonly spool: FileSpool;
  readonly uploads: Uploads;
  readonly audit: AuditLog;
  readonly incidents: IncidentDesk;
}

export function openSharing(parts: SharingParts): Sharing {
  const { options, keys, queue, spool, uploads, audit, incidents } = parts;
  const { settings, dataDir, clock, random, logger } = options;
  const destinations = [...archivesOf(settings.destinations)].sort(
    (a, b) => Number(b.required) - Number(a.required),
  );
  return new Sharing({
    ...{ dataDir, clock, random, logger, keys, spool, audit },
    practice: settings.sharing?.practice ?? '',
    viewerUrl: settings.sharing?.viewerUrl,
    openPlace: async () => (await openPlace(options)).store,
    shares: queue.shares,
    instances: (selection) => queue.instances(selection),
    stores: destinations.map((destination) => () => uploads.connect(destination)),
    headFor: (head, recipients) => keys.headFor(head, recipients),
    reportIncident: (incident) => incidents.report(incident),
    resolveIncident: (code, subject) => incidents.resolve(code, subject),
  });
}

type Account = 'own' | 'shared-with-archive' | 'unknown';

/** Throws share-no-place, share-place-unfit, cloud-secret-*, and what the key store throws. */
async function openPlace(
  options: EngineOptions,
): Promise<{ readonly store: ShareStore; readonly account: Account }> {
  const { settings, keyStore, clock } = options;
  const { sharing } = settings;
  if (sharing === undefined) throw new EdgeSyncError('share-no-place');
  const secret = await shareSecret(options);
  if (secret === undefined) throw new EdgeSyncError('cloud-secret-missing', 'the place for shares');
  const ours = accountUrl(secret);
  let account: Account = 'own';
  for (const destination of settings.destinations) {
    if (destination.kind !== 'azure') continue;
    const archive = await destinationSecret(destination.name, options.secrets, keyStore);
    const theirs = archive === undefined ? undefined : accountUrl(archive);
    // Where the archive's account cannot be told, the same name of a container is taken for the same container.
    const isSameAccount = theirs === undefined || theirs === ours;
    if (isSameAccount && destination.container === sharing.container) {
      throw new EdgeSyncError(
        'share-place-unfit',
        `container "${sharing.container}" is the archive's: whoever holds the credential of the shares could delete the archive`,
      );
    }
    if (theirs === undefined) account = account === 'own' ? 'unknown' : account;
    else if (theirs === ours) account = 'shared-with-archive';
  }
  const { container, prefix } = sharing;
  const outgoing = await outgoingConnections(options);
  const store = new AzureShareStore({ connectionString: secret, container, prefix, clock, outgoing });
  return { store, account };
}

async function shareSecret({ secrets, keyStore }: EngineOptions): Promise<Secret | undefined> {
  const given = secrets.get(shareSecretKey);
  if (given !== undefined) return given;
  const read = await keyStore.read(shareSecretName);
  if (read.tag === 'unavailable') throw read.error;
  return read.tag === 'present' ? read.secret : undefined;
}

export interface ShareCallsParts {
  readonly options: EngineOptions;
  readonly sharing: Sharing;
  readonly audit: AuditLog;
}

export class ShareCalls implements ShareService {
  readonly #parts: ShareCallsParts;

  constructor(parts: ShareCallsParts) {
    this.#parts = parts;
  }

  create(request: ShareRequest, actor: Actor, signal: AbortSignal): AsyncIterable<ShareEvent> {
    const { sharing, options } = this.#parts;
    const { studyInstanceUid, how } = request;
    return eventStream<ShareEvent>(signal, async (emit, ending) => {
      const throttled = throttle(emit, options.clock);
      if (how.tag === 'certificate') {
        const certificate = readRecipient(certificateBytes(how.certificate), options.clock.nowMs());
        if (!sameFingerprint(how.confirmedSha256, certificate.sha256))
          throw new EdgeSyncError('share-recipient-not-confirmed');
        const folder = resolve(how.folder);
        const made = await sharing.createFolder(
          { studyInstanceUid, certificate, folder },
          actor,
          throttled,
          ending,
        );
        const { subject, sha256 } = certificate;
        emit({ tag: 'folder', ...made, folder, subject, sha256 });
        return;
      }
      const passcode = passcodeOf(how.passcode, () => newPasscode(options.random));
      const { link, expiresAtMs, ...made } = await sharing.createLink(
        { studyInstanceUid, lifetimeMs: how.lifetimeMs, passcode },
        actor,
        throttled,
        ending,
      );
      emit({
        tag: 'link',
        ...made,
        link: link.revealText(),
        passcode: how.passcode.tag === 'generated' ? (passcode?.revealText() ?? null) : null,
        expiresAt: new Date(expiresAtMs).toISOString(),
        viewerUrl: options.settings.sharing?.viewerUrl ?? null,
        viewerFile: viewerFileName,
      });
    });
  }

  certificate(text: string): CertificateFacts {
    const { subject, issuer, notAfter, sha256 } = readRecipient(
      certificateBytes(text),
      this.#parts.options.clock.nowMs(),
    );
    return { subject, issuer, notAfter, sha256 };
  }

  /** The audit entry is on disk before a study's UID is shown, as with a reveal. */
  async list(actor: Actor): Promise<readonly ShareSummary[]> {
    const { sharing, audit } = this.#parts;
    const shares = sharing.list();
    if (shares.length > 0)
      await audit.recorded({ action: 'phi-revealed', actor, subject: 'shares', outcome: 'success' });
    return shares.map(summaryOf);
  }

  revoke(
    shareId: string | null,
    actor: Actor,
  ): Promise<{ readonly revoked: number; readonly failed: number }> {
    return this.#parts.sharing.revoke(shareId, actor);
  }

  async viewer(): Promise<{ readonly fileName: string; readonly html: string }> {
    return { fileName: viewerFileName, html: (await readViewerPage()).toString('utf8') };
  }

  async check(browsers: 'look' | 'allow'): Promise<{ readonly place: string; readonly account: Account }> {
    const { options } = this.#parts;
    const { store, account } = await openPlace(options);
    try {
      await store.check();
      if (browsers === 'allow') await store.allowBrowsers();
      if ((await store.browserAccess(originOf(options.settings.sharing?.viewerUrl))) === 'refused')
        throw new EdgeSyncError('share-browsers-refused');
      return { place: store.place, account };
    } finally {
      await store.close();
    }
  }

  async storeCredential(value: string, actor: Actor): Promise<void> {
    const { options, audit } = this.#parts;
    await options.keyStore.write(shareSecretName, Secret.fromText(value));
    audit.record({ action: 'secret-stored', actor, subject: shareSecretName, outcome: 'success' });
  }
}

const progressEveryMs = 250;

function throttle(
  emit: (event: ShareEvent) => void,
  clock: EngineOptions['clock'],
): (progress: { readonly done: number; readonly total: number; readonly bytes: number }) => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const nowMs = clock.monotonicMs();
    if (progress.done < progress.total && nowMs - lastMs < progressEveryMs) return;
    lastMs = nowMs;
    emit({ tag: 'progress', ...progress });
  };
}

function passcodeOf(
  choice: (ShareRequest['how'] & { tag: 'link' })['passcode'],
  make: () => Secret,
): Secret | undefined {
  switch (choice.tag) {
    case 'none':
      return undefined;
    case 'generated':
      return make();
    case 'own': {
      const passcode = Secret.fromText(choice.passcode);
      checkPasscode(passcode);
      return passcode;
    }
  }
}

/** PEM as it is; anything else is DER as base64. */
function certificateBytes(text: string): Buffer {
  return text.includes('-----BEGIN') ? Buffer.from(text, 'latin1') : Buffer.from(text, 'base64');
}

function summaryOf({ share, state }: ListedShare): ShareSummary {
  const end = endOf(share);
  const created = createdEvent(share);
  const isoOf = (ms: number | null | undefined): string | null =>
    ms === null || ms === undefined ? null : new Date(ms).toISOString();
  return {
    shareId: share.shareId,
    kind: share.kind,
    state,
    createdAt: new Date(share.createdAtMs).toISOString(),
    createdBy: share.events[0]?.actor ?? '',
    expiresAt: isoOf(share.expiresAtMs),
    endedAt: isoOf(end?.atMs),
    endedBy: end?.actor ?? null,
    passcode: share.passcode,
    patientInitials: initialsOf(share.patientName),
    studyDate: share.studyDate,
    studyInstanceUid: share.studyInstanceUid,
    recipient: share.recipient,
    recipientSha256: share.recipientFingerprint,
    place: share.place,
    images:
      created?.objects === undefined || created.objects === null
        ? null
        : imagesOf(share.kind, created.objects),
    sizeBytes: created?.sizeBytes ?? null,
  };
}

/** A link has an index beside its images. */
function imagesOf(kind: ShareSummary['kind'], objects: number): number {
  return kind === 'link' ? Math.max(objects - 1, 0) : objects;
}
