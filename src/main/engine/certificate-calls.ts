/** The engine's answers about certificates: what the certificates do, with the audit trail and the open connections. */
import type {
  CertificateSummary,
  ImportRequest,
  IssuedKey,
  IssueRequest,
  KeyFamily,
  RenewRequest,
  RevocationReason,
  SignRequest,
} from '../../shared/contract-certificates.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { Certificates, Issued } from './certificates/certificates.ts';
import type { DeviceDesk } from './devices/device-desk.ts';
import type { Actor } from './engine-service.ts';
import type { AuditEvent, AuditTrail, Logger } from './ports.ts';

/** Every method rejects with EdgeSyncError. */
export interface CertificateService {
  list(): CertificateSummary[];
  ca(
    family: KeyFamily,
    actor: Actor,
  ): Promise<{ readonly certificate: CertificateSummary; readonly pem: string }>;
  /** The private key is in this answer and nowhere else. */
  issue(request: IssueRequest, actor: Actor): Promise<Issued & { readonly key: IssuedKey }>;
  sign(request: SignRequest, actor: Actor): Promise<Issued>;
  renew(request: RenewRequest, actor: Actor): Promise<Issued & { readonly key: IssuedKey | null }>;
  /** `cut`: open connections that ended by it. */
  revoke(
    sha256: string,
    reason: RevocationReason,
    actor: Actor,
  ): Promise<{ readonly certificate: CertificateSummary | null; readonly cut: number }>;
  import(request: ImportRequest, actor: Actor): Promise<CertificateSummary[]>;
}

/**
 * A device that got another certificate goes on under its pairing: the new one is added to those it may show. The one
 * of before still fits until it ends, so that the device can be changed over at leisure.
 */
export function addToPairing(
  devices: Pick<DeviceDesk, 'list' | 'change'>,
  logger: Logger,
): (before: string, after: string) => void {
  return (before, after) => {
    for (const { id, certificates } of devices.list()) {
      if (!certificates.includes(before)) continue;
      const known = [...certificates, after].slice(-mostPerPairing);
      devices.change(id, { certificates: known }, 'engine').catch((error: unknown) => {
        logger.error('pairing-not-renewed', { deviceId: id }, error);
      });
    }
  };
}

/** As the pairing's schema allows. */
const mostPerPairing = 8;

export interface CertificateCallsDeps {
  readonly certificates: Certificates;
  readonly audit: AuditTrail;
  /** Connections that revocations have cut so far. */
  readonly cutByRevocation: () => number;
}

export class CertificateCalls implements CertificateService {
  readonly #deps: CertificateCallsDeps;

  constructor(deps: CertificateCallsDeps) {
    this.#deps = deps;
  }

  list(): CertificateSummary[] {
    return this.#deps.certificates.list();
  }

  async ca(
    family: KeyFamily,
    actor: Actor,
  ): Promise<{ readonly certificate: CertificateSummary; readonly pem: string }> {
    const { certificates } = this.#deps;
    const known = new Set(certificates.list().map(({ sha256 }) => sha256));
    const ca = await certificates.ca(family);
    const { sha256 } = ca.certificate;
    if (!known.has(sha256)) this.#record('certificate-issued', actor, sha256);
    return ca;
  }

  issue(request: IssueRequest, actor: Actor): Promise<Issued & { readonly key: IssuedKey }> {
    return this.#audited('certificate-issued', actor, () => this.#deps.certificates.issue(request));
  }

  sign(request: SignRequest, actor: Actor): Promise<Issued> {
    return this.#audited('certificate-issued', actor, () => this.#deps.certificates.sign(request));
  }

  renew(request: RenewRequest, actor: Actor): Promise<Issued & { readonly key: IssuedKey | null }> {
    return this.#audited('certificate-renewed', actor, () => this.#deps.certificates.renew(request));
  }

  async revoke(
    sha256: string,
    reason: RevocationReason,
    actor: Actor,
  ): Promise<{ readonly certificate: CertificateSummary | null; readonly cut: number }> {
    const { certificates, cutByRevocation } = this.#deps;
    const before = cutByRevocation();
    const certificate = await certificates.revoke(sha256, reason);
    this.#record('certificate-revoked', actor, sha256);
    return { certificate, cut: cutByRevocation() - before };
  }

  async import(request: ImportRequest, actor: Actor): Promise<CertificateSummary[]> {
    try {
      const imported = await this.#deps.certificates.import(request);
      for (const { sha256 } of imported) this.#record('certificate-imported', actor, sha256);
      return imported;
    } catch (error) {
      this.#deps.audit.record({ action: 'certificate-imported', actor, outcome: 'failure' });
      throw error;
    }
  }

  /** Somebody who may sign for this clinic is worth a line, also when it came to nothing. */
  async #audited<T extends Issued>(
    action: AuditEvent['action'],
    actor: Actor,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      const issued = await work();
      this.#record(action, actor, issued.certificate.sha256);
      return issued;
    } catch (error) {
      if (!(error instanceof EdgeSyncError && error.code === 'certificate-not-found'))
        this.#deps.audit.record({ action, actor, outcome: 'failure' });
      throw error;
    }
  }

  #record(action: AuditEvent['action'], actor: Actor, sha256: string): void {
    this.#deps.audit.record({ action, actor, subject: sha256, outcome: 'success' });
  }
}
