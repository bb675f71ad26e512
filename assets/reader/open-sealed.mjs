#!/usr/bin/env node
/**
 * Opens one sealed object with the recovery key, on any PC with Node.js 18 or later and without Edge Sync: this one
 * file is all it takes, and it shares no code with the program (docs/sealed-object.md is what it was written from).
 *
 *     node open-sealed.mjs recovery.pem OBJECT.cms IMAGE.dcm
 *
 * IMAGE.dcm appears only when the whole object has been read and its tag is right; nothing that is there is overwritten.
 * Unlike OpenSSL it takes the exact format and no other: a 16-byte tag, AES-256-GCM, no byte behind the end, any size.
 * It cannot prove that the object is yours: the certificate is public. The manifests prove that.
 * Exit: 0 opened; 1 not opened, the reason on stderr; 2 wrong use.
 */
import { createDecipheriv, createHash, createPrivateKey, createPublicKey, diffieHellman, randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, readFileSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const oid = {
  authEnvelopedData: '060b2a864886f70d0109100117',
  data: '06092a864886f70d010701',
  aes256Gcm: '060960864801650304012e',
  aes256Wrap: '060960864801650304012d',
  ecPublicKey: '06072a8648ce3d0201',
  ecdhSha256: '06062b8104010b01',
};
const tagBytes = 16;
const longestHeadBytes = 49 * 1024;
const readBytes = 1024 * 1024;
const p256SpkiPrefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

class Refused extends Error {}
const refuse = (why) => {
  throw new Refused(why);
};

/** Reads the file front to back; never holds more than one step and what was asked for. */
class Source {
  #fd;
  #buffer = Buffer.alloc(0);

  constructor(path) {
    this.#fd = openSync(path, 'r');
  }

  close() {
    closeSync(this.#fd);
  }

  /** Exactly `count` bytes, or a refusal: the file is cut off. */
  take(count) {
    while (this.#buffer.length < count) {
      const more = Buffer.alloc(Math.max(readBytes, count - this.#buffer.length));
      const got = readSync(this.#fd, more, 0, more.length, null);
      if (got === 0) refuse('the object is cut off');
      this.#buffer = Buffer.concat([this.#buffer, more.subarray(0, got)]);
    }
    const taken = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return taken;
  }

  literal(hex, what) {
    if (this.take(hex.length / 2).toString('hex') !== hex) refuse(`${what} is not as it must be`);
  }

  /** A definite length in its shortest form (X.690 10.1), at most `most`. */
  length(most, what) {
    const first = this.take(1)[0];
    let length = first;
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count < 1 || count > 4) refuse(`the length of ${what}`);
      const bytes = this.take(count);
      length = bytes.readUIntBE(0, count);
      if (bytes[0] === 0 || length < 0x80) refuse(`the length of ${what} is not in its shortest form`);
    }
    if (length > most) refuse(`${what} is too long`);
    return length;
  }

  mustEnd() {
    if (this.#buffer.length > 0 || readSync(this.#fd, Buffer.alloc(1), 0, 1, null) > 0) {
      refuse('bytes follow the end of the object');
    }
  }
}

/** Cuts a buffer into definite values: [tag, value] each. */
function* values(bytes, what) {
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at];
    let length = bytes[at + 1] ?? refuse(what);
    at += 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count < 1 || count > 3 || at + count > bytes.length) refuse(what);
      length = bytes.readUIntBE(at, count);
      if (length < 0x80 || bytes[at] === 0) refuse(what);
      at += count;
    }
    if (at + length > bytes.length) refuse(what);
    yield [tag, bytes.subarray(at, at + length)];
    at += length;
  }
}

function main(keyFile, objectFile, outFile) {
  const key = recoveryKey(readFileSync(keyFile));
  const source = new Source(objectFile);
  try {
    const { contentKey, nonce } = readHead(source, key);
    const decipher = createDecipheriv('aes-256-gcm', contentKey, nonce, { authTagLength: tagBytes });
    contentKey.fill(0);
    writeWhenProven(outFile, (write) => {
      for (;;) {
        const tag = source.take(1)[0];
        if (tag === 0x00) {
          source.literal('00', 'the end of the content');
          break;
        }
        if (tag !== 0x04) refuse('the content');
        let left = source.length(2 ** 31, 'a segment');
        if (left === 0) refuse('a segment is empty');
        while (left > 0) {
          const piece = source.take(Math.min(left, readBytes));
          left -= piece.length;
          write(decipher.update(piece));
        }
      }
      source.literal('00000410', 'the place of the tag');
      decipher.setAuthTag(Buffer.from(source.take(tagBytes)));
      source.literal('000000000000', 'the end of the object');
      source.mustEnd();
      try {
        decipher.final();
      } catch {
        refuse('the tag is wrong: the object was changed');
      }
    });
  } finally {
    source.close();
  }
}

