/**
 * The certificates of one installation: the site CA, what it issues, what is trusted and revoked, this node's own.
 * Everything is in the database; private keys are read from there for one use, and those of devices are never kept.
 */
import { createHash, createPublicKey, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type {
  CertificateSummary,
  ImportRequest,
  IssuedKey,
  IssueRequest,
  KeyFamily,
  KeyKind,
  RenewRequest,
  SignRequest,
} from '../../../shared/contract-certificates.ts';
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError, type ErrorReport, reportFor } from '../../../shared/errors.ts';
import type { ReportIncident } from '../model.ts';
import type { Cancel, Clock, Logger, Random } from '../ports.ts';
import type { CertificateRows, CertificateRow, NewCertificate } from '../queue/certificates.ts';
import type { Secret } from '../system/secret.ts';
import { backupOf, restoreBackup } from './backup.ts';
import { CertificateBook, type TrustVerdict } from './certificate-book.ts';
import { dayMs, daysLeft, dueWarning, type Held, isCounted, renewServerDays } from './countdown.ts';
import { readCa, readRevocationList, readServerCertificate } from './imports.ts';
import { wrapKey } from './key-export.ts';
import { familyOf, fits, generateKey, keyPem, publicKeyOf } from './keys.ts';
import { factsOf } from './pem.ts';
import { readRequest } from './requests.ts';
import { issueLeaf, makeCa, type SigningIdentity, type Validity } from './x509.ts';

/** RFC 9325 and common practice for a private CA: long enough that devices are not visited for it. */
const caDays = 3650;
const serverDays = 730;
/** Clocks of devices go wrong: a certificate counts from a day before it was made. */
const backdatedMs = dayMs;
const serialBytes = 20;
/** Twice a day: often enough for steps of days. */
const lookEveryMs = 12 * 3_600_000;

export interface CertificatesDeps {
  readonly store: CertificateRows;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Names and addresses of this node, for its own certificate. */
  readonly hosts: () => readonly string[];
  readonly reportIncident: ReportIncident;
  readonly resolveIncident: (code: 'certificate-expires-soon', subject: string) => void;
  /** A device got another certificate: its pairing has to know it. */
  readonly onRenewed?: (oldSha256: string, newSha256: string) => void;
  /** What the status shows may have changed. */
  readonly onChange: () => void;
}

export interface Issued {
  readonly certificate: CertificateSummary;
  readonly certificatePem: string;
  /** From its issuer up to the root. */
  readonly chainPem: string;
  /** The roots that the device has to trust, to know this node by. */
  readonly trustPem: string;
}

/** One certificate that this node shows, with its key. */
export interface ServerIdentity {
  /** The certificate and its issuers, without the root. */
  readonly certificatePem: string;
  /** PKCS#8 in PEM. */
  readonly keyPem: Secret;
}

/** `countdown`: only tells when something ends; `serve`: keeps this node's own certificate current too. */
type Duty = 'none' | 'countdown' | 'serve';

interface Issuer extends SigningIdentity {
  readonly held: Held;
}

export class Certificates {
  readonly #deps: CertificatesDeps;
  readonly #book: CertificateBook;
  readonly #listeners = new Set<() => void>();
  #lastChange: Promise<unknown> = Promise.resolve();
  #timer: Cancel | undefined;
  #duty: Duty = 'none';

  constructor(deps: CertificatesDeps) {
    this.#deps = { ...deps, logger: deps.logger.child('certificates') };
    this.#book = new CertificateBook(deps.store, deps.clock);
  }

  /**
   * Makes what the TLS listener needs (the site CA and this node's certificate), and keeps it current from here on:
   * renewed long before it ends, and when the names of this PC change.
   */
  async start(): Promise<void> {
    await this.#inTurn(() => this.#keepServer());
    this.#duty = 'serve';
    this.#look();
  }

