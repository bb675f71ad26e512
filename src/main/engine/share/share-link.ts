/** The key of a shared link, and how a link is spelt. The viewer derives the same (docs/sharing.md). */
import { hkdfSync, scrypt } from 'node:crypto';
import type { Random } from '../ports.ts';
import { Secret } from '../system/secret.ts';

export const linkSecretBytes = 32;
export const passcodeSaltBytes = 16;
/** N = 2^17 with r = 8: 128 MiB and about half a second in a browser; RFC 7914, OWASP's recommendation of 2024. */
export const scryptLogN = 17;
const scryptBlockSize = 8;
const kekBytes = 32;
const kekInfo = 'edge-sync share kek v1';

export interface LinkKey {
  /** Wraps the content key of every object of the share. */
  readonly kek: Secret;
  /** The last part of the link. Secret: whoever has it (and the passcode, if there is one) reads the study. */
  readonly keyPart: Secret;
}

/** A fresh key; with a passcode, nobody who has the link alone gets it. */
export async function newLinkKey(passcode: Secret | undefined, random: Random): Promise<LinkKey> {
  const secret = random.bytes(linkSecretBytes);
  try {
    if (passcode === undefined) {
      return {
        kek: deriveKek(secret, undefined),
        keyPart: Secret.fromText(`k.${secret.toString('base64url')}`),
      };
    }
    const salt = random.bytes(passcodeSaltBytes);
    const stretched = await stretch(passcode, salt, scryptLogN);
    return {
      kek: deriveKek(secret, stretched),
      keyPart: Secret.fromText(
        ['p', secret.toString('base64url'), salt.toString('base64url'), scryptLogN].join('.'),
      ),
    };
  } finally {
    secret.fill(0);
  }
}

/** `viewer#v1.<index address>.<key part>`; the fragment never leaves the browser (RFC 9110 4.2.5). */
export function linkText(viewer: string, indexUrl: string, keyPart: Secret): Secret {
  const address = Buffer.from(indexUrl, 'utf8').toString('base64url');
  return Secret.fromText(`${viewer}#v1.${address}.${keyPart.revealText()}`);
}

/** HKDF-SHA256 (RFC 5869) without salt over the link's secret, and the stretched passcode behind it. */
function deriveKek(secret: Buffer, stretched: Buffer | undefined): Secret {
  const material = stretched === undefined ? Buffer.from(secret) : Buffer.concat([secret, stretched]);
  const kek = Buffer.from(hkdfSync('sha256', material, Buffer.alloc(0), kekInfo, kekBytes));
  material.fill(0);
  stretched?.fill(0);
  const kept = Secret.from(kek);
  kek.fill(0);
  return kept;
}

/** scrypt (RFC 7914) over the passcode in NFKC, so that it is the same however it was typed. */
function stretch(passcode: Secret, salt: Buffer, logN: number): Promise<Buffer> {
  const typed = Buffer.from(passcode.revealText().normalize('NFKC'), 'utf8');
  const cost = 2 ** logN;
  const memoryBytes = 128 * cost * scryptBlockSize;
  return new Promise((resolve, reject) => {
    scrypt(
      typed,
      salt,
      kekBytes,
      { cost, blockSize: scryptBlockSize, parallelization: 1, maxmem: memoryBytes + 32 * 1024 * 1024 },
      (error, key) => {
        typed.fill(0);
        if (error === null) resolve(key);
        else reject(error);
      },
    );
  });
}
