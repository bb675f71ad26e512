import { describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { openOutcome, testArchive } from '../../../../test/support/sealing.ts';
import { recoveryRecipient } from '../keys/recovery-key.ts';
import { addRecipients, headSize } from './add-recipients.ts';
import { EnvelopeWriters, sealWhole } from './envelope-writer.ts';
import { maxRecipients } from './profile.ts';
import { generateEphemeralKey, type OpeningKeys } from './recipients.ts';

const archive = testArchive();
const keys: OpeningKeys = { kek: (id) => archive.keys.kekById(id), agreements: [] };
const beforeEnrolment = new EnvelopeWriters(new FakeRandom('early'), [archive.keys.kekRecipient(1)], null);
const content = new FakeRandom('content').bytes(700_000);
const early = sealWhole(beforeEnrolment, content);
const recovery = recoveryRecipient(archive.recovery);

function split(object: Buffer): readonly [Buffer, Buffer] {
  const size = headSize(object);
  if (size.tag === 'incomplete') throw new Error('incomplete');
  return [object.subarray(0, size.sizeBytes), object.subarray(size.sizeBytes)];
}

const [head, rest] = split(early);
const add = (to: Buffer): Buffer => addRecipients(to, keys, [recovery], generateEphemeralKey);

describe('a recipient added afterwards', () => {
  it('opens the object, as the archive key still does; the content was not touched', () => {
    expect(openOutcome(archive.byRecovery, early, content)).toBe('object-no-recipient');
    const renewed = Buffer.concat([add(head), rest]);
    expect(openOutcome(archive.byRecovery, renewed, content)).toBe('ok');
    expect(openOutcome(archive.byKek, renewed, content)).toBe('ok');
    expect(renewed.subarray(renewed.length - rest.length).equals(rest)).toBe(true);
  });

  it('is not added twice', () => {
    const once = add(head);
    expect(add(once).equals(once)).toBe(true);
  });

  it('can be one of several, up to the most an object may have', () => {
    const others = Array.from({ length: maxRecipients - 1 }, (_, i) =>
      recoveryRecipient(testArchive(`partner ${i}`).recovery),
    );
    const full = addRecipients(head, keys, others, generateEphemeralKey);
    expect(openOutcome(testArchive('partner 40').byRecovery, Buffer.concat([full, rest]), content)).toBe(
      'ok',
    );
    expect(() => add(full)).toThrow('too many recipients');
  });

  it('needs a key that opens the object', () => {
    const stranger: OpeningKeys = { kek: () => undefined, agreements: [] };
    expect(() => addRecipients(head, stranger, [recovery], generateEphemeralKey)).toThrow(
      'not sealed for this key',
    );
  });

  it('is refused for less or more than a head', () => {
    expect(() => add(head.subarray(0, head.length - 1))).toThrow('not a whole head');
    expect(() => add(early.subarray(0, head.length + 1))).toThrow('not a whole head');
  });
});

describe('the size of a head', () => {
  it('is known once enough of the object is there, and says how much that is', () => {
    expect(headSize(early.subarray(0, 10))).toEqual({ tag: 'incomplete', atLeastBytes: 15 });
    expect(headSize(head)).toEqual({ tag: 'head', sizeBytes: head.length });
  });
});
