import { describe, expect, test } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { isUsableUid, isWellFormedUid, newUid, unpadUid } from './uid.ts';

describe('a fresh UID', () => {
  test('is a UUID of version 4 under 2.25, well formed, and another each time', () => {
    const random = new FakeRandom();
    const uids = Array.from({ length: 200 }, () => newUid(random));
    expect(new Set(uids).size).toBe(200);
    for (const uid of uids) {
      expect(isWellFormedUid(uid)).toBe(true);
      const digits = BigInt(uid.slice('2.25.'.length)).toString(16).padStart(32, '0');
      expect(digits[12]).toBe('4');
      expect('89ab').toContain(digits[16]);
    }
  });
});

describe('a UID from outside', () => {
  test('loses its padding only', () => {
    expect(unpadUid(Buffer.from('1.2.3\0'))).toBe('1.2.3');
    expect(unpadUid(Buffer.from(' 1.2.3 \0 '))).toBe('1.2.3');
    expect(unpadUid(Buffer.from('\0\0'))).toBe('');
    expect(unpadUid(Buffer.from('1\x002'))).toBe('1\x002');
  });

  test('is well formed only by PS3.5 section 9', () => {
    for (const uid of ['1.2.840', '2.25.0', '1.02']) expect(isWellFormedUid(uid)).toBe(true);
    for (const uid of ['', '.', '..', '1..2', '1.', '.1', '1.2a', ' 1', '1.2\n', '1'.repeat(65)]) {
      expect(isWellFormedUid(uid)).toBe(false);
    }
  });

  test('is usable when it is short printable ASCII', () => {
    for (const uid of ['1.2', '..', '1.2a', '1'.repeat(64)]) expect(isUsableUid(uid)).toBe(true);
    for (const uid of ['', '1 2', '1\n', '1\0', '1'.repeat(65), 'é']) expect(isUsableUid(uid)).toBe(false);
  });
});
