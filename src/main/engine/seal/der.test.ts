import { describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { DerReader, MoreBytesNeeded, tlHeader, tlv } from './der.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const reader = (text: string, short: 'growing' | 'whole' = 'whole'): DerReader =>
  new DerReader(hex(text), short);

describe('writing', () => {
  it.each([
    [0, '0400'],
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [262_144, '0483040000'],
    [2 ** 36 - 32, '04850fffffffe0'],
  ])('a length of %d has its shortest form', (size, expected) => {
    expect(tlHeader(0x04, size).toString('hex')).toBe(expected);
  });

  it('puts parts behind one header', () => {
    expect(tlv(0x30, hex('020100'), hex('0500')).toString('hex')).toBe('30050201000500');
  });
});

describe('reading', () => {
  it('gives the content of a definite value', () => {
    expect(reader('0403 010203').value(0x04, 3, 'x')).toEqual(hex('010203'));
  });

  it.each([
    ['04810100', 'a long form where the short one fits'],
    ['0482000401020304', 'a leading zero in the length'],
    ['0487000000000000010a', 'seven length octets'],
    ['04ff', 'the reserved length form'],
    ['0480', 'an indefinite length where none may be'],
    ['0404010203', 'a length beyond the structure'],
    ['0503010203', 'another tag'],
    ['1f8101020304', 'a multi-byte tag'],
  ])('refuses %s: %s', (bytes) => {
    expect(() => reader(bytes).value(0x04, 300, 'x')).toThrow(EdgeSyncError);
  });

  it('refuses a value above its limit before it looks for its bytes', () => {
    expect(() => reader('0485 0fffffffff', 'growing').value(0x04, 64, 'x')).toThrow(EdgeSyncError);
  });

  it('asks for exactly the bytes that are missing while more may come', () => {
    expect.assertions(2);
    try {
      reader('0405 0102', 'growing').value(0x04, 64, 'x');
    } catch (error) {
      expect(error).toBeInstanceOf(MoreBytesNeeded);
      expect((error as MoreBytesNeeded).atLeastBytes).toBe(7);
    }
  });

  it('finds the first wrong byte of a literal before the rest has come', () => {
    expect(() => reader('0609 2b', 'growing').literal(hex('0609 2a8648'), 'oid')).toThrow(EdgeSyncError);
  });

  it('keeps a reader of a part inside that part', () => {
    const inner = reader('3003 0201 05 0400').enter(0x30, 10, 'x');
    expect(inner.raw(0x02, 10, 'x')).toEqual(hex('020105'));
    expect(inner.atEnd).toBe(true);
    expect(() => inner.value(0x04, 10, 'x')).toThrow(EdgeSyncError);
  });
});
