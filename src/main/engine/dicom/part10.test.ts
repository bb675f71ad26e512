import { describe, expect, test } from 'vitest';
import { encodeDataset, makeDicomFile, testUid } from '../../../../test/support/dicom-files.ts';
import {
  buildFileMeta,
  looksLikeProgram,
  longestMetaBytes,
  part10HeadBytes,
  readPart10Head,
} from './part10.ts';
import { transferSyntaxes } from './transfer-syntaxes.ts';

const facts = {
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  sopInstanceUid: testUid('meta'),
  transferSyntaxUid: '1.2.840.10008.1.2.1',
};

const deflated = '1.2.840.10008.1.2.1.99';

describe('a file meta of our own', () => {
  test('has zeros, DICM, and a group length that leads to the dataset', () => {
    const meta = buildFileMeta(facts);
    expect(meta.subarray(0, 128).every((byte) => byte === 0)).toBe(true);
    expect(meta.toString('latin1', 128, 132)).toBe('DICM');
    expect(meta.readUInt32LE(132 + 8) + 132 + 12).toBe(meta.length);
    expect(meta.length % 2).toBe(0);
  });

  test('keeps the preamble it is given', () => {
    const preamble = Buffer.alloc(128, 'II*\0');
    expect(buildFileMeta({ ...facts, preamble }).subarray(0, 128)).toEqual(preamble);
  });

  test.each([
    ['4d5a9000', true],
    ['7f454c46', true],
    ['feedface', true],
    ['feedfacf', true],
    ['cffaedfe', true],
    ['cefaedfe', true],
    ['cafebabe', true],
    ['bebafeca', true],
    ['cafebabf', true],
    [Buffer.from('#!/bin/sh').toString('hex'), true],
    ['504b0304', true],
    ['4c0000000114', true],
    [Buffer.from('<html>').toString('hex'), true],
    [Buffer.from('%PDF-1.7').toString('hex'), true],
    [Buffer.from('MM\0+').toString('hex'), false],
    ['49492b00', false],
    ['49492a00', false],
    ['4d4d002a', false],
    ['00000000', false],
    ['4d595a00', false],
  ])('a preamble that starts %s looks like a program: %s', (start, expected) => {
    expect(looksLikeProgram(Buffer.from(start.padEnd(256, '0'), 'hex'))).toBe(expected);
  });
});

describe('the head of a file', () => {
  test.each(transferSyntaxes.map((one) => [one.keyword, one.uid]))(
    'in %s is found with its UIDs and where the dataset begins',
    async (_keyword, transferSyntaxUid) => {
      const file = makeDicomFile({ transferSyntaxUid });
      expect(await readPart10Head(file.bytes, 'whole-file')).toEqual({
        tag: 'dataset',
        sopClassUid: file.sopClassUid,
        sopInstanceUid: file.sopInstanceUid,
        transferSyntaxUid,
        preamble: new Uint8Array(128),
        datasetOffset: file.bytes.length - file.dataset.length,
      });
    },
  );

  test('is found without a preamble, and without preamble and DICM', async () => {
    const file = makeDicomFile();
    for (const cut of [128, 132]) {
      expect(await readPart10Head(file.bytes.subarray(cut), 'whole-file')).toMatchObject({
        tag: 'dataset',
        sopInstanceUid: file.sopInstanceUid,
        preamble: undefined,
        datasetOffset: file.bytes.length - file.dataset.length - cut,
      });
    }
  });

  test.each(['1.2.840.10008.1.2.1', '1.2.840.10008.1.2', '1.2.840.10008.1.2.2'])(
    'is guessed for a bare dataset in %s',
    async (transferSyntaxUid) => {
      const file = makeDicomFile({ transferSyntaxUid });
      expect(await readPart10Head(file.dataset, 'whole-file')).toMatchObject({
        tag: 'dataset',
        sopClassUid: file.sopClassUid,
        sopInstanceUid: file.sopInstanceUid,
        transferSyntaxUid,
        datasetOffset: 0,
      });
    },
  );

  test.each([0, 4, 10_000, 0xffffffff])('does not rely on the group length (%i)', async (groupLength) => {
    const file = makeDicomFile();
    const bytes = Buffer.from(file.bytes);
    bytes.writeUInt32LE(groupLength, 140);
    expect(await readPart10Head(bytes, 'whole-file')).toMatchObject({
      tag: 'dataset',
      datasetOffset: bytes.length - file.dataset.length,
    });
  });

  test('is found without a group length element', async () => {
    const file = makeDicomFile();
    const bytes = Buffer.concat([file.bytes.subarray(0, 132), file.bytes.subarray(144)]);
    expect(await readPart10Head(bytes, 'whole-file')).toMatchObject({
      tag: 'dataset',
      datasetOffset: bytes.length - file.dataset.length,
    });
  });

  test.each(['1.2.840.10008.1.2.1', '1.2.840.10008.1.2', '1.2.840.10008.1.2.2'])(
    'whose meta names no syntax has it guessed (%s)',
    async (transferSyntaxUid) => {
      const { dataset } = makeDicomFile({ transferSyntaxUid });
      const meta = encodeDataset(
        [{ group: 2, element: 2, vr: 'UI', value: facts.sopClassUid }],
        'explicit-le',
      );
      const bytes = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), meta, dataset]);
      expect(await readPart10Head(bytes, 'whole-file')).toMatchObject({ tag: 'dataset', transferSyntaxUid });
    },
  );

  test('takes the identity from the dataset where its meta says something else', async () => {
    const file = makeDicomFile();
    const bytes = Buffer.concat([buildFileMeta(facts), file.dataset]);
    expect(await readPart10Head(bytes, 'whole-file')).toMatchObject({
      sopClassUid: file.sopClassUid,
      sopInstanceUid: file.sopInstanceUid,
    });
  });

  test('takes the identity of deflated data from its meta', async () => {
    const { bytes, sopInstanceUid } = makeDicomFile({ transferSyntaxUid: deflated });
    expect(await readPart10Head(bytes, 'whole-file')).toMatchObject({ tag: 'dataset', sopInstanceUid });
  });

  test('asks for more while the meta goes on, and gives up at the ceiling', async () => {
    const meta = buildFileMeta(facts);
    const big = encodeDataset(
      [{ group: 2, element: 0x102, vr: 'OB', value: Buffer.alloc(200_000) }],
      'explicit-le',
    );
    const { dataset } = makeDicomFile();
    const bytes = Buffer.concat([meta, big, dataset]);
    expect(await readPart10Head(bytes.subarray(0, part10HeadBytes), 'more-follows')).toEqual({ tag: 'more' });
    expect(await readPart10Head(bytes, 'whole-file')).toMatchObject({
      tag: 'dataset',
      datasetOffset: bytes.length - dataset.length,
    });
    const endless = Buffer.concat([
      meta,
      Buffer.from([2, 0, 2, 1]),
      Buffer.from('OB\0\0'),
      Buffer.alloc(4, 0xff),
      Buffer.alloc(longestMetaBytes),
    ]);
    expect(await readPart10Head(endless, 'more-follows')).toEqual({ tag: 'unreadable' });
  });
});

