import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { EnvelopeWriters, sealWhole } from '../../main/engine/seal/envelope-writer.ts';
import { Secret } from '../../main/engine/system/secret.ts';
import { FakeRandom } from '../../../test/fakes/fake-random.ts';
import { largestSealedBytes, openSealed } from './sealed-object.ts';

const shareId = '00112233445566778899aabbccddeeff';
const kekBytes = Buffer.alloc(32, 7);

function seal(content: Buffer, keyIds: readonly string[] = [shareId]): Buffer {
  const recipients = keyIds.map((id) => ({
    tag: 'kek' as const,
    keyId: Buffer.from(id, 'hex'),
    kek: Secret.from(Buffer.from(kekBytes)),
  }));
  return sealWhole(new EnvelopeWriters(new FakeRandom('seal'), recipients, null), content);
}

function importKek(bytes: Uint8Array = kekBytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', Uint8Array.from(bytes), 'AES-KW', false, ['unwrapKey']);
}

/** `ok`, or the problem's code; "wrong content" when other bytes come out. */
async function outcome(sealed: Uint8Array, content: Buffer, kek?: CryptoKey): Promise<string> {
  try {
    const opened = await openSealed(Uint8Array.from(sealed), kek ?? (await importKek()), shareId);
    return content.equals(opened) ? 'ok' : 'wrong content';
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error);
  }
}

it.each([0, 1, 1000, 262_143, 262_144, 262_145, 900_000])(
  'opens what the engine seals, and its size is within the bound: %i bytes',
  async (size) => {
    const content = randomBytes(size);
    const sealed = seal(content);
    expect(await outcome(sealed, content)).toBe('ok');
    expect(sealed.length).toBeLessThanOrEqual(largestSealedBytes(size));
  },
);

it('refuses every single flipped byte', async () => {
  const content = randomBytes(64);
  const sealed = seal(content);
  const kek = await importKek();
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    expect([at, await outcome(changed, content, kek)]).toEqual([
      at,
      expect.stringMatching(/^(damaged|other-share|key-wrong)$/),
    ]);
  }
});

it('refuses an object cut at any byte, and bytes behind its end', async () => {
  const content = randomBytes(64);
  const sealed = seal(content);
  const kek = await importKek();
  for (let size = 0; size < sealed.length; size += 1) {
    expect(await outcome(sealed.subarray(0, size), content, kek)).toBe('damaged');
  }
  expect(await outcome(Buffer.concat([sealed, Buffer.of(0)]), content, kek)).toBe('damaged');
});

it('refuses segments that were exchanged', async () => {
  const content = randomBytes(600_000);
  const sealed = seal(content);
  const segment = 5 + 262_144;
  const from = sealed.indexOf(Buffer.from('0483040000', 'hex'));
  const [before, first, second, after] = [
    sealed.subarray(0, from),
    sealed.subarray(from, from + segment),
    sealed.subarray(from + segment, from + 2 * segment),
    sealed.subarray(from + 2 * segment),
  ];
  expect(await outcome(Buffer.concat([before, second, first, after]), content)).toBe('damaged');
});

it('takes only the one recipient that belongs to the share', async () => {
  const content = randomBytes(10);
  expect(await outcome(seal(content, ['ffeeddccbbaa99887766554433221100']), content)).toBe('other-share');
  expect(await outcome(seal(content, [shareId, shareId]), content)).toBe('damaged');
  expect(await outcome(seal(content), content, await importKek(Buffer.alloc(32, 8)))).toBe('key-wrong');
});