/** The private key and the identifier that its entry carries: SHA-1 of the public point (RFC 5280 4.2.1.2). */
function recoveryKey(pem) {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') refuse('the key file holds no P-256 key');
  const point = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-65);
  return { privateKey, keyId: createHash('sha1').update(point).digest() };
}

/** Everything before the first segment. */
function readHead(source, key) {
  source.literal(`3080${oid.authEnvelopedData}a0803080020100`, 'the beginning');
  source.literal('31', 'the list of recipients');
  const list = Buffer.from(source.take(source.length(longestHeadBytes, 'the list of recipients')));
  let contentKey;
  for (const [tag, entry] of values(list, 'the list of recipients')) {
    // A2 is the archive's own entry (a key-encryption key): not for the recovery key.
    if (tag !== 0xa1 && tag !== 0xa2) refuse('a recipient is of an unknown kind');
    if (tag === 0xa1) contentKey ??= keyFromEntry(entry, key);
  }
  source.literal(`3080${oid.data}301e${oid.aes256Gcm}3011040c`, 'the algorithm');
  const nonce = Buffer.from(source.take(12));
  source.literal('020110a080', 'the size of the tag');
  if (contentKey === undefined) refuse('the object was not sealed to this key');
  return { contentKey, nonce };
}

/** KeyAgreeRecipientInfo (RFC 5753) of our shape: originator's point, key identifier, wrapped key. */
const entryPattern = new RegExp(
  `^020103a051a14f3009${oid.ecPublicKey}034200(04[0-9a-f]{128})3015${oid.ecdhSha256}300b${oid.aes256Wrap}` +
    '30443042a0160414([0-9a-f]{40})0428([0-9a-f]{80})$',
);

/** The content key, or undefined when the entry is somebody else's. */
function keyFromEntry(entry, key) {
  const found = entryPattern.exec(entry.toString('hex'));
  if (found === null || found[2] !== key.keyId.toString('hex')) return undefined;
  const publicKey = createPublicKey({
    key: Buffer.concat([p256SpkiPrefix, Buffer.from(found[1], 'hex')]),
    format: 'der',
    type: 'spki',
  });
  const shared = diffieHellman({ privateKey: key.privateKey, publicKey });
  const sharedInfo = Buffer.from(`3015300b${oid.aes256Wrap}a206040400000100`, 'hex');
  const wrapping = createHash('sha256').update(shared).update(Buffer.of(0, 0, 0, 1)).update(sharedInfo).digest();
  return unwrap(wrapping, Buffer.from(found[3], 'hex'));
}

/** AES key unwrap (RFC 3394 2.2.2), by plain AES blocks, since not every build of Node has it as an algorithm. */
function unwrap(kek, wrapped) {
  let a = Buffer.from(wrapped.subarray(0, 8));
  const r = Array.from({ length: 4 }, (_, i) => Buffer.from(wrapped.subarray(8 + 8 * i, 16 + 8 * i)));
  for (let j = 5; j >= 0; j -= 1) {
    for (let i = 4; i >= 1; i -= 1) {
      const t = 4 * j + i;
      a[7] ^= t;
      const block = createDecipheriv('aes-256-ecb', kek, null).setAutoPadding(false);
      const plain = Buffer.concat([block.update(Buffer.concat([a, r[i - 1]])), block.final()]);
      a = plain.subarray(0, 8);
      r[i - 1] = plain.subarray(8);
    }
  }
  if (!a.equals(Buffer.alloc(8, 0xa6))) refuse('the entry for this key was changed');
  return Buffer.concat(r);
}

/** Under a temporary name beside the target until `produce` has returned. */
function writeWhenProven(outFile, produce) {
  const temporary = join(dirname(outFile), `.${basename(outFile)}.${randomBytes(4).toString('hex')}.tmp`);
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    produce((bytes) => {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    });
    fsyncSync(fd);
    closeSync(fd);
    giveName(temporary, outFile);
  } catch (error) {
    try {
      closeSync(fd);
    } catch {
      // It was closed before.
    }
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A link fails where something is; where the file system knows no links, look first. */
function giveName(temporary, outFile) {
  try {
    linkSync(temporary, outFile);
    rmSync(temporary);
  } catch (error) {
    if (error.code === 'EEXIST') refuse(`${outFile} is there already`);
    if (existsSync(outFile)) refuse(`${outFile} is there already`);
    renameSync(temporary, outFile);
  }
}

const [keyFile, objectFile, outFile, ...more] = process.argv.slice(2);
if (outFile === undefined || more.length > 0) {
  console.error('Use: node open-sealed.mjs recovery.pem OBJECT.cms IMAGE.dcm');
  process.exitCode = 2;
} else {
  try {
    main(keyFile, objectFile, outFile);
    console.log(`Opened: ${outFile}`);
  } catch (error) {
    console.error(`Not opened: ${error.message}`);
    process.exitCode = 1;
  }
}
