/** The calls about the recovery kit. What they answer holds words, shares and keys: it is kept nowhere and never logged. */
import type { CreatedRecovery, Custody, KitRequest, ProvenBy } from '../../shared/contract-recovery.ts';
import { archivesOf } from '../../shared/destination-settings.ts';
import { EdgeSyncError, toEdgeSyncError, type ErrorReport } from '../../shared/errors.ts';
import type { DestinationSettings } from '../../shared/settings.ts';
import { version } from '../version.ts';
import { parseConnectionString } from './cloud/azure-connection.ts';
import type { EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';
import { destinationSecret } from './keys/destination-secret.ts';
import { deriveRecoveryKey } from './keys/recovery-key.ts';
import { entropyFromWords } from './keys/recovery-words.ts';
import { drillCloudObject, type CloudDrill } from './kit/cloud-drill.ts';
import type { KitDestination, KitFacts } from './kit/kit-facts.ts';
import { handOut } from './kit/kit.ts';
import { wordsOrShares } from './kit/shares.ts';
import { EnvelopeReaders } from './seal/envelope-reader.ts';
import { pcName } from './system/pc-name.ts';
import type { Secret } from './system/secret.ts';

/** Long enough for the largest image below over a slow line; somebody is waiting for the answer. */
const drillMaxMs = 120_000;
/** An image is downloaded whole: the drill takes one that does not keep people waiting. */
const drillMaxBytes = 64 * 1024 * 1024;
/** One of so many is picked at random, so that drills see different ones. */
const drillCandidates = 50;

/** Settings of a destination that a kit tells elsewhere or that help nobody to find the images. */
const untoldSettings: ReadonlySet<string> = new Set(['name', 'kind', 'required']);

export interface RecoveryService {
  create(
    request: {
      readonly replace: boolean;
      readonly custody: Custody;
      readonly kit?: KitRequest | undefined;
    },
    actor: Actor,
  ): Promise<CreatedRecovery>;
  /** Words or shares are typed; nothing is made or proven. */
  kit(
    request: { readonly words: readonly string[]; readonly custody: Custody; readonly kit: KitRequest },
    actor: Actor,
  ): Promise<CreatedRecovery>;
  check(words: readonly string[], actor: Actor): Promise<CheckedRecovery>;
  certificate(): { readonly pem: string | null; readonly fingerprint: string | null };
}

export interface CheckedRecovery {
  readonly fingerprint: string;
  readonly provenAt: string;
  readonly provenBy: ProvenBy;
  readonly cloudProblem: ErrorReport | null;
}

export class RecoveryCalls implements RecoveryService {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  async create(
    request: {
      readonly replace: boolean;
      readonly custody: Custody;
      readonly kit?: KitRequest | undefined;
    },
    actor: Actor,
  ): Promise<CreatedRecovery> {
    const { keys, audit, status } = this.#parts;
    const facts = await kitFacts(this.#parts);
    const { words } = await keys.createRecovery({ replace: request.replace });
    audit.record({ action: 'recovery-created', actor, outcome: 'success' });
    status.changed();
    return handOut(words, facts, request);
  }

  /** Only for the words of this installation: a kit that names it and opens another archive would mislead. */
  async kit(
    request: { readonly words: readonly string[]; readonly custody: Custody; readonly kit: KitRequest },
    actor: Actor,
  ): Promise<CreatedRecovery> {
    const { keys, audit } = this.#parts;
    const words = await wordsOrShares(request.words);
    const made = await handOut(words, await kitFacts(this.#parts), request);
    keys.mustBeInForce(made.fingerprint);
    audit.record({ action: 'recovery-printed', actor, outcome: 'success' });
    return made;
  }

  /**
   * The drill. An image of the cloud comes first: one that cannot be opened is an incident, and then nothing is proven.
   * Where there is none yet, or the cloud does not answer, a test object is what proves the words.
   */
  async check(typed: readonly string[], actor: Actor): Promise<CheckedRecovery> {
    const { keys, queue, audit, uploads, backups, status } = this.#parts;
    try {
      const words = await wordsOrShares(typed);
      const drilled = await this.#drillCloud(words);
      const proven = await keys.checkRecovery(words);
      const provenBy = drilled?.tag === 'opened' ? 'cloud-object' : 'test-object';
      const { fingerprint, provenAt } = proven;
      await queue.recoveryDrills.keepProof({ fingerprint, atMs: Date.parse(provenAt), provenBy });
      audit.record({ action: 'recovery-checked', actor, subject: provenBy, outcome: 'success' });
      uploads.wake();
      backups.changed();
      status.changed();
      return {
        ...proven,
        provenBy,
        cloudProblem: drilled?.tag === 'unreachable' ? drilled.error.report : null,
      };
    } catch (error) {
      audit.record({ action: 'recovery-check-failed', actor, outcome: 'failure' });
      throw error;
    }
  }

  certificate(): { readonly pem: string | null; readonly fingerprint: string | null } {
    const { keys } = this.#parts;
    return { pem: keys.recoveryCertificatePem, fingerprint: keys.recoveryFingerprint };
  }

  /** undefined: there is no image to try. Throws recovery-words-*, and recovery-drill-failed for a damaged image. */
  async #drillCloud(words: readonly string[]): Promise<Exclude<CloudDrill, { tag: 'damaged' }> | undefined> {
    const { keys, queue, options, incidents } = this.#parts;
    const entropy = entropyFromWords(words);
    const { fingerprint, agreement } = deriveRecoveryKey(entropy);
    entropy.wipe();
    const destination = archivesOf(options.settings.destinations).find(({ required }) => required);
    if (destination === undefined) return undefined;
    const candidates = queue.recoveryDrills.candidates({
      destination: destination.name,
      fingerprint,
      maxSizeBytes: drillMaxBytes,
      limit: drillCandidates,
    });
    const candidate = candidates[Math.floor(options.random.fraction() * candidates.length)];
    if (candidate === undefined) return undefined;
    const wordsAlone = {
      openers: new EnvelopeReaders({ kek: () => undefined, agreements: [agreement] }),
      objectName: (identity: Parameters<typeof keys.objectName>[0]) => keys.objectName(identity),
      manifestMac: (bytes: Uint8Array) => keys.manifestMac(bytes),
    };
    const subject = `${destination.name} ${candidate.objectName}`;
    const drilled = await this.#connected(destination, (store, signal) =>
      drillCloudObject(store, candidate, wordsAlone, signal),
    );
    switch (drilled.tag) {
      case 'opened':
        incidents.resolve('recovery-drill-failed', subject);
        return drilled;
      case 'unreachable':
        return drilled;
      case 'damaged': {
        const detail = `${destination.name}: ${drilled.error.report.message}`;
        incidents.report({ code: 'recovery-drill-failed', subject, detail });
        throw new EdgeSyncError('recovery-drill-failed', detail, { cause: drilled.error });
      }
    }
  }

  async #connected(
    destination: DestinationSettings,
    drill: (
      store: Awaited<ReturnType<EngineParts['uploads']['connect']>>,
      signal: AbortSignal,
    ) => Promise<CloudDrill>,
  ): Promise<CloudDrill> {
    const { uploads, options } = this.#parts;
    const giveUp = new AbortController();
    const timer = options.clock.after(drillMaxMs, () => giveUp.abort(new Error('the drill took too long')));
    try {
      const store = await uploads.connect(destination);
      try {
        return await drill(store, giveUp.signal);
      } finally {
        await store.close();
      }
    } catch (error) {
      const known = toEdgeSyncError(error);
      // The credential is missing or the key store is locked: the way to the cloud, not the words.
      if (known.code === 'internal') throw error;
      return { tag: 'unreachable', error: known };
    } finally {
      timer.cancel();
    }
  }
}

/**
 * What a kit says of this installation: also for a kit that replaces another. A credential that is missing or cannot be
 * read leaves the account's address open, to be written in by hand.
 */
export async function kitFacts(parts: Pick<EngineParts, 'options' | 'keys' | 'queue'>): Promise<KitFacts> {
  const { options, keys, queue } = parts;
  const required = archivesOf(options.settings.destinations).filter((one) => one.required);
  return {
    installationName: pcName(),
    installationId: queue.installationId,
    archiveId: keys.archiveId,
    programVersion: version,
    createdAtMs: options.clock.nowMs(),
    destinations: await Promise.all(required.map((one) => destinationFacts(parts, one))),
  };
}

async function destinationFacts(
  { options, queue }: Pick<EngineParts, 'options' | 'queue'>,
  destination: DestinationSettings,
): Promise<KitDestination> {
  const { name, kind } = destination;
  const head = queue.manifestHead(name);
  const provenAtMs = queue.status().destinations.find((one) => one.name === name)?.lastVerifiedAtMs ?? null;
  return {
    name,
    kind,
    endpoint: await endpointOf(destination, options),
    settings: Object.entries(destination)
      .filter(([key, value]) => !untoldSettings.has(key) && value !== undefined)
      .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)] as const),
    head: head === undefined ? undefined : { sequence: head.sequence, provenAtMs },
  };
}

/** From the credential, without anything secret of it: scheme, host and path. */
async function endpointOf(
  destination: DestinationSettings,
  { secrets, keyStore }: Pick<EngineParts['options'], 'secrets' | 'keyStore'>,
): Promise<string | undefined> {
  if (destination.kind !== 'azure') return undefined;
  try {
    const secret = await destinationSecret(destination.name, secrets, keyStore);
    return secret === undefined ? undefined : azureAddress(secret);
  } catch {
    return undefined;
  }
}

function azureAddress(secret: Secret): string {
  const text = secret.revealText().trim();
  if (!URL.canParse(text)) return parseConnectionString(secret).url;
  const { protocol, host, pathname } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return parseConnectionString(secret).url;
  return `${protocol}//${host}${pathname}`;
}
