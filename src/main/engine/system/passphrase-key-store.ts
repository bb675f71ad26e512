/**
 * A key store for PCs without a keychain: one file, sealed under a passphrase (scrypt, then AES-256-GCM per entry).
 * A wrong passphrase and a damaged file are told apart: a checksum finds damage without any key, a verifier finds a
 * wrong passphrase, a MAC finds what somebody changed on purpose.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { EdgeSyncError, toEdgeSyncError } from '../../../shared/errors.ts';
import type { Clock, KeyStore, KeyStoreRead, Random } from '../ports.ts';
import { readFileBounded, writeFileDurably } from './durable-file.ts';
import { checkKeyStoreEntry, checkKeyStoreName } from './key-store-limits.ts';
import { passphraseProblem } from './passphrase-strength.ts';
import { Secret } from './secret.ts';

/** RFC 7914 2; N = 2^17, r = 8, p = 1 is OWASP's first choice: 128 MiB and about half a second. */
const scryptCost = { N: 2 ** 17, r: 8, p: 1 } as const;
/** A file may ask for this much at most, so that a hostile one cannot exhaust memory: 256 MiB. */
const highestN = 2 ** 18;
const saltBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const maxEntries = 100;
const maxFileBytes = 1024 * 1024;

const hexOf = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));

const bodySchema = z.strictObject({
  format: z.literal('edge-sync-key-file'),
  version: z.literal(1),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    N: z.int().refine((n) => n >= scryptCost.N && n <= highestN && Number.isInteger(Math.log2(n))),
    r: z.literal(scryptCost.r),
    p: z.literal(scryptCost.p),
    salt: hexOf(saltBytes),
  }),
  /** HMAC under a key from the passphrase: right only for the right one. */
  verifier: hexOf(32),
  entries: z
    .array(
      z.strictObject({
        name: z.string().max(100),
        nonce: hexOf(nonceBytes),
        /** Ciphertext and tag. */
        sealed: z.string().regex(/^(?:[0-9a-f]{2}){17,2600}$/),
      }),
    )
    .max(maxEntries),
});
type Body = z.infer<typeof bodySchema>;

const fileSchema = z.strictObject({ body: bodySchema, checksum: hexOf(32), mac: hexOf(32) });

interface DerivedKeys {
  /** What they were derived with. */
  readonly kdf: string;
  readonly verifier: string;
  readonly entries: Secret;
  readonly mac: Secret;
}

export class PassphraseKeyStore implements KeyStore {
  readonly kind = 'passphrase';
  readonly #path: string;
  #passphrase: Secret;
  readonly #random: Random;
  readonly #clock: Clock;
  /** scrypt is slow on purpose: once per file and run. */
  #derived: DerivedKeys | undefined;
  #lastCall: Promise<unknown> = Promise.resolve();

  /** `passphrase` is normalised (NFKC), so that the same typing gives the same key on every system. */
  constructor(deps: {
    readonly path: string;
    readonly passphrase: Secret;
    readonly random: Random;
    readonly clock: Clock;
  }) {
    this.#path = deps.path;
    this.#passphrase = normalised(deps.passphrase);
    if (this.#passphrase.sizeBytes === 0) throw new EdgeSyncError('passphrase-missing');
    this.#random = deps.random;
    this.#clock = deps.clock;
  }

  read(name: string): Promise<KeyStoreRead> {
    checkKeyStoreName(name);
    return this.#inTurn(async () => {
      try {
        const opened = await this.#open();
        const found = opened?.body.entries.find((one) => one.name === name);
        if (opened === undefined || found === undefined) return { tag: 'absent' };
        return { tag: 'present', secret: this.#openEntry(opened.keys, found) };
      } catch (error) {
        return { tag: 'unavailable', error: toEdgeSyncError(error) };
      }
    });
  }

