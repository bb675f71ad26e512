/** The rows of certificates, their sealed private keys and what was revoked. Few rows, written one at a time. */
import { EdgeSyncError } from '../../../shared/errors.ts';
import { Secret } from '../system/secret.ts';
import { fromHex, toHex, type QueueCore } from './queue-core.ts';

export type CertificateRole = 'issuer' | 'anchor' | 'server' | 'device';
export type CertificateOrigin = 'made' | 'signed' | 'imported';

/** Sealed as one value. */
export interface CertificateContent {
  readonly role: CertificateRole;
  readonly origin: CertificateOrigin;
  readonly name: string;
  readonly pem: string;
  /** From its issuer up. */
  readonly chain: readonly string[];
}

export interface NewCertificate extends CertificateContent {
  /** 32 hex digits. */
  readonly id: string;
  /** 64 hex digits. */
  readonly sha256: string;
  readonly createdAtMs: number;
  /** PKCS#8, DER. */
  readonly key: Secret | undefined;
  /** The one whose place it takes, if any. */
  readonly replaces?: string | undefined;
}

export interface CertificateRow extends CertificateContent {
  readonly id: string;
  readonly sha256: string;
  readonly createdAtMs: number;
  readonly hasKey: boolean;
  readonly replacedBy: string | undefined;
  readonly warnedDays: number | undefined;
  readonly isRevoked: boolean;
}

export interface Revocation {
  readonly sha256: string;
  readonly reason: string;
  readonly revokedAtMs: number;
}

/** A CA's own list, reduced to what is asked of it. */
export interface RevocationList {
  readonly issuerSha256: string;
  /** The issuer's name as `X509Certificate.subject` prints it. */
  readonly issuerName: string;
  /** Hex, lower case, without leading zeros. */
  readonly serials: readonly string[];
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number | null;
  /** The CA's own count of its lists, hex without leading zeros; lists of old CAs have none. */
  readonly number?: string | undefined;
}

interface StoredRow {
  readonly public_id: string;
  readonly sha256: Buffer;
  readonly content: Buffer;
  readonly has_key: number;
  readonly created_at: number;
  readonly replaced_by: string | null;
  readonly warned_days: number | null;
  readonly is_revoked: number;
}

const contentPlace = 'certificate.content';
const listPlace = 'certificate_revocation_list.content';
/** Bound to the certificate, so that a key cannot be moved to another row. */
const keyPlace = (sha256: string): string => `certificate.private_key ${sha256}`;

/** A site has a few dozen devices; far beyond it somebody is filling the disk. */
const mostRows = 10_000;

export class CertificateRows {
  readonly #core: QueueCore;

  constructor(core: QueueCore) {
    this.#core = core;
  }