describe('what is no image', () => {
  test('is called not DICOM', async () => {
    const strangers = [
      Buffer.alloc(0),
      Buffer.from('a'),
      Buffer.from('hello, this is a letter and no image'),
      Buffer.from('%PDF-1.7\n%\xe2\xe3'),
      Buffer.from('PK\x03\x04'.padEnd(400, 'x')),
      Buffer.from('\x1f\x8b\x08\0\0\0\0\0\0\x03abc'),
      Buffer.alloc(300),
      Buffer.alloc(5000, 0xff),
      Buffer.from('\x08\0'.repeat(100)),
      Buffer.from('{"a":1}'),
    ];
    for (const bytes of strangers)
      expect(await readPart10Head(bytes, 'whole-file')).toEqual({ tag: 'not-dicom' });
  });

  test('a DICOMDIR is recognised by its class and by its content', async () => {
    const directory = encodeDataset(
      [{ group: 4, element: 0x1130, vr: 'CS', value: 'MEDIUM' }],
      'explicit-le',
    );
    const withMeta = (sopClassUid: string): Buffer =>
      Buffer.concat([buildFileMeta({ ...facts, sopClassUid }), directory]);
    expect(await readPart10Head(withMeta('1.2.840.10008.1.3.10'), 'whole-file')).toMatchObject({
      tag: 'dicomdir',
    });
    expect(await readPart10Head(withMeta(facts.sopClassUid), 'whole-file')).toMatchObject({
      tag: 'dicomdir',
    });
  });

  test('a file that ends inside or right behind its meta is truncated', async () => {
    const file = makeDicomFile();
    const metaEnd = file.bytes.length - file.dataset.length;
    for (let end = 133; end <= metaEnd; end += 1) {
      expect(await readPart10Head(file.bytes.subarray(0, end), 'whole-file'), `cut at ${end}`).toEqual({
        tag: 'truncated',
      });
    }
  });

  test('a file without any identity is unreadable', async () => {
    const dataset = encodeDataset([{ group: 8, element: 0x60, vr: 'CS', value: 'CT' }], 'explicit-le');
    const meta = encodeDataset(
      [{ group: 2, element: 0x10, vr: 'UI', value: '1.2.840.10008.1.2.1' }],
      'explicit-le',
    );
    const bytes = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), meta, dataset]);
    expect(await readPart10Head(bytes, 'whole-file')).toEqual({ tag: 'unreadable' });
  });
});