  /** Throws passphrase-wrong, key-file-damaged, disk-full, data-dir-not-writable, disk-error. */
  write(name: string, secret: Secret): Promise<void> {
    checkKeyStoreName(name);
    checkKeyStoreEntry(secret);
    const copy = Secret.from(secret.reveal());
    return this.#inTurn(async () => {
      const { body, keys } = (await this.#open()) ?? (await this.#begin());
      const others = body.entries.filter((one) => one.name !== name);
      if (others.length === maxEntries) throw new EdgeSyncError('internal', 'the key file is full');
      await this.#save({ ...body, entries: [...others, this.#sealEntry(keys, name, copy)] }, keys);
      copy.wipe();
    });
  }

  remove(name: string): Promise<void> {
    checkKeyStoreName(name);
    return this.#inTurn(async () => {
      const opened = await this.#open();
      if (opened?.body.entries.some((one) => one.name === name) !== true) return;
      const entries = opened.body.entries.filter((one) => one.name !== name);
      await this.#save({ ...opened.body, entries }, opened.keys);
    });
  }

  /**
   * Every entry is sealed anew under keys from the new passphrase and a fresh salt, in one write: a crash leaves the old
   * file or the new one. Throws passphrase-wrong, passphrase-weak, key-file-damaged, disk-*; then the old one holds.
   */
  changePassphrase(current: Secret, next: Secret): Promise<void> {
    const typed = normalised(current);
    const wanted = normalised(next);
    return this.#inTurn(async () => {
      if (!sameText(typed, this.#passphrase)) throw new EdgeSyncError('passphrase-wrong');
      const problem = passphraseProblem(wanted.revealText());
      if (problem !== undefined) throw new EdgeSyncError('passphrase-weak', problem);
      if (sameText(typed, wanted)) throw new EdgeSyncError('passphrase-weak', 'it is the one in use');
      const opened = await this.#open();
      if (opened !== undefined) await this.#sealAnew(opened, wanted);
      this.#passphrase = wanted;
      this.#derived = undefined;
    });
  }

  async #sealAnew(
    opened: { readonly body: Body; readonly keys: DerivedKeys },
    passphrase: Secret,
  ): Promise<void> {
    const kdf = this.#newKdf();
    const keys = await deriveKeys(passphrase, kdf);
    const entries = opened.body.entries.map((entry) => {
      const secret = this.#openEntry(opened.keys, entry);
      const sealed = this.#sealEntry(keys, entry.name, secret);
      secret.wipe();
      return sealed;
    });
    await this.#save({ ...opened.body, kdf, verifier: keys.verifier, entries }, keys);
  }

  /** undefined when there is no file yet. */
  async #open(): Promise<{ readonly body: Body; readonly keys: DerivedKeys } | undefined> {
    const bytes = await readFileBounded(this.#path, maxFileBytes, () => this.#damaged());
    if (bytes === undefined) return undefined;
    const text = bytes.toString('utf8');
    const parsed = fileSchema.safeParse(parseJson(text));
    if (!parsed.success) throw this.#damaged();
    const { body, checksum, mac } = parsed.data;
    // Written again it must give the same text: no byte of the file is without meaning.
    if (encodeFile(body, checksum, mac) !== text || checksumOf(body) !== checksum) throw this.#damaged();
    const keys = await this.#deriveFor(body.kdf);
    if (!sameHex(keys.verifier, body.verifier)) throw new EdgeSyncError('passphrase-wrong');
    if (!sameHex(macOf(keys, body), mac)) throw this.#damaged();
    return { body, keys };
  }

  async #begin(): Promise<{ readonly body: Body; readonly keys: DerivedKeys }> {
    const kdf = this.#newKdf();
    const keys = await this.#deriveFor(kdf);
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    return {
      keys,
      body: { format: 'edge-sync-key-file', version: 1, kdf, verifier: keys.verifier, entries: [] },
    };
  }

  #newKdf(): Body['kdf'] {
    return { name: 'scrypt', ...scryptCost, salt: this.#random.bytes(saltBytes).toString('hex') };
  }

  async #save(unordered: Body, keys: DerivedKeys): Promise<void> {
    const body = bodySchema.parse(unordered);
    const text = encodeFile(body, checksumOf(body), macOf(keys, body));
    await writeFileDurably(this.#path, Buffer.from(text, 'utf8'), { clock: this.#clock, mode: 0o600 });
  }

  #sealEntry(keys: DerivedKeys, name: string, secret: Secret): Body['entries'][number] {
    const nonce = this.#random.bytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', keys.entries.reveal(), nonce, { authTagLength: tagBytes });
    cipher.setAAD(Buffer.from(name, 'utf8'));
    const ciphertext = cipher.update(secret.reveal());
    cipher.final();
    const sealed = Buffer.concat([ciphertext, cipher.getAuthTag()]);
    return { name, nonce: nonce.toString('hex'), sealed: sealed.toString('hex') };
  }

  #openEntry(keys: DerivedKeys, entry: Body['entries'][number]): Secret {
    const sealed = Buffer.from(entry.sealed, 'hex');
    const nonce = Buffer.from(entry.nonce, 'hex');
    const decipher = createDecipheriv('aes-256-gcm', keys.entries.reveal(), nonce, {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(entry.name, 'utf8'));
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
    const plaintext = decipher.update(sealed.subarray(0, sealed.length - tagBytes));
    try {
      decipher.final();
    } catch {
      throw this.#damaged();
    }
    const secret = Secret.from(plaintext);
    plaintext.fill(0);
    return secret;
  }

  async #deriveFor(kdf: Body['kdf']): Promise<DerivedKeys> {
    if (this.#derived?.kdf !== describe(kdf)) this.#derived = await deriveKeys(this.#passphrase, kdf);
    return this.#derived;
  }

  #damaged(): EdgeSyncError {
    return new EdgeSyncError('key-file-damaged', basename(this.#path));
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#lastCall.then(call, call);
    this.#lastCall = result.catch(() => undefined);
    return result;
  }
}

