/** Writes sealed objects in one pass; see docs/sealed-object.md for every byte. */
import { createCipheriv, createSecretKey, type CipherGCM } from 'node:crypto';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Random } from '../ports.ts';
import { tlHeader } from './der.ts';
import {
  contentKeyBytes,
  gcmAfterNonce,
  gcmBeforeNonce,
  maxContentBytes,
  maxRecipients,
  nonceBytes,
  oidAuthEnvelopedData,
  oidData,
  segmentBytes,
  tagBytes,
  tags,
  version0,
} from './profile.ts';
import {
  fillRecipient,
  generateEphemeralKey,
  recipientTemplate,
  type EphemeralKey,
  type Recipient,
  type RecipientTemplate,
} from './recipients.ts';
import type { Sealer, SealerFactory } from './seal-port.ts';

/** Chunks below this are gathered first: a cipher call costs about as much as copying this much. */
const directBytes = 16 * 1024;
const stagingBytes = 64 * 1024;

/** 00 00 (content) 00 00 (EncryptedContentInfo) 04 10 <tag> 00 00 00 00 00 00. */
const trailerBeforeTag = Buffer.from('000000000410', 'hex');
const trailerAfterTagBytes = 6;

/** Everything that two objects for the same recipients have in common. */
export class HeadTemplate {
  readonly #bytes: Buffer;
  readonly #recipients: readonly { readonly at: number; readonly template: RecipientTemplate }[];
  readonly #nonceAt: number;

