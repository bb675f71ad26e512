/** Gives an object further recipients without touching its content: only the head is written anew. */
import { tlHeader, formatError } from './der.ts';
import { findContentKey, parseHead, sameRecipient, type EnvelopeHead } from './envelope-head.ts';
import { HeadTemplate } from './envelope-writer.ts';
import { maxRecipients, maxRecipientsBytes, tags } from './profile.ts';
import {
  fillRecipient,
  recipientTemplate,
  type EphemeralKey,
  type OpeningKeys,
  type Recipient,
} from './recipients.ts';

/**
 * Size in bytes of an object's head (everything before the first content segment), or how many bytes of the object
 * are needed to tell. Throws object-format.
 */
export function headSize(
  start: Buffer,
):
  | { readonly tag: 'head'; readonly sizeBytes: number }
  | { readonly tag: 'incomplete'; readonly atLeastBytes: number } {
  const parsed = parseHead(start);
  return parsed.tag === 'incomplete' ? parsed : { tag: 'head', sizeBytes: parsed.head.sizeBytes };
}

/**
 * A new head for the same content, with `recipients` behind those it has; certificates it already names are left as
 * they are. `head` must be one that EnvelopeWriter wrote (indefinite lengths), to the byte before the first segment.
 * Throws object-format, object-no-recipient, object-tampered.
 */
export function addRecipients(
  head: Buffer,
  keys: OpeningKeys,
  recipients: readonly Recipient[],
  newEphemeralKey: () => EphemeralKey,
): Buffer {
  const { recipients: present, recipientsFrom, recipientsTo } = streamedHead(head);
  const missing = recipients.filter((one) => !present.some((entry) => isFor(entry, one)));
  if (missing.length === 0) return Buffer.from(head);
  if (present.length + missing.length > maxRecipients) throw formatError('too many recipients');

  const contentKey = findContentKey(present, keys);
  let ephemeral: EphemeralKey | undefined;
  const added = missing.map((recipient) => {
    const template = recipientTemplate(recipient);
    const info = Buffer.from(template.bytes);
    fillRecipient(info, 0, template, contentKey, () => (ephemeral ??= newEphemeralKey()));
    return info;
  });
  contentKey.fill(0);

  const oldInfos = infosIn(head.subarray(recipientsFrom, recipientsTo));
  const infos = Buffer.concat([oldInfos, ...added]);
  if (infos.length > maxRecipientsBytes) throw formatError('too many recipients');
  return Buffer.concat([
    head.subarray(0, recipientsFrom),
    tlHeader(tags.set, infos.length),
    infos,
    head.subarray(recipientsTo),
  ]);
}

/**
 * A new head for the same content that only `recipients` can open: none of those it has is kept. `head` as for
 * `addRecipients`. Throws object-format, object-no-recipient, object-tampered.
 */
export function replaceRecipients(
  head: Buffer,
  keys: OpeningKeys,
  recipients: readonly Recipient[],
  newEphemeralKey: () => EphemeralKey,
): Buffer {
  const { recipients: present, nonce } = streamedHead(head);
  const contentKey = findContentKey(present, keys);
  try {
    return new HeadTemplate(recipients).fill(contentKey, nonce, newEphemeralKey);
  } finally {
    contentKey.fill(0);
  }
}

/** `head` whole, as EnvelopeWriter writes it. Throws object-format. */
function streamedHead(head: Buffer): EnvelopeHead {
  const parsed = parseHead(head);
  if (parsed.tag === 'incomplete' || parsed.head.sizeBytes !== head.length) {
    throw formatError('this is not a whole head');
  }
  if (!isStreamed(parsed.head)) throw formatError('the head has definite lengths');
  return parsed.head;
}

function isStreamed(head: EnvelopeHead): boolean {
  return (
    head.content.tag === 'segments' &&
    head.content.end === 'indefinite' &&
    Object.values(head.ends).every((end) => end === 'indefinite')
  );
}

function isFor(entry: EnvelopeHead['recipients'][number], recipient: Recipient): boolean {
  return recipient.tag === 'kek'
    ? entry.tag === 'kek' && entry.keyId.equals(recipient.keyId)
    : entry.tag === 'agreement' && sameRecipient(entry.id, recipient.id);
}

function infosIn(set: Buffer): Buffer {
  const first = set[1] ?? 0;
  return set.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f));
}