/** NFKC, so that the same typing gives the same key on every system. */
function normalised(passphrase: Secret): Secret {
  return Secret.fromText(passphrase.revealText().normalize('NFKC'));
}

function sameText(a: Secret, b: Secret): boolean {
  const digest = (secret: Secret): Buffer => createHash('sha256').update(secret.reveal()).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function describe(kdf: Body['kdf']): string {
  return `${kdf.name} ${kdf.N} ${kdf.r} ${kdf.p} ${kdf.salt}`;
}

async function deriveKeys(passphrase: Secret, kdf: Body['kdf']): Promise<DerivedKeys> {
  const described = describe(kdf);
  const root = await scryptKey(passphrase, kdf);
  const keyFor = (label: string): Secret =>
    Secret.from(new Uint8Array(hkdfSync('sha256', root, Buffer.alloc(0), Buffer.from(label), 32)));
  const verifierKey = keyFor('edge-sync key file verifier v1');
  const derived = {
    kdf: described,
    verifier: createHmac('sha256', verifierKey.reveal()).update(described).digest('hex'),
    entries: keyFor('edge-sync key file entries v1'),
    mac: keyFor('edge-sync key file mac v1'),
  };
  root.fill(0);
  return derived;
}

function scryptKey(passphrase: Secret, kdf: Body['kdf']): Promise<Buffer> {
  const { N, r, p } = kdf;
  // 128 * N * r is what scrypt takes; Node's default ceiling of 32 MiB is below it.
  const maxmem = 128 * N * r + 64 * 1024 * 1024;
  return new Promise((resolve, reject) => {
    scrypt(passphrase.reveal(), Buffer.from(kdf.salt, 'hex'), 32, { N, r, p, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function encodeFile(body: Body, checksum: string, mac: string): string {
  return `${JSON.stringify({ body, checksum, mac }, undefined, 2)}\n`;
}

function encodeBody(body: Body): string {
  return JSON.stringify(body);
}

function checksumOf(body: Body): string {
  return createHash('sha256').update(encodeBody(body)).digest('hex');
}

function macOf(keys: DerivedKeys, body: Body): string {
  return createHmac('sha256', keys.mac.reveal()).update(encodeBody(body)).digest('hex');
}

function sameHex(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
