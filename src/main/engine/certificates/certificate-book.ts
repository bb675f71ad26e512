/** Every certificate of the installation as it stands now: which is in use, trusted, revoked. Reads only. */
import type { X509Certificate } from 'node:crypto';
import type { CertificateSummary, KeyFamily } from '../../../shared/contract-certificates.ts';
import type { Clock } from '../ports.ts';
import type { CertificateRows } from '../queue/certificates.ts';
import { daysLeft, type Held, standingOf } from './countdown.ts';
import { factsOf, plainSerial, sha256Of } from './pem.ts';

export class CertificateBook {
  readonly #store: CertificateRows;
  readonly #clock: Clock;
  #all: readonly Held[] = [];
  #revoked: ReadonlySet<string> = new Set();
  /** "issuer name\nserial". */
  #listed: ReadonlySet<string> = new Set();

  constructor(store: CertificateRows, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.reload();
  }

  /** Oldest first. */
  get all(): readonly Held[] {
    return this.#all;
  }

  /** A device with RSA may know ECDSA too, and is then shown that certificate: it needs both roots. */
  rootsFor(family: KeyFamily): readonly string[] {
    const shown: readonly KeyFamily[] = family === 'ecdsa' ? ['ecdsa'] : ['rsa', 'ecdsa'];
    return shown
      .map((one) => this.serverInUse(one) ?? this.issuerInUse(one))
      .filter((held) => held !== undefined)
      .map(({ row }) => row.chain.at(-1) ?? row.pem);
  }

  /**
   * What an administrator brought goes before what was made here. An RSA CA signs for both: whoever knows ECDSA can
   * check RSA too, but not the other way round.
   */
  issuerInUse(family: KeyFamily): Held | undefined {
    const usable = this.#all.filter((held) => this.#isUsable(held, 'issuer'));
    const imported = usable.filter(({ row }) => row.origin === 'imported');
    const of = (all: readonly Held[], wanted: KeyFamily): Held | undefined =>
      all.findLast(({ facts }) => facts.family === wanted);
    return of(imported, family) ?? of(imported, 'rsa') ?? of(usable, family);
  }

  serverInUse(family: KeyFamily): Held | undefined {
    return this.#all.findLast((held) => this.#isUsable(held, 'server') && held.facts.family === family);
  }

  #isUsable({ row, facts }: Held, role: 'issuer' | 'server'): boolean {
    const isCurrent =
      !row.isRevoked && row.replacedBy === undefined && this.#clock.nowMs() < facts.notAfterMs;
    return row.role === role && row.hasKey && isCurrent;
  }

  /** Roots, issuers and anchors that are neither revoked nor over. */
  anchors(): { readonly pem: string; readonly sha256: string }[] {
    const found = new Map<string, string>();
    for (const { row } of this.#all) {
      if ((row.role !== 'issuer' && row.role !== 'anchor') || row.isRevoked) continue;
      for (const pem of [row.pem, ...row.chain]) {
        const { sha256, notAfterMs } = factsOf(pem);
        if (!this.#revoked.has(sha256) && this.#clock.nowMs() < notAfterMs) found.set(sha256, pem);
      }
    }
    return [...found].map(([sha256, pem]) => ({ pem, sha256 }));
  }

  reload(): void {
    const store = this.#store;
    this.#all = store.all().map((row) => ({ row, facts: factsOf(row.pem) }));
    this.#revoked = new Set(store.revocations().map(({ sha256 }) => sha256));
    this.#listed = new Set(
      store
        .revocationLists()
        .flatMap(({ issuerName, serials }) => serials.map((one) => `${issuerName}\n${one}`)),
    );
  }

  find(sha256: string): Held | undefined {
    return this.#all.find(({ row }) => row.sha256 === sha256);
  }

  summariesOf(wanted: readonly string[]): CertificateSummary[] {
    return this.#all.filter(({ row }) => wanted.includes(row.sha256)).map((held) => this.summary(held));
  }

  summary(held: Held): CertificateSummary {
    const { row, facts } = held;
    const nowMs = this.#clock.nowMs();
    const inUse = (['ecdsa', 'rsa'] as const).flatMap((family) => [
      this.issuerInUse(family)?.row.id,
      this.serverInUse(family)?.row.id,
    ]);
    return {
      id: row.id,
      role: row.role,
      origin: row.origin,
      name: row.name,
      issuer: facts.issuerName,
      key: facts.keyText,
      serial: facts.serial,
      sha256: row.sha256,
      hosts: [...facts.hosts],
      notBefore: new Date(facts.notBeforeMs).toISOString(),
      notAfter: new Date(facts.notAfterMs).toISOString(),
      daysLeft: daysLeft(facts, nowMs),
      state: standingOf(held, nowMs),
      inUse: inUse.includes(row.id),
    };
  }

  /** Revoked here, or on the list of its CA. */
  isRevoked(certificate: X509Certificate): boolean {
    if (this.#revoked.has(sha256Of(certificate))) return true;
    if (this.#listed.size === 0) return false;
    return this.#listed.has(`${certificate.issuer}\n${plainSerial(certificate.serialNumber)}`);
  }
}