  /** The PC may have other addresses now: this node's certificate names them. Does nothing before `start`. */
  addressesChanged(): void {
    if (this.#duty !== 'serve') return;
    this.#inTurn(() => this.#keepServer()).catch((error: unknown) => {
      this.#deps.logger.error('server-certificate-not-renewed', {}, error);
    });
  }

  /** Counts down; `start` does it too. For an installation without TLS that has issued certificates all the same. */
  watch(): void {
    this.#duty = 'countdown';
    this.#look();
  }

  close(): Promise<void> {
    this.#duty = 'none';
    this.#timer?.cancel();
    return this.#lastChange.then(() => undefined);
  }

  list(): CertificateSummary[] {
    return this.#book.all.map((held) => this.#book.summary(held));
  }

  /** The certificate that devices trust; made when there is none yet. */
  ca(family: KeyFamily): Promise<{ readonly certificate: CertificateSummary; readonly pem: string }> {
    return this.#inTurn(async () => {
      const { held } = await this.#issuer(family);
      const root = held.row.chain.at(-1) ?? held.row.pem;
      return { certificate: this.#book.summary(held), pem: root };
    });
  }

  /** Certificate and private key for a device. The key is in the answer and nowhere else. */
  issue(request: IssueRequest): Promise<Issued & { readonly key: IssuedKey }> {
    return this.#inTurn(() => this.#issueWithKey(request, undefined));
  }

  /** A certificate for a request that the device made. Throws certificate-request-unusable. */
  sign(request: SignRequest): Promise<Issued> {
    return this.#inTurn(async () => {
      const read = await readRequest(request.requestPem);
      const name = request.name ?? read.name;
      if (name === undefined)
        throw new EdgeSyncError('certificate-request-unusable', 'it has no common name; give one');
      return this.#issueFor({
        name,
        hosts: request.hosts ?? read.hosts,
        spki: read.spki,
        days: request.days,
        origin: 'signed',
        replaces: undefined,
      });
    });
  }

  /** Throws certificate-not-found. */
  renew(request: RenewRequest): Promise<Issued & { readonly key: IssuedKey | null }> {
    return this.#inTurn(async () => {
      if (request.tag === 'server') {
        const renewed = await this.#renewServers('now');
        const [first] = renewed;
        if (first === undefined)
          throw new EdgeSyncError('certificate-not-found', 'none of this node is ours to renew');
        return { ...this.#issued(first), key: null };
      }
      const old = this.#book.all.find(({ row }) => row.id === request.id && row.role === 'device');
      if (old === undefined || old.row.isRevoked) throw new EdgeSyncError('certificate-not-found');
      const same = { name: old.row.name, hosts: [...old.facts.hosts], days: request.days };
      if (request.key.tag === 'new')
        return this.#issueWithKey({ ...same, key: request.key.kind, format: request.key.format }, old);
      const spki = old.facts.certificate.publicKey.export({ format: 'der', type: 'spki' });
      const issued = await this.#issueFor({ ...same, spki, origin: old.row.origin, replaces: old });
      return { ...issued, key: null };
    });
  }

  /** In effect at once for new connections; open ones are the caller's to cut. Durable when it resolves. */
  revoke(sha256: string, reason: string): Promise<CertificateSummary | null> {
    return this.#inTurn(async () => {
      this.#deps.store.revoke({ sha256, reason, revokedAtMs: this.#nowMs() });
      this.#deps.logger.warn('certificate-revoked', { sha256, reason });
      this.#changed();
      // The site CA or this node's own: others take their place.
      if (this.#book.find(sha256)?.row.role !== 'device' && this.#duty === 'serve') await this.#keepServer();
      const held = this.#book.find(sha256);
      return held === undefined ? null : this.#book.summary(held);
    });
  }

  /** Throws certificate-import-unusable, certificate-exists. */
  import(request: ImportRequest): Promise<CertificateSummary[]> {
    return this.#inTurn(async () => {
      switch (request.tag) {
        case 'ca': {
          const { ca, chain, key } = readCa(request, this.#nowMs());
          const before = key === undefined ? undefined : this.#book.issuerInUse(ca.family);
          // The clinic's CA of before; ours stays, should the import be taken back.
          const old =
            before?.row.origin === 'imported' && before.facts.family === ca.family ? before : undefined;
          this.#add({
            role: key === undefined ? 'anchor' : 'issuer',
            origin: 'imported',
            name: ca.name,
            pem: ca.pem,
            chain: chain.map(({ pem }) => pem),
            key,
            replaces: old?.row.id,
          });
          if (this.#duty === 'serve') await this.#keepServer();
          return this.#book.summariesOf([ca.sha256]);
        }
        case 'server': {
          const { leaf, chain, key } = readServerCertificate(request, this.#nowMs(), this.#book.anchors());
          this.#add({
            role: 'server',
            origin: 'imported',
            name: leaf.name,
            pem: leaf.pem,
            chain: chain.map(({ pem }) => pem),
            key,
            replaces: this.#book.serverInUse(leaf.family)?.row.id,
          });
          return this.#book.summariesOf([leaf.sha256]);
        }
        case 'revocation-list': {
          const list = await readRevocationList(
            request.pem,
            this.#book.anchors(),
            this.#deps.store.revocationLists(),
            this.#nowMs(),
          );
          this.#deps.store.putRevocationList(list);
          this.#deps.logger.warn('revocation-list-imported', { certificates: list.serials.length });
          this.#changed();
          // It may name the CA that signs here.
          if (this.#duty === 'serve') await this.#keepServer();
          return this.#book.summariesOf([list.issuerSha256]);
        }
        default:
          return assertNever(request);
      }
    });
  }

  /** What this node shows, ECDSA first; empty before `start`. */
  identities(): readonly ServerIdentity[] {
    return (['ecdsa', 'rsa'] as const)
      .map((family) => this.#book.serverInUse(family))
      .filter((held) => held !== undefined)
      .map(({ row }) => {
        const key = this.#deps.store.key(row.id);
        const intermediates = row.chain.filter((pem) => !factsOf(pem).isSelfIssued);
        const identity = { certificatePem: [row.pem, ...intermediates].join(''), keyPem: keyPem(key) };
        key.wipe();
        return identity;
      });
  }

  /** Every CA whose certificates are taken, in PEM: never empty once `start` has resolved. */
  trusted(): readonly string[] {
    return this.#book.anchors().map(({ pem }) => pem);
  }

  /** Revoked here or on the list of its CA, or signed by a CA that was. */
  isRevoked(certificate: X509Certificate): boolean {
    return this.#book.isRevoked(certificate);
  }

  /** Whether CAs that are held, in date and not revoked lead from it to a root. */
  verdict(certificate: X509Certificate): TrustVerdict {
    return this.#book.verdict(certificate);
  }

  /** Calls after anything that `identities`, `trusted`, `isRevoked` or `verdict` would answer otherwise now. */
  onTrustChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * What stands between this installation and "All safe": certificates that have ended and that somebody relies on, and
   * revocation lists that their CA should have replaced by now.
   */
  standing(): readonly ErrorReport[] {
    const nowMs = this.#nowMs();
    const ended = this.#book.all.filter((held) => isCounted(held) && nowMs >= held.facts.notAfterMs);
    const stale = this.#book.staleLists();
    return [
      ...(ended.length === 0
        ? []
        : [reportFor('certificate-expired', namesOf(ended.map(({ row }) => row.name)))]),
      ...(stale.length === 0 ? [] : [reportFor('revocation-list-old', namesOf(stale))]),
    ];
  }

  /** Everything, private keys included, as one value for the sealed configuration backup. */
  exportForBackup(): Secret {
    return backupOf(this.#deps.store);
  }

  /**
   * Adds what is in the backup and not here; what is revoked on either side stays revoked.
   * Throws certificate-import-unusable for a value that is not such a backup.
   */
  importFromBackup(backup: Secret): Promise<void> {
    return this.#inTurn(async () => {
      restoreBackup(this.#deps.store, backup);
      this.#changed();
      if (this.#duty === 'serve') await this.#keepServer();
    });
  }

  async #issueWithKey(
    request: IssueRequest,
    old: Held | undefined,
  ): Promise<Issued & { readonly key: IssuedKey }> {
    const key = await generateKey(request.key);
    try {
      const issued = await this.#issueFor({
        ...request,
        spki: publicKeyOf(key),
        origin: 'made',
        replaces: old,
      });
      return { ...issued, key: await wrapKey(key, request.format, issued) };
    } finally {
      key.wipe();
    }
  }

  async #issueFor(wanted: {
    readonly name: string;
    readonly hosts: readonly string[];
    readonly spki: Buffer;
    readonly days: number;
    readonly origin: CertificateRow['origin'];
    readonly replaces: Held | undefined;
  }): Promise<Issued> {
    const family = familyOfSpki(wanted.spki);
    const issuer = await this.#issuer(family);
    // The first device with RSA: from now on this node shows an RSA certificate too.
    if (this.#duty === 'serve' && this.#book.serverInUse(family) === undefined) await this.#keepServer();
    const pem = await issueLeaf(
      {
        commonName: wanted.name,
        hosts: wanted.hosts,
        spki: wanted.spki,
        validity: this.#validity(wanted.days, issuer.held),
        serial: this.#deps.random.bytes(serialBytes),
      },
      issuer,
    );
    issuer.key.wipe();
    const { replaces } = wanted;
    const held = this.#add({
      role: 'device',
      origin: wanted.origin,
      name: wanted.name,
      pem,
      chain: [issuer.certificatePem, ...issuer.held.row.chain],
      key: undefined,
      replaces: replaces?.row.id,
    });
    this.#deps.logger.info('certificate-issued', { sha256: held.row.sha256, origin: wanted.origin });
    if (replaces !== undefined) this.#settle(replaces, held.row.sha256);
    return this.#issued(held);
  }

  /** The one that signs for this family: imported or made; made now when there is none that can. */
  async #issuer(family: KeyFamily): Promise<Issuer> {
    const known = this.#book.issuerInUse(family);
    const held = known ?? (await this.#makeIssuer(family));
    return { certificatePem: held.row.pem, key: this.#deps.store.key(held.row.id), held };
  }

  async #makeIssuer(family: KeyFamily): Promise<Held> {
    const kind: KeyKind = family === 'ecdsa' ? 'ecdsa-p256' : 'rsa-3072';
    const key = await generateKey(kind);
    // Several clinics' CAs may be trusted by one device: the name tells them apart.
    const mark = createHash('sha256').update(publicKeyOf(key)).digest('hex').slice(0, 8);
    const commonName = `Edge Sync site CA ${family === 'rsa' ? 'RSA ' : ''}${mark}`;
    const validity = this.#validity(caDays, undefined);
    const serial = this.#deps.random.bytes(serialBytes);
    const pem = await makeCa({ commonName, organization: 'Edge Sync', key, validity, serial });
    const held = this.#add({ role: 'issuer', origin: 'made', name: commonName, pem, chain: [], key });
    key.wipe();
    this.#deps.logger.info('site-ca-made', { sha256: held.row.sha256, family });
    return held;
  }

  /** This node's own certificates, one per family that is in use, made or renewed when it is time. */
  async #keepServer(): Promise<void> {
    await this.#issuer('ecdsa');
    await this.#renewServers('when-due');
  }

  async #renewServers(when: 'now' | 'when-due'): Promise<Held[]> {
    const made: Held[] = [];
    for (const family of ['ecdsa', 'rsa'] as const) {
      const current = this.#book.serverInUse(family);
      const issuer = this.#book.issuerInUse(family);
      // What an administrator brought is theirs to renew.
      if (issuer === undefined || current?.row.origin === 'imported') continue;
      if (current === undefined || when === 'now' || this.#isDue(current, issuer))
        made.push(await this.#makeServer(family, current));
    }
    return made;
  }

  #isDue(current: Held, issuer: Held): boolean {
    const hosts = this.#deps.hosts();
    const has = new Set(current.facts.hosts.map(plainHost));
    return (
      daysLeft(current.facts, this.#nowMs()) < renewServerDays ||
      current.row.chain[0] !== issuer.row.pem ||
      hosts.some((host) => !has.has(plainHost(host)))
    );
  }

  async #makeServer(family: KeyFamily, current: Held | undefined): Promise<Held> {
    const issuer = await this.#issuer(family);
    const key = await generateKey(family === 'ecdsa' ? 'ecdsa-p256' : 'rsa-2048');
    const name = 'Edge Sync';
    const pem = await issueLeaf(
      {
        commonName: name,
        hosts: this.#deps.hosts(),
        spki: publicKeyOf(key),
        validity: this.#validity(serverDays, issuer.held),
        serial: this.#deps.random.bytes(serialBytes),
      },
      issuer,
    );
    issuer.key.wipe();
    const chain = [issuer.certificatePem, ...issuer.held.row.chain];
    const replaces = current?.row.id;
    const held = this.#add({ role: 'server', origin: 'made', name, pem, chain, key, replaces });
    key.wipe();
    this.#deps.logger.info('server-certificate-made', { sha256: held.row.sha256, family });
    if (current !== undefined) this.#settle(current, undefined);
    return held;
  }

  #add(
    certificate: Omit<NewCertificate, 'id' | 'sha256' | 'createdAtMs' | 'replaces'> & {
      readonly replaces?: string | undefined;
    },
  ): Held {
    const { sha256 } = factsOf(certificate.pem);
    const id = this.#deps.random.bytes(16).toString('hex');
    if (certificate.key !== undefined && !fits(certificate.pem, certificate.key))
      throw new EdgeSyncError(
        'certificate-import-unusable',
        'the private key is not the one of the certificate',
      );
    this.#deps.store.add({ ...certificate, id, sha256, createdAtMs: this.#nowMs() });
    this.#changed();
    const held = this.#book.find(sha256);
    if (held === undefined) throw new EdgeSyncError('internal', 'certificate');
    return held;
  }

  /** Warnings about the old one are over. */
  #settle(old: Held, newSha256: string | undefined): void {
    if (old.row.warnedDays !== undefined)
      this.#deps.resolveIncident('certificate-expires-soon', old.row.sha256);
    if (newSha256 !== undefined) this.#deps.onRenewed?.(old.row.sha256, newSha256);
  }

  #validity(days: number, issuer: Held | undefined): Validity {
    const nowMs = this.#nowMs();
    const notAfterMs = Math.min(nowMs + days * dayMs, issuer?.facts.notAfterMs ?? Infinity);
    const notBeforeMs = Math.max(nowMs - backdatedMs, issuer?.facts.notBeforeMs ?? -Infinity);
    return { notBefore: new Date(notBeforeMs), notAfter: new Date(notAfterMs) };
  }

  #look(): void {
    if (this.#duty === 'none') return;
    this.#timer?.cancel();
    this.#warn();
    this.#timer = this.#deps.clock.after(lookEveryMs, () => {
      void this.#inTurn(() => (this.#duty === 'serve' ? this.#keepServer() : Promise.resolve()))
        .catch((error: unknown) => this.#deps.logger.error('server-certificate-not-renewed', {}, error))
        .finally(() => this.#look());
    });
  }

  #warn(): void {
    const nowMs = this.#nowMs();
    for (const held of this.#book.all.filter(isCounted)) {
      const days = dueWarning(held, nowMs);
      if (days === undefined) continue;
      const left = Math.max(0, daysLeft(held.facts, nowMs));
      this.#deps.reportIncident({
        code: 'certificate-expires-soon',
        subject: held.row.sha256,
        detail: `"${held.row.name}", in ${left} days`,
      });
      this.#deps.store.warned(held.row.id, days);
    }
    this.#changed();
  }

  #changed(): void {
    this.#book.reload();
    for (const listener of this.#listeners) listener();
    this.#deps.onChange();
  }

  #issued(held: Held): Issued {
    return {
      certificate: this.#book.summary(held),
      certificatePem: held.row.pem,
      chainPem: held.row.chain.join(''),
      trustPem: this.#book.rootsFor(held.facts.family).join(''),
    };
  }

  #nowMs(): number {
    return this.#deps.clock.nowMs();
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#lastChange.then(change, change);
    this.#lastChange = result.catch(() => undefined);
    return result;
  }
}

function familyOfSpki(spki: Buffer): KeyFamily {
  return familyOf(createPublicKey({ key: spki, format: 'der', type: 'spki' }));
}

/** The first three. */
function namesOf(all: readonly string[]): string {
  const names = all.slice(0, 3).map((name) => `"${name}"`);
  return `${names.join(', ')}${all.length > 3 ? ` and ${all.length - 3} more` : ''}`;
}

/** Certificates print an IPv6 address in full, systems in short. */
function plainHost(host: string): string {
  return isIP(host) === 6 ? new URL(`http://[${host}]`).hostname : host.toLowerCase();
}
