/** The viewer's decoding under Node, and images to try it on. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { WasmCodecs, type WasmCodec } from '../../src/viewer/pixels/wasm-codecs.ts';
import { makeDicomFile, type TestElement } from './dicom-files.ts';

const modules: Readonly<Record<WasmCodec, string>> = {
  charls: '@cornerstonejs/codec-charls/decodewasm',
  'jpeg-turbo': '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm',
  openjpeg: '@cornerstonejs/codec-openjpeg/decodewasm',
  openjph: '@cornerstonejs/codec-openjph/wasm',
};

export function nodeCodecs(): WasmCodecs {
  const { resolve } = createRequire(import.meta.url);
  return new WasmCodecs((codec) => Promise.resolve(readFileSync(resolve(modules[codec]))));
}

export interface TestLayout {
  readonly rows: number;
  readonly columns: number;
  readonly photometric: string;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly sign: 'unsigned' | 'signed';
  readonly frames: number;
  readonly extra: readonly TestElement[];
}

const usual: TestLayout = {
  rows: 37,
  columns: 52,
  photometric: 'MONOCHROME2',
  bitsAllocated: 16,
  bitsStored: 12,
  sign: 'unsigned',
  frames: 1,
  extra: [],
};

export function shortElement(group: number, element: number, value: number): TestElement {
  return { group, element, vr: 'US', value: Buffer.of(value & 255, value >> 8) };
}

/** An image whose size is odd on purpose. `sample` gives the value for pixel, sample and frame. */
export function testImage(
  change: Partial<TestLayout>,
  sample: (x: number, y: number, channel: number, frame: number) => number,
): Buffer {
  const layout = { ...usual, ...change };
  const samples = /^(RGB|YBR)/.test(layout.photometric) ? 3 : 1;
  const bytesEach = layout.bitsAllocated / 8;
  const { rows, columns, frames } = layout;
  const pixels = Buffer.alloc(rows * columns * samples * bytesEach * frames);
  let at = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    for (let y = 0; y < rows; y += 1) {
      for (let x = 0; x < columns; x += 1) {
        for (let channel = 0; channel < samples; channel += 1) {
          const value = sample(x, y, channel, frame) & (2 ** layout.bitsStored - 1);
          pixels.writeUIntLE(value, at, bytesEach);
          at += bytesEach;
        }
      }
    }
  }
  return makeDicomFile({
    extra: [
      shortElement(0x0028, 0x0002, samples),
      { group: 0x0028, element: 0x0004, vr: 'CS', value: layout.photometric },
      ...(samples === 3 ? [shortElement(0x0028, 0x0006, 0)] : []),
      ...(frames > 1 ? [{ group: 0x0028, element: 0x0008, vr: 'IS', value: String(frames) }] : []),
      shortElement(0x0028, 0x0010, rows),
      shortElement(0x0028, 0x0011, columns),
      shortElement(0x0028, 0x0100, layout.bitsAllocated),
      shortElement(0x0028, 0x0101, layout.bitsStored),
      shortElement(0x0028, 0x0102, layout.bitsStored - 1),
      shortElement(0x0028, 0x0103, layout.sign === 'signed' ? 1 : 0),
      { group: 0x7fe0, element: 0x0010, vr: bytesEach === 1 ? 'OB' : 'OW', value: pixels },
      ...layout.extra,
    ],
  }).bytes;
}
