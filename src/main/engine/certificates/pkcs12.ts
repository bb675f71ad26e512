/** Private keys on their way to a device: PKCS#8 under a passphrase (RFC 5958, PBES2) and PKCS#12 (RFC 7292). */
import { createHash, webcrypto, X509Certificate } from 'node:crypto';
import type * as library from 'pkijs';
import { Secret } from '../system/secret.ts';
import { pem } from './keys.ts';

type Pkijs = typeof library;

/** OWASP's count for PBKDF2 with HMAC-SHA-256 (2023): some 0.3 s on an office PC. OpenSSL's own default is 2048. */
export const passphraseRounds = 600_000;

const oids = {
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  // DER of 1.2.840.113549.1.9.20 and .21, for an attribute that is written by hand.
  friendlyName: Buffer.from('06092a864886f70d010914', 'hex'),
  localKeyId: Buffer.from('06092a864886f70d010915', 'hex'),
} as const;

const tags = { octetString: 0x04, bmpString: 0x1e, sequence: 0x30, set: 0x31 } as const;

const encryption = {
  // Its types want an iv; the library makes a random one itself and ignores any given.
  contentEncryptionAlgorithm: { name: 'AES-CBC', length: 256 } as never,
  hmacHashAlgorithm: 'SHA-256',
  iterationCount: passphraseRounds,
};

async function load(): Promise<Pkijs> {
  const pkijs = await import('pkijs');
  const crypto = webcrypto as never;
  pkijs.setEngine('edge-sync', new pkijs.CryptoEngine({ name: 'edge-sync', crypto }));
  return pkijs;
}

/** `ENCRYPTED PRIVATE KEY` in PEM: AES-256-CBC, PBKDF2 with HMAC-SHA-256. `key`: PKCS#8, DER. */
export async function encryptedKeyPem(key: Secret, passphrase: Secret): Promise<string> {
  const pkijs = await load();
  const bag = await shroudedKey(pkijs, key, passphrase);
  return pem('ENCRYPTED PRIVATE KEY', new Uint8Array(bag.toSchema().toBER()));
}

export interface Pkcs12Content {
  readonly friendlyName: string;
  readonly certificatePem: string;
  /** From the issuer up. */
  readonly chainPem: readonly string[];
  /** PKCS#8, DER. */
  readonly key: Secret;
}

/** AES-256-CBC for key and certificates, HMAC-SHA-256 around them. The passphrase is printable ASCII. */
export async function makePkcs12(content: Pkcs12Content, passphrase: Secret): Promise<Secret> {
  const pkijs = await load();
  const leaf = new X509Certificate(content.certificatePem).raw;
  const attributes = [
    attribute(pkijs, oids.friendlyName, tlv(tags.bmpString, bmp(content.friendlyName))),
    attribute(pkijs, oids.localKeyId, tlv(tags.octetString, createHash('sha256').update(leaf).digest())),
  ];
  const certificateBag = (der: Buffer): InstanceType<Pkijs['CertBag']> =>
    new pkijs.CertBag({ parsedValue: pkijs.Certificate.fromBER(bytesOf(der)) });
  const keyBag = new pkijs.SafeBag({
    bagId: oids.shroudedKeyBag,
    bagValue: await shroudedKey(pkijs, content.key, passphrase),
    bagAttributes: attributes,
  });
  const certificateBags = [
    new pkijs.SafeBag({ bagId: oids.certBag, bagValue: certificateBag(leaf), bagAttributes: attributes }),
    ...content.chainPem.map(
      (one) =>
        new pkijs.SafeBag({ bagId: oids.certBag, bagValue: certificateBag(new X509Certificate(one).raw) }),
    ),
  ];
  const authenticatedSafe = new pkijs.AuthenticatedSafe({
    parsedValue: {
      safeContents: [
        { privacyMode: 0, value: new pkijs.SafeContents({ safeBags: [keyBag] }) },
        { privacyMode: 1, value: new pkijs.SafeContents({ safeBags: certificateBags }) },
      ],
    },
  });
  const password = bytesOf(passphrase.reveal());
  await authenticatedSafe.makeInternalValues({ safeContents: [{}, { password, ...encryption }] });
  inOnePiece(pkijs, authenticatedSafe);
  const pfx = new pkijs.PFX({ parsedValue: { integrityMode: 0, authenticatedSafe } });
  await pfx.makeInternalValues({
    password,
    iterations: macRounds,
    pbkdf2HashAlgorithm: 'SHA-256',
    hmacHashAlgorithm: 'SHA-256',
  });
  return Secret.from(new Uint8Array(pfx.toSchema().toBER()));
}

/** The MAC proves the passphrase, so a guess at it must not be cheaper than at the key; its KDF is slower per round. */
const macRounds = 100_000;

async function shroudedKey(
  pkijs: Pkijs,
  key: Secret,
  passphrase: Secret,
): Promise<InstanceType<Pkijs['PKCS8ShroudedKeyBag']>> {
  const bag = new pkijs.PKCS8ShroudedKeyBag({
    parsedValue: pkijs.PrivateKeyInfo.fromBER(bytesOf(key.reveal())),
  });
  await bag.makeInternalValues({ password: bytesOf(passphrase.reveal()), ...encryption });
  bag.encryptedData = primitive(bag.encryptedData);
  return bag;
}

/**
 * The library writes ciphertext as a string of pieces: fine by BER, but Electron's BoringSSL, and who knows which
 * device, takes it in one piece only.
 */
function inOnePiece(pkijs: Pkijs, safe: InstanceType<Pkijs['AuthenticatedSafe']>): void {
  safe.safeContents = safe.safeContents.map((one) => {
    if (one.contentType !== pkijs.ContentInfo.ENCRYPTED_DATA) return one;
    const data = new pkijs.EncryptedData({ schema: one.content });
    const { encryptedContent } = data.encryptedContentInfo;
    if (encryptedContent !== undefined)
      data.encryptedContentInfo.encryptedContent = primitive(encryptedContent);
    return new pkijs.ContentInfo({ contentType: one.contentType, content: data.toSchema() });
  });
}

/** Its class comes with the value: the library below is no dependency of ours. */
function primitive<T extends { getValue(): ArrayBuffer }>(octets: T): T {
  const OctetString = octets.constructor as new (parameters: { valueHex: ArrayBuffer }) => T;
  return new OctetString({ valueHex: octets.getValue() });
}

function bytesOf(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer;
}

/** Attribute ::= SEQUENCE { type, SET OF value } with one value. */
function attribute(pkijs: Pkijs, oid: Buffer, value: Buffer): InstanceType<Pkijs['Attribute']> {
  return pkijs.Attribute.fromBER(bytesOf(tlv(tags.sequence, Buffer.concat([oid, tlv(tags.set, value)]))));
}

/** Values here are short: a name of at most 64 characters, a hash. */
function tlv(tag: number, value: Buffer): Buffer {
  const length =
    value.length < 0x80 ? Buffer.of(value.length) : Buffer.of(0x82, value.length >> 8, value.length & 0xff);
  return Buffer.concat([Buffer.of(tag), length, value]);
}

/** UCS-2, high byte first. */
function bmp(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}
