/** What the benches send: DICOM files made once into a folder, every one with UIDs of its own. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytes, text, us, writeDataset } from '../../src/main/demo/phantoms/dataset-writer.ts';
import { makePhantomStudies } from '../../src/main/demo/phantoms/phantom-studies.ts';
import { buildFileMeta } from '../../src/main/engine/dicom/part10.ts';
import { newUid } from '../../src/main/engine/dicom/uid.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';

const ctImageStorage = '1.2.840.10008.5.1.4.1.1.2';
const explicitLittleEndian = '1.2.840.10008.1.2.1';
const random = new SystemRandom();
const ctPixelBytes = 512 * 512 * 2;

/** Pixels of real entropy: a slice of the phantom CT, with its noise. */
function ctPixels(): Buffer {
  const [, , third] = makePhantomStudies({ random, nowMs: Date.now() });
  if (third === undefined) throw new Error('the phantom CT has no third slice');
  return third.dataset().subarray(-ctPixelBytes);
}

/**
 * Writes `count` CT files into `groups` folders of equal size.
 * @param pixelBytes size of the pixel data; 524,288 is a whole slice
 * @returns the folders
 */
export async function makeCtFiles(
  folder: string,
  count: number,
  groups: number,
  pixelBytes = ctPixelBytes,
): Promise<readonly string[]> {
  const folders = Array.from({ length: groups }, (_, index) => join(folder, `group-${index}`));
  for (const one of folders) await mkdir(one, { recursive: true });
  const pixels = ctPixels().subarray(0, pixelBytes);
  const rows = pixelBytes / 2 / 512 >= 1 ? Math.floor(pixelBytes / 2 / 512) : 1;
  const study = newUid(random);
  const series = newUid(random);
  for (let index = 0; index < count; index += 1) {
    const group = folders[index % groups] ?? folder;
    const content = ctFile({ study, series, number: index + 1, rows, pixels });
    await writeFile(join(group, `${String(index).padStart(6, '0')}.dcm`), content);
  }
  return folders;
}

/** Writes one file with `sizeMb` of pixel data. @returns its folder */
export async function makeLargeFile(folder: string, sizeMb: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const slices = Math.ceil((sizeMb * 1e6) / ctPixelBytes);
  const slice = ctPixels();
  const pixels = Buffer.alloc(slices * ctPixelBytes);
  for (let index = 0; index < slices; index += 1) slice.copy(pixels, index * ctPixelBytes);
  const content = ctFile({
    study: newUid(random),
    series: newUid(random),
    number: 1,
    rows: 512,
    pixels,
    frames: slices,
  });
  await writeFile(join(folder, 'large.dcm'), content);
  return folder;
}

function ctFile(image: {
  readonly study: string;
  readonly series: string;
  readonly number: number;
  readonly rows: number;
  readonly pixels: Buffer;
  readonly frames?: number;
}): Buffer {
  const sopInstanceUid = newUid(random);
  const dataset = writeDataset([
    text(0x00080005, 'CS', 'ISO_IR 192'),
    text(0x00080016, 'UI', ctImageStorage),
    text(0x00080018, 'UI', sopInstanceUid),
    text(0x00080020, 'DA', '20260105'),
    text(0x00080030, 'TM', '090000'),
    text(0x00080050, 'SH', 'BENCH'),
    text(0x00080060, 'CS', 'CT'),
    text(0x00100010, 'PN', 'PHANTOM^BENCH'),
    text(0x00100020, 'LO', 'PHANTOM-BENCH'),
    text(0x0020000d, 'UI', image.study),
    text(0x0020000e, 'UI', image.series),
    text(0x00200013, 'IS', String(image.number)),
    us(0x00280002, 1),
    text(0x00280004, 'CS', 'MONOCHROME2'),
    ...(image.frames === undefined ? [] : [text(0x00280008, 'IS', String(image.frames))]),
    us(0x00280010, image.rows),
    us(0x00280011, 512),
    us(0x00280100, 16),
    us(0x00280101, 12),
    us(0x00280102, 11),
    us(0x00280103, 0),
    bytes(0x7fe00010, 'OW', image.pixels),
  ]);
  const meta = buildFileMeta({
    sopClassUid: ctImageStorage,
    sopInstanceUid,
    transferSyntaxUid: explicitLittleEndian,
  });
  return Buffer.concat([meta, dataset]);
}
