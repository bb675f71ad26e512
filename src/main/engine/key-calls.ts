/** The engine's answers about its keys. Each one is a few lines on top of keys/. */
import type { KeysStatus, RecipientFacts } from '../../shared/contract-keys.ts';
import type { CreatedRecovery, Custody, KitRequest } from '../../shared/contract-recovery.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';
import { certificateFacts } from './keys/further-recipients.ts';
import type { FurtherRecipient } from './keys/key-file-schema.ts';
import { kitsInForce } from './keys/recovery-kit.ts';
import { handOut } from './kit/kit.ts';
import type { AuditEvent } from './ports.ts';
import { kitFacts } from './recovery-calls.ts';
import { Secret } from './system/secret.ts';

/** One method per procedure of contract-keys.ts, which names the errors. */
export interface KeyService {
  status(): KeysStatus;
  rotateDevice(actor: Actor): Promise<void>;
  newEpoch(actor: Actor): Promise<{ readonly epoch: number }>;
  changePassphrase(current: string, next: string, actor: Actor): Promise<void>;
  replaceRecovery(request: ReplaceRequest, actor: Actor): Promise<CreatedRecovery>;
  cancelReplacement(actor: Actor): Promise<void>;
  recipients(): readonly RecipientFacts[];
  addRecipient(name: string, certificatePem: string, actor: Actor): Promise<RecipientFacts>;
  removeRecipient(fingerprint: string, actor: Actor): Promise<void>;
}

export interface ReplaceRequest {
  readonly mode: 'begin' | 'again';
  readonly custody: Custody;
  readonly kit?: KitRequest | undefined;
}

export type KeyCallsDeps = Pick<EngineParts, 'keys' | 'queue' | 'audit' | 'uploads' | 'status' | 'options'>;

export class KeyCalls implements KeyService {
  readonly #deps: KeyCallsDeps;

  constructor(deps: KeyCallsDeps) {
    this.#deps = deps;
  }

  status(): KeysStatus {
    const { keys, options } = this.#deps;
    const { installationId, archiveId, deviceKey, epoch, epochSince, recovery, retiredKits } = keys.facts;
    const [kit, next] = kitsInForce(keys.facts).map(({ fingerprint, createdAt }) => ({
      fingerprint,
      createdAt,
    }));
    return {
      installationId,
      archiveId,
      keyStore: options.keyStore.kind,
      deviceKeySince: deviceKey.since,
      epoch,
      epochSince,
      recovery: {
        state: recovery.state,
        kit: kit ?? null,
        provenAt: 'provenAt' in recovery ? recovery.provenAt : null,
        next: next ?? null,
        replaced: retiredKits.map(({ fingerprint, createdAt, retiredAt }) => ({
          fingerprint,
          createdAt,
          retiredAt,
        })),
      },
      recipients: [...this.recipients()],
    };
  }

  rotateDevice(actor: Actor): Promise<void> {
    return this.#audited('device-key-rotated', actor, undefined, () => this.#deps.keys.rotateDeviceKey());
  }

  newEpoch(actor: Actor): Promise<{ readonly epoch: number }> {
    return this.#audited('archive-epoch-begun', actor, undefined, () => this.#deps.keys.newEpoch());
  }

  changePassphrase(current: string, next: string, actor: Actor): Promise<void> {
    const { keyStore } = this.#deps.options;
    return this.#audited('passphrase-changed', actor, undefined, async () => {
      if (keyStore.changePassphrase === undefined) throw new EdgeSyncError('passphrase-not-used');
      const secrets = [Secret.fromText(current), Secret.fromText(next)] as const;
      await keyStore.changePassphrase(...secrets);
      for (const secret of secrets) secret.wipe();
    });
  }

  async replaceRecovery(request: ReplaceRequest, actor: Actor): Promise<CreatedRecovery> {
    const { keys, uploads } = this.#deps;
    const facts = await kitFacts(this.#deps);
    const { words } = await this.#audited('recovery-replacing', actor, undefined, () =>
      keys.replaceRecovery(request.mode),
    );
    // Its record goes to the cloud at once: words on paper without it would open no new PC.
    uploads.wake();
    return handOut(words, facts, request);
  }

  async cancelReplacement(actor: Actor): Promise<void> {
    const { keys, uploads } = this.#deps;
    await this.#audited('recovery-replacement-cancelled', actor, undefined, () => keys.cancelReplacement());
    uploads.wake();
  }

  recipients(): readonly RecipientFacts[] {
    return this.#deps.keys.facts.recipients.map((one) => this.#factsOf(one));
  }

  async addRecipient(name: string, certificatePem: string, actor: Actor): Promise<RecipientFacts> {
    const { keys } = this.#deps;
    const added = await this.#audited('recipient-added', actor, undefined, () =>
      keys.addRecipient(name, certificatePem),
    );
    return this.#factsOf(added);
  }

  removeRecipient(fingerprint: string, actor: Actor): Promise<void> {
    return this.#audited('recipient-removed', actor, fingerprint, () =>
      this.#deps.keys.removeRecipient(fingerprint),
    );
  }

  #factsOf({ name, fingerprint, addedAt, certificatePem }: FurtherRecipient): RecipientFacts {
    const facts = certificateFacts(certificatePem);
    const isExpired = Date.parse(facts.notAfter) < this.#deps.options.clock.nowMs();
    return { name, fingerprint, addedAt, ...facts, state: isExpired ? 'expired' : 'in-force' };
  }

  async #audited<T>(
    action: AuditEvent['action'],
    actor: Actor,
    subject: string | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    const { audit, status } = this.#deps;
    const about = subject === undefined ? {} : { subject };
    try {
      const result = await work();
      audit.record({ action, actor, ...about, outcome: 'success' });
      status.changed();
      return result;
    } catch (error) {
      audit.record({ action, actor, ...about, outcome: 'failure' });
      throw error;
    }
  }
}
