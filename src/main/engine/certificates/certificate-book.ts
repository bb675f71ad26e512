/** Every certificate of the installation as it stands now: which is in use, trusted, revoked. Reads only. */
import type { X509Certificate } from 'node:crypto';
import type { CertificateSummary, KeyFamily } from '../../../shared/contract-certificates.ts';
import type { Clock } from '../ports.ts';
import type { CertificateRows } from '../queue/certificates.ts';
import { daysLeft, type Held, standingOf } from './countdown.ts';
import { factsOf, plainSerial, sha256Of } from './pem.ts';

/** Above this a chain is not looked at; clinics have two to four. */
const mostLevels = 8;

/** A CA that we hold, in use or not: one that was revoked tells what it has signed. */
interface HeldCa {
  readonly certificate: X509Certificate;
  readonly sha256: string;
  readonly notAfterMs: number;
}

/** `unknown-issuer`: no CA that is held and in date leads from it to a root. */
export type TrustVerdict = 'trusted' | 'revoked' | 'unknown-issuer';

export class CertificateBook {
  readonly #store: CertificateRows;
  readonly #clock: Clock;
  #all: readonly Held[] = [];
  #revoked: ReadonlySet<string> = new Set();
  /** "issuer name\nserial". */
  #listed: ReadonlySet<string> = new Set();
  #cas: readonly HeldCa[] = [];
  #lists: readonly { readonly issuerSha256: string; readonly nextUpdateMs: number | null }[] = [];

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

  #isUsable({ row, facts, isRevoked }: Held, role: 'issuer' | 'server'): boolean {
    const isCurrent = !isRevoked && row.replacedBy === undefined && this.#clock.nowMs() < facts.notAfterMs;
    return row.role === role && row.hasKey && isCurrent;
  }

  /** Roots, issuers and anchors that are neither revoked nor over. */
  anchors(): { readonly pem: string; readonly sha256: string }[] {
    const found = new Map<string, string>();
    for (const { row } of this.#all) {
      if ((row.role !== 'issuer' && row.role !== 'anchor') || row.isRevoked) continue;
      for (const pem of [row.pem, ...row.chain]) {
        const { certificate, sha256, notAfterMs } = factsOf(pem);
        if (!this.isRevoked(certificate) && this.#clock.nowMs() < notAfterMs) found.set(sha256, pem);
      }
    }
    return [...found].map(([sha256, pem]) => ({ pem, sha256 }));
  }

  reload(): void {
    const store = this.#store;
    const rows = store.all();
    const cas = rows
      .filter(({ role }) => role === 'issuer' || role === 'anchor')
      .flatMap(({ pem, chain }) => [pem, ...chain]);
    this.#cas = [...new Set(cas)].map((pem) => factsOf(pem));
    this.#revoked = new Set(store.revocations().map(({ sha256 }) => sha256));
    const lists = store.revocationLists();
    this.#lists = lists.map(({ issuerSha256, nextUpdateMs }) => ({ issuerSha256, nextUpdateMs }));
    this.#listed = new Set(
      lists.flatMap(({ issuerName, serials }) => serials.map((one) => `${issuerName}\n${one}`)),
    );
    this.#all = rows.map((row) => {
      const facts = factsOf(row.pem);
      return { row, facts, isRevoked: this.isRevoked(facts.certificate) };
    });
  }

  /** Names of CAs in use whose revocation list is past the time of the next one (RFC 5280 5.1.2.5). */
  staleLists(): string[] {
    const nowMs = this.#clock.nowMs();
    const stale = this.#lists.filter(({ nextUpdateMs }) => nextUpdateMs !== null && nowMs >= nextUpdateMs);
    if (stale.length === 0) return [];
    return this.anchors()
      .filter(({ sha256 }) => stale.some(({ issuerSha256 }) => issuerSha256 === sha256))
      .map(({ pem }) => factsOf(pem).name);
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

  /** Revoked here or on the list of its CA, or signed by a CA that was. */
  isRevoked(certificate: X509Certificate): boolean {
    return this.verdict(certificate) === 'revoked';
  }

  /**
   * Looks at the CAs that we hold, not at those that came along with it: a chain that a caller puts together can leave
   * out the one that was revoked. One that a revoked CA has signed is revoked, whatever else leads to it: whoever has
   * the CA's key makes such certificates. Its own dates and usage are the handshake's to check.
   */
  verdict(certificate: X509Certificate): TrustVerdict {
    return this.#verdict(certificate, mostLevels);
  }

  #verdict(certificate: X509Certificate, levels: number): TrustVerdict {
    if (this.#isNamed(certificate)) return 'revoked';
    const sha256 = sha256Of(certificate);
    const held = this.#cas.find((ca) => ca.sha256 === sha256);
    const isOver = held !== undefined && this.#clock.nowMs() >= held.notAfterMs;
    const issuers = this.#cas.filter(
      (ca) =>
        ca.sha256 !== sha256 &&
        certificate.checkIssued(ca.certificate) &&
        certificate.verify(ca.certificate.publicKey),
    );
    if (issuers.some((ca) => this.#isNamed(ca.certificate))) return 'revoked';
    if (held !== undefined && !isOver && certificate.checkIssued(certificate)) return 'trusted';
    if (levels === 0) return 'unknown-issuer';
    const above = issuers.map((ca) => this.#verdict(ca.certificate, levels - 1));
    if (!isOver && above.includes('trusted')) return 'trusted';
    return above.includes('revoked') ? 'revoked' : 'unknown-issuer';
  }

  /** Itself, by fingerprint or on a list. */
  #isNamed(certificate: X509Certificate): boolean {
    if (this.#revoked.has(sha256Of(certificate))) return true;
    if (this.#listed.size === 0) return false;
    return this.#listed.has(`${certificate.issuer}\n${plainSerial(certificate.serialNumber)}`);
  }
}
