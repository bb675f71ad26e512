import { describe, expect, it } from 'vitest';
import { bytes, frames, sq, text, us, writeDataset } from './dataset-writer.ts';

describe('the dataset writer', () => {
  it('sorts elements by tag and pads text with a space and UIDs with NUL', () => {
    const dataset = writeDataset([text(0x00100010, 'PN', 'ABC'), text(0x00080018, 'UI', '1.2.3')]);

    expect(dataset.toString('hex')).toBe(
      ['08001800', '5549', '0600', '312e322e3300', '10001000', '504e', '0400', '41424320'].join(''),
    );
  });

  it('writes sequences with explicit lengths, items inside', () => {
    const dataset = writeDataset([sq(0x00082218, [us(0x00280010, 513)])]);

    expect(dataset.toString('hex')).toBe(
      [
        '08001822',
        '5351',
        '0000',
        '12000000',
        'feff00e0',
        '0a000000',
        '28001000',
        '5553',
        '0200',
        '0102',
      ].join(''),
    );
  });

  it('writes encapsulated frames behind a basic offset table, each padded to even length', () => {
    const dataset = writeDataset([frames(0x7fe00010, [Buffer.from([1]), Buffer.from([2, 3])])]);

    expect(dataset.toString('hex')).toBe(
      [
        ...['e07f1000', '4f42', '0000', 'ffffffff'],
        ...['feff00e0', '08000000', '00000000', '0a000000'],
        ...['feff00e0', '02000000', '0100', 'feff00e0', '02000000', '0203', 'feffdde0', '00000000'],
      ].join(''),
    );
  });

  it('refuses an element that stands twice', () => {
    expect(() => writeDataset([us(0x00280010, 1), us(0x00280010, 2)])).toThrow(RangeError);
  });

  it('pads pixel data of odd length', () => {
    expect(
      writeDataset([bytes(0x7fe00010, 'OB', Buffer.from([7]))])
        .subarray(-6)
        .toString('hex'),
    ).toBe('020000000700');
  });
});
