import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isAcceptedTransferSyntax, preferTransferSyntax, transferSyntaxes } from './transfer-syntaxes.ts';
import { needs } from '../../../../test/support/tools.ts';

const explicitLe = '1.2.840.10008.1.2.1';
const implicitLe = '1.2.840.10008.1.2';
const bigEndian = '1.2.840.10008.1.2.2';
const deflated = '1.2.840.10008.1.2.1.99';
const jpegLossless = '1.2.840.10008.1.2.4.70';
const rle = '1.2.840.10008.1.2.5';
const jpegBaseline = '1.2.840.10008.1.2.4.50';
const jpeg2000 = '1.2.840.10008.1.2.4.91';

describe('preferTransferSyntax', () => {
  test('goes explicit, implicit, lossless, big endian, deflated, whatever order the peer offers', () => {
    const worstFirst = [jpegBaseline, deflated, bigEndian, rle, implicitLe, explicitLe];
    const chosen: (string | undefined)[] = [];
    for (let left = worstFirst.length; left > 0; left -= 1) {
      chosen.push(preferTransferSyntax(worstFirst.slice(0, left)));
    }
    expect(chosen).toEqual([explicitLe, implicitLe, rle, bigEndian, deflated, jpegBaseline]);
  });

  test('takes a lossy syntax only where nothing else that is stored is offered', () => {
    expect(preferTransferSyntax([jpegBaseline])).toBe(jpegBaseline);
    expect(preferTransferSyntax([jpegBaseline, '1.2.3.4'])).toBe(jpegBaseline);
    expect(preferTransferSyntax([jpegBaseline, deflated])).toBe(deflated);
    expect(preferTransferSyntax([jpeg2000, jpegLossless])).toBe(jpegLossless);
  });

  test('keeps the order of the peer within a group', () => {
    expect(preferTransferSyntax([rle, jpegLossless])).toBe(rle);
    expect(preferTransferSyntax([jpegLossless, rle])).toBe(jpegLossless);
  });

  test('chooses nothing where nothing offered is stored', () => {
    expect(preferTransferSyntax([])).toBeUndefined();
    expect(preferTransferSyntax(['1.2.840.10008.1.2.4.94', '1.2.840.10008.1.2.4.95', ''])).toBeUndefined();
  });
});

describe('the table of transfer syntaxes', () => {
  test('holds every syntax the design names, each once', () => {
    const wanted = ['', '.1', '.1.98', '.1.99', '.2', '.5', '.8.1']
      .concat(['50', '51', '57', '70', '80', '81', '90', '91'].map((end) => `.4.${end}`))
      .concat(['100', '101', '102', '103', '104', '105', '106', '107', '108'].map((end) => `.4.${end}`))
      .concat(['110', '111', '112', '201', '202', '203'].map((end) => `.4.${end}`))
      .map((end) => `1.2.840.10008.1.2${end}`);
    expect(wanted.filter((uid) => !isAcceptedTransferSyntax(uid))).toEqual([]);
    expect(new Set(transferSyntaxes.map((one) => one.uid)).size).toBe(transferSyntaxes.length);
    expect(new Set(transferSyntaxes.map((one) => one.keyword)).size).toBe(transferSyntaxes.length);
  });

  test('refuses JPIP, private and padded UIDs', () => {
    for (const uid of [
      '1.2.840.10008.1.2.4.94',
      '1.2.840.10008.1.2.4.204',
      '1.2.840.113619.5.2',
      '1.2.840.10008.1.2\0',
    ]) {
      expect(isAcceptedTransferSyntax(uid)).toBe(false);
    }
  });
});

needs('dcmtk')('DCMTK', () => {
  test('knows every accepted transfer syntax, as far as its version reaches', () => {
    const [library] = globSync('/usr/lib/*/libdcmdata.so.*');
    const known = readFileSync(library ?? '').toString('latin1');
    const newerThanIt = /\.(1\.98|8\.1|4\.(10\d\.1|11[0-2]|20[1-3]))$/;
    const unknown = transferSyntaxes.map((one) => one.uid).filter((uid) => !known.includes(`\0${uid}\0`));
    expect(unknown.filter((uid) => !newerThanIt.test(uid))).toEqual([]);
  });
});
