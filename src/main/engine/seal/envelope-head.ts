/** Reads everything before the content of a sealed object, and finds the content key in it. */
import { assertNever } from '../../../shared/assert-never.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { DerReader, formatError, MoreBytesNeeded, type End } from './der.ts';
import {
  aes256Wrap,
  ecPublicKey,
  ecPublicKeyNull,
  ecPublicKeyP256,
  ecdhWithAes256Wrap,
  gcmAfterNonce,
  gcmBeforeNonce,
  maxContentBytes,
  maxHeadBytes,
  maxKeyIdBytes,
  maxRecipients,
  maxRecipientsBytes,
  maxUkmBytes,
  nonceBytes,
  oidAuthEnvelopedData,
  oidData,
  pointCoordinatesBytes,
  pointPrefix,
  tags,
  version0,
  version3,
  version4,
  wrappedKeyBytes,
} from './profile.ts';
import {
  agreeWrappingKey,
  isContentKey,
  publicKeyFromCoordinates,
  unwrapKey,
  type OpeningKeys,
  type RecipientId,
} from './recipients.ts';

export type RecipientEntry =
  | { readonly tag: 'kek'; readonly keyId: Buffer; readonly wrappedKey: Buffer }
  | {
      readonly tag: 'agreement';
      readonly coordinates: Buffer;
      readonly ukm: Buffer | undefined;
      readonly id: RecipientId;
      readonly wrappedKey: Buffer;
    };

export interface EnvelopeHead {
  readonly sizeBytes: number;
  readonly recipients: readonly RecipientEntry[];
  /** Where the recipients' SET starts and ends, tag included. */
  readonly recipientsFrom: number;
  readonly recipientsTo: number;
  readonly nonce: Buffer;
  readonly content:
    { readonly tag: 'whole'; readonly sizeBytes: number } | { readonly tag: 'segments'; readonly end: End };
  /** Ends of ContentInfo, its [0], AuthEnvelopedData and EncryptedContentInfo. */
  readonly ends: {
    readonly contentInfo: End;
    readonly explicit: End;
    readonly authEnvelopedData: End;
    readonly encryptedContentInfo: End;
  };
}

export type HeadParse =
  | { readonly tag: 'head'; readonly head: EnvelopeHead }
  | { readonly tag: 'incomplete'; readonly atLeastBytes: number };

/**
 * `bytes` is the start of an object, however long. The head's buffers are views into it.
 * Throws object-format as soon as a byte is outside the profile.
 */
export function parseHead(bytes: Buffer): HeadParse {
  try {
    return { tag: 'head', head: readHead(new DerReader(bytes, 'growing')) };
  } catch (error) {
    if (!(error instanceof MoreBytesNeeded)) throw error;
    if (error.atLeastBytes > maxHeadBytes) throw formatError('the head is too long');
    return { tag: 'incomplete', atLeastBytes: error.atLeastBytes };
  }
}

function readHead(reader: DerReader): EnvelopeHead {
  const contentInfo = reader.container(tags.sequence, 'ContentInfo');
  reader.literal(oidAuthEnvelopedData, 'content type');
  const explicit = reader.container(tags.context0, 'content');
  const authEnvelopedData = reader.container(tags.sequence, 'AuthEnvelopedData');
  reader.literal(version0, 'version');
  const recipientsFrom = reader.position;
  const recipients = readRecipients(reader.enter(tags.set, maxRecipientsBytes, 'recipientInfos'));
  const recipientsTo = reader.position;
  const encryptedContentInfo = reader.container(tags.sequence, 'EncryptedContentInfo');
  reader.literal(oidData, 'inner content type');
  reader.literal(gcmBeforeNonce, 'content encryption');
  const nonce = reader.take(nonceBytes);
  reader.literal(gcmAfterNonce, 'tag length');
  const content = readContentHeader(reader);
  return {
    sizeBytes: reader.position,
    recipients,
    recipientsFrom,
    recipientsTo,
    nonce,
    content,
    ends: { contentInfo, explicit, authEnvelopedData, encryptedContentInfo },
  };
}

function readContentHeader(reader: DerReader): EnvelopeHead['content'] {
  if (reader.peek() !== tags.content) {
    return { tag: 'segments', end: reader.container(tags.context0, 'encryptedContent') };
  }
  const end = reader.container(tags.content, 'encryptedContent');
  if (end === 'indefinite') throw formatError('encryptedContent');
  const sizeBytes = end - reader.position;
  if (sizeBytes > maxContentBytes) throw formatError('encryptedContent is too long');
  return { tag: 'whole', sizeBytes };
}

function readRecipients(set: DerReader): RecipientEntry[] {
  const entries: RecipientEntry[] = [];
  while (!set.atEnd) {
    if (entries.length === maxRecipients) throw formatError('too many recipients');
    entries.push(set.peek() === tags.context2 ? readKek(set) : readAgreement(set));
  }
  if (entries.length === 0) throw formatError('no recipients');
  return entries;
}

/** KEKRecipientInfo (RFC 5652 6.2.3), without date and other attributes. */
function readKek(set: DerReader): RecipientEntry {
  const what = 'KEKRecipientInfo';
  const info = set.enter(tags.context2, maxRecipientsBytes, what);
  info.literal(version4, what);
  const kekId = info.enter(tags.sequence, maxKeyIdBytes + 2, what);
  const keyId = kekId.value(tags.octetString, maxKeyIdBytes, what);
  kekId.finish(what);
  info.literal(aes256Wrap, what);
  const wrappedKey = readWrappedKey(info, what);
  info.finish(what);
  return { tag: 'kek', keyId, wrappedKey };
}