  /** Recipients are written in the order given: the KEK first, then certificates. At least one, at most 64. */
  constructor(recipients: readonly Recipient[]) {
    if (recipients.length === 0 || recipients.length > maxRecipients) {
      throw new RangeError(`an object has 1 to ${maxRecipients} recipients`);
    }
    const templates = recipients.map(recipientTemplate);
    const infos = templates.map((template) => template.bytes);
    const before = Buffer.concat([
      Buffer.from('3080', 'hex'),
      oidAuthEnvelopedData,
      Buffer.from('a0803080', 'hex'),
      version0,
      tlHeader(
        tags.set,
        infos.reduce((sum, info) => sum + info.length, 0),
      ),
    ]);
    let at = before.length;
    this.#recipients = templates.map((template) => {
      const placed = { at, template };
      at += template.bytes.length;
      return placed;
    });
    const contentInfo = Buffer.concat([Buffer.from('3080', 'hex'), oidData, gcmBeforeNonce]);
    this.#nonceAt = at + contentInfo.length;
    this.#bytes = Buffer.concat([
      before,
      ...infos,
      contentInfo,
      Buffer.alloc(nonceBytes),
      gcmAfterNonce,
      Buffer.from('a080', 'hex'),
    ]);
  }

  /** A head for this content key and nonce. One ephemeral key serves all certificates of the object. */
  fill(contentKey: Uint8Array, nonce: Uint8Array, newEphemeralKey: () => EphemeralKey): Buffer {
    const head = Buffer.from(this.#bytes);
    head.set(nonce, this.#nonceAt);
    let ephemeral: EphemeralKey | undefined;
    for (const { at, template } of this.#recipients) {
      fillRecipient(head, at, template, contentKey, () => (ephemeral ??= newEphemeralKey()));
    }
    return head;
  }
}

/** What makes an object unlike any other. Fixed only to make test vectors. */
export interface ObjectSecrets {
  /** 32 bytes; wiped by the writer. */
  readonly contentKey: Buffer;
  /** 12 bytes. */
  readonly nonce: Buffer;
  newEphemeralKey(): EphemeralKey;
}

/** One object's own secrets with its head. Serves one writer. */
export interface PreparedObject {
  /** 32 bytes; wiped by the writer. */
  readonly contentKey: Buffer;
  /** 12 bytes. */
  readonly nonce: Buffer;
  readonly head: Buffer;
}

export function prepareObject(template: HeadTemplate, secrets: ObjectSecrets): PreparedObject {
  const { contentKey, nonce } = secrets;
  return { contentKey, nonce, head: template.fill(contentKey, nonce, () => secrets.newEphemeralKey()) };
}

export class EnvelopeWriter implements Sealer {
  readonly head: Buffer;
  readonly #cipher: CipherGCM;
  readonly #segmentBytes: number;
  readonly #fullSegmentHeader: Buffer;
  #sealedBytes = 0;
  /** Plaintext of small chunks, waiting for company. */
  #staging: Buffer | undefined;
  #staged = 0;
  /** Ciphertext of the segment that fills. */
  #segment: Buffer[] = [];
  #segmentFilled = 0;
  #state: 'open' | 'finished' = 'open';

  constructor({ contentKey, nonce, head }: PreparedObject, segmentSize = segmentBytes) {
    this.#segmentBytes = segmentSize;
    this.#fullSegmentHeader =
      segmentSize === segmentBytes ? fullSegmentHeader : tlHeader(tags.octetString, segmentSize);
    this.head = head;
    // A key object: see Secret.asKey.
    this.#cipher = createCipheriv('aes-256-gcm', createSecretKey(contentKey), nonce, {
      authTagLength: tagBytes,
    });
    contentKey.fill(0);
  }

  /** See Sealer. Throws once the content passes GCM's ceiling of 64 GiB. */
  update(plaintext: Uint8Array, out: Buffer[]): void {
    this.#mustBeOpen();
    this.#sealedBytes += plaintext.length;
    if (this.#sealedBytes > maxContentBytes) {
      throw new EdgeSyncError('internal', 'an object can hold 64 GiB at most');
    }
    if (plaintext.length >= directBytes) {
      this.#flushStaging(out);
      for (let at = 0; at < plaintext.length; at += this.#segmentBytes) {
        this.#emit(this.#cipher.update(plaintext.subarray(at, at + this.#segmentBytes)), out);
      }
      return;
    }
    const staging = (this.#staging ??= Buffer.allocUnsafeSlow(stagingBytes));
    if (this.#staged + plaintext.length > staging.length) this.#flushStaging(out);
    staging.set(plaintext, this.#staged);
    this.#staged += plaintext.length;
  }

  finish(out: Buffer[]): void {
    this.#mustBeOpen();
    this.#state = 'finished';
    this.#flushStaging(out);
    this.#staging?.fill(0);
    this.#staging = undefined;
    this.#cipher.final();
    if (this.#segmentFilled > 0) {
      out.push(tlHeader(tags.octetString, this.#segmentFilled), ...this.#segment);
      this.#segment = [];
    }
    const trailer = Buffer.alloc(trailerBeforeTag.length + tagBytes + trailerAfterTagBytes);
    trailer.set(trailerBeforeTag);
    trailer.set(this.#cipher.getAuthTag(), trailerBeforeTag.length);
    out.push(trailer);
  }

  #mustBeOpen(): void {
    if (this.#state !== 'open') throw new Error('the object is finished');
  }

  #flushStaging(out: Buffer[]): void {
    if (this.#staged === 0 || this.#staging === undefined) return;
    const staged = this.#staging.subarray(0, this.#staged);
    this.#staged = 0;
    this.#emit(this.#cipher.update(staged), out);
  }

  #emit(ciphertext: Buffer, out: Buffer[]): void {
    let rest = ciphertext;
    for (;;) {
      const room = this.#segmentBytes - this.#segmentFilled;
      if (rest.length < room) {
        if (rest.length === 0) return;
        this.#segment.push(rest);
        this.#segmentFilled += rest.length;
        return;
      }
      out.push(this.#fullSegmentHeader);
      for (const piece of this.#segment) out.push(piece);
      out.push(rest.length === room ? rest : rest.subarray(0, room));
      this.#segment = [];
      this.#segmentFilled = 0;
      rest = rest.subarray(room);
    }
  }
}

const fullSegmentHeader = tlHeader(tags.octetString, segmentBytes);

/**
 * Most objects prepared at once. Right after half a megabyte went through the caches, an agreement and two wraps cost
 * twice of what they cost one after the other.
 */
const maxPrepared = 16;

/**
 * Makes writers for a list of recipients that may change (enrolment, a new epoch); the next object follows at once.
 * Objects are prepared in runs of 1, 2, 4 ... 16, so that who seals one thing pays for one. What waits holds no more
 * than this process holds anyway: the KEK opens every object.
 */
export class EnvelopeWriters implements SealerFactory {
  readonly #random: Random;
  #template: HeadTemplate;
  #recoveryFingerprint: string | null;
  #prepared: PreparedObject[] = [];
  #nextRun = 1;

  constructor(random: Random, recipients: readonly Recipient[], recoveryFingerprint: string | null) {
    this.#random = random;
    this.#template = new HeadTemplate(recipients);
    this.#recoveryFingerprint = recoveryFingerprint;
  }

  get recoveryFingerprint(): string | null {
    return this.#recoveryFingerprint;
  }

  setRecipients(recipients: readonly Recipient[], recoveryFingerprint: string | null): void {
    this.#template = new HeadTemplate(recipients);
    this.#recoveryFingerprint = recoveryFingerprint;
    for (const { contentKey } of this.#prepared) contentKey.fill(0);
    this.#prepared = [];
    this.#nextRun = 1;
  }

  create(): Sealer {
    return new EnvelopeWriter(this.#prepared.pop() ?? this.#prepareRun());
  }

  /** Fills the empty stock and takes the one more that is asked for. */
  #prepareRun(): PreparedObject {
    for (let more = 1; more < this.#nextRun; more += 1) this.#prepared.push(this.#prepare());
    this.#nextRun = Math.min(2 * this.#nextRun, maxPrepared);
    return this.#prepare();
  }

  #prepare(): PreparedObject {
    const bytes = this.#random.bytes(contentKeyBytes + nonceBytes);
    return prepareObject(this.#template, {
      contentKey: bytes.subarray(0, contentKeyBytes),
      nonce: bytes.subarray(contentKeyBytes),
      newEphemeralKey: generateEphemeralKey,
    });
  }
}

/** Seals `content` whole: for small things such as the archive key and the drill's test object. */
export function sealWhole(factory: SealerFactory, content: Uint8Array): Buffer {
  const sealer = factory.create();
  const out: Buffer[] = [sealer.head];
  sealer.update(content, out);
  sealer.finish(out);
  return Buffer.concat(out);
}