  /** Oldest first. */
  all(): CertificateRow[] {
    const { db, ports } = this.#core;
    return this.#core.read(() =>
      db
        .prepare<[], StoredRow>(
          `SELECT c.public_id, c.sha256, c.content, c.private_key IS NOT NULL AS has_key, c.created_at,
             c.replaced_by, c.warned_days, r.sha256 IS NOT NULL AS is_revoked
             FROM certificate AS c LEFT JOIN certificate_revocation AS r ON r.sha256 = c.sha256 ORDER BY c.id`,
        )
        .all()
        .map((row) => ({
          // Authenticated by the seal, so its shape is the one written.
          ...(JSON.parse(ports.sealer.open(contentPlace, row.content)) as CertificateContent),
          id: row.public_id,
          sha256: toHex(row.sha256),
          createdAtMs: row.created_at,
          hasKey: row.has_key === 1,
          replacedBy: row.replaced_by ?? undefined,
          warnedDays: row.warned_days ?? undefined,
          isRevoked: row.is_revoked === 1,
        })),
    );
  }

  /** Throws EdgeSyncError `certificate-exists` for one that is here already. Durable when it returns. */
  add(certificate: NewCertificate): void {
    const { db, ports } = this.#core;
    const { id, sha256, role, origin, name, pem, chain, createdAtMs, key, replaces } = certificate;
    const content: CertificateContent = { role, origin, name, pem, chain };
    this.#core.writeNow(() => {
      const has = db.prepare<[Buffer], number>('SELECT 1 FROM certificate WHERE sha256 = ?').pluck();
      if (has.get(fromHex(sha256, 32)) !== undefined) throw new EdgeSyncError('certificate-exists');
      const count = db.prepare<[], number>('SELECT count(*) FROM certificate').pluck().get() ?? 0;
      if (count >= mostRows) throw new EdgeSyncError('certificate-exists', 'there are too many');
      db.prepare(
        `INSERT INTO certificate (public_id, role, sha256, content, private_key, created_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
      ).run(
        id,
        role,
        fromHex(sha256, 32),
        ports.sealer.seal(contentPlace, JSON.stringify(content)),
        key === undefined ? null : ports.sealer.seal(keyPlace(sha256), key.reveal().toString('base64')),
        createdAtMs,
      );
      if (replaces !== undefined)
        db.prepare('UPDATE certificate SET replaced_by = ? WHERE public_id = ?').run(id, replaces);
    });
  }

  /** PKCS#8, DER. Throws EdgeSyncError `certificate-not-found` when there is none. */
  key(id: string): Secret {
    const { db, ports } = this.#core;
    return this.#core.read(() => {
      const row = db
        .prepare<[string], { sha256: Buffer; private_key: Buffer | null }>(
          'SELECT sha256, private_key FROM certificate WHERE public_id = ?',
        )
        .get(id);
      if (row === undefined || row.private_key === null) throw new EdgeSyncError('certificate-not-found');
      const der = Buffer.from(ports.sealer.open(keyPlace(toHex(row.sha256)), row.private_key), 'base64');
      const secret = Secret.from(der);
      der.fill(0);
      return secret;
    });
  }

  /** Marks one as replaced by another. */
  replace(id: string, by: string): void {
    this.#core.writeNow(() => {
      this.#core.db.prepare('UPDATE certificate SET replaced_by = ? WHERE public_id = ?').run(by, id);
    });
  }

  /** The step of the countdown that was told. */
  warned(id: string, days: number): void {
    this.#core.writeNow(() => {
      this.#core.db.prepare('UPDATE certificate SET warned_days = ? WHERE public_id = ?').run(days, id);
    });
  }

  /** Durable when it returns; a second time changes nothing. */
  revoke({ sha256, reason, revokedAtMs }: Revocation): void {
    this.#core.writeNow(() => {
      this.#core.db
        .prepare(
          `INSERT INTO certificate_revocation (sha256, reason, revoked_at) VALUES (?, ?, ?)
             ON CONFLICT (sha256) DO NOTHING`,
        )
        .run(fromHex(sha256, 32), reason, revokedAtMs);
    });
  }

  revocations(): Revocation[] {
    return this.#core.read(() =>
      this.#core.db
        .prepare<[], { sha256: Buffer; reason: string; revoked_at: number }>(
          'SELECT sha256, reason, revoked_at FROM certificate_revocation',
        )
        .all()
        .map((row) => ({ sha256: toHex(row.sha256), reason: row.reason, revokedAtMs: row.revoked_at })),
    );
  }

  putRevocationList(list: RevocationList): void {
    const { db, ports } = this.#core;
    this.#core.writeNow(() => {
      db.prepare(
        `INSERT INTO certificate_revocation_list (issuer_sha256, content) VALUES (?, ?)
           ON CONFLICT (issuer_sha256) DO UPDATE SET content = excluded.content`,
      ).run(fromHex(list.issuerSha256, 32), ports.sealer.seal(listPlace, JSON.stringify(list)));
    });
  }

  revocationLists(): RevocationList[] {
    const { db, ports } = this.#core;
    return this.#core.read(() =>
      db
        .prepare<[], { content: Buffer }>('SELECT content FROM certificate_revocation_list')
        .all()
        .map(({ content }) => JSON.parse(ports.sealer.open(listPlace, content)) as RevocationList),
    );
  }
}