/** KeyAgreeRecipientInfo (RFC 5652 6.2.2, RFC 5753 3.1.1) with one encrypted key. */
function readAgreement(set: DerReader): RecipientEntry {
  const what = 'KeyAgreeRecipientInfo';
  const info = set.enter(tags.context1, maxRecipientsBytes, what);
  info.literal(version3, what);
  const originator = info.enter(tags.context0, 128, what);
  const originatorKey = originator.enter(tags.context1, 128, what);
  originator.finish(what);
  originatorKey.literal(originatorAlgorithm(originatorKey), what);
  originatorKey.literal(pointPrefix, what);
  const coordinates = originatorKey.take(pointCoordinatesBytes);
  originatorKey.finish(what);
  const ukm = info.peek() === tags.context1 ? readUkm(info, what) : undefined;
  info.literal(ecdhWithAes256Wrap, what);
  const keys = info.enter(tags.sequence, maxRecipientsBytes, what);
  info.finish(what);
  const key = keys.enter(tags.sequence, maxRecipientsBytes, what);
  keys.finish(what);
  const id = readRecipientId(key, what);
  const wrappedKey = readWrappedKey(key, what);
  key.finish(what);
  return { tag: 'agreement', coordinates, ukm, id, wrappedKey };
}

/** The three spellings are told apart by the length byte. */
function originatorAlgorithm(reader: DerReader): Buffer {
  const length = reader.bytes[reader.position + 1];
  if (length === ecPublicKeyNull[1]) return ecPublicKeyNull;
  return length === ecPublicKeyP256[1] ? ecPublicKeyP256 : ecPublicKey;
}

function readUkm(info: DerReader, what: string): Buffer {
  const explicit = info.enter(tags.context1, maxUkmBytes + 2, what);
  const ukm = explicit.value(tags.octetString, maxUkmBytes, what);
  explicit.finish(what);
  return ukm;
}

function readRecipientId(key: DerReader, what: string): RecipientId {
  if (key.peek() === tags.sequence) {
    return { tag: 'issuer-serial', der: key.raw(tags.sequence, maxRecipientsBytes, what) };
  }
  const rKeyId = key.enter(tags.context0, maxKeyIdBytes + 2, what);
  const keyId = rKeyId.value(tags.octetString, maxKeyIdBytes, what);
  rKeyId.finish(what);
  return { tag: 'key-id', keyId };
}

function readWrappedKey(reader: DerReader, what: string): Buffer {
  const wrapped = reader.value(tags.octetString, wrappedKeyBytes, what);
  if (wrapped.length !== wrappedKeyBytes) throw formatError(what);
  return wrapped;
}

/**
 * The content key, from the first entry that one of our keys unwraps. Throws object-no-recipient when none is ours,
 * object-tampered when ours do not unwrap, object-format for an originator's point that is not on the curve.
 */
export function findContentKey(recipients: readonly RecipientEntry[], keys: OpeningKeys): Uint8Array {
  let failure: EdgeSyncError | undefined;
  for (const entry of recipients) {
    const result = tryEntry(entry, keys);
    if (result.tag === 'key') return result.contentKey;
    if (result.tag === 'failed') failure = result.error;
  }
  throw failure ?? new EdgeSyncError('object-no-recipient');
}

type EntryResult =
  | { readonly tag: 'key'; readonly contentKey: Uint8Array }
  | { readonly tag: 'not-ours' }
  | { readonly tag: 'failed'; readonly error: EdgeSyncError };

function tryEntry(entry: RecipientEntry, keys: OpeningKeys): EntryResult {
  switch (entry.tag) {
    case 'kek': {
      const kek = keys.kek(entry.keyId);
      return kek === undefined ? { tag: 'not-ours' } : unwrapped(kek.reveal(), entry.wrappedKey);
    }
    case 'agreement': {
      const ours = keys.agreements.find((key) => key.ids.some((id) => sameRecipient(id, entry.id)));
      if (ours === undefined) return { tag: 'not-ours' };
      let wrapping: Buffer;
      try {
        wrapping = agreeWrappingKey(ours.privateKey, publicKeyFromCoordinates(entry.coordinates), entry.ukm);
      } catch {
        return { tag: 'failed', error: formatError('the originator’s key is not on the curve') };
      }
      const result = unwrapped(wrapping, entry.wrappedKey);
      wrapping.fill(0);
      return result;
    }
    default:
      return assertNever(entry);
  }
}

function unwrapped(kek: Uint8Array, wrappedKey: Uint8Array): EntryResult {
  const contentKey = unwrapKey(kek, wrappedKey);
  return isContentKey(contentKey)
    ? { tag: 'key', contentKey }
    : { tag: 'failed', error: new EdgeSyncError('object-tampered', 'the wrapped key does not verify') };
}

export function sameRecipient(a: RecipientId, b: RecipientId): boolean {
  switch (a.tag) {
    case 'key-id':
      return b.tag === 'key-id' && a.keyId.equals(b.keyId);
    case 'issuer-serial':
      return b.tag === 'issuer-serial' && a.der.equals(b.der);
    default:
      return assertNever(a);
  }
}
