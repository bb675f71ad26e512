/**
 * What the viewer shows, against decoders that are not ours: DCMTK makes every transfer syntax it can and decodes it
 * itself; GDCM decodes JPEG 2000.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { paintGray } from '../../src/viewer/pixels/gray.ts';
import { ImageFile, type Picture } from '../../src/viewer/pixels/picture.ts';
import { repositoryRoot } from '../../scripts/required-tools.ts';
import { needs, programPath } from '../support/tools.ts';
import { nodeCodecs, testImage } from '../support/viewer-pixels.ts';

let folder: string;
const codecs = nodeCodecs();
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'edge-sync-pixels-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function path(): string {
  count += 1;
  return join(folder, `${count}.dcm`);
}

/** `bytes` through a DCMTK program. */
function through(program: string, bytes: Buffer, options: readonly string[] = []): Buffer {
  const [from, to] = [path(), path()];
  writeFileSync(from, bytes);
  execFileSync(programPath(program), [...options, from, to], { stdio: 'pipe' });
  return readFileSync(to);
}

/** Binary PNM from dcm2pnm or dcmj2pnm: the bytes of its pixels, 1 or 3 a pixel. */
function rendered(bytes: Buffer, options: readonly string[] = []): Buffer {
  const [from, to] = [path(), path()];
  writeFileSync(from, bytes);
  execFileSync(programPath('dcmj2pnm'), ['--write-raw-pnm', ...options, from, to], { stdio: 'pipe' });
  const pnm = readFileSync(to);
  const header = /^P[56]\s+(?:#.*\s+)?\d+\s+\d+\s+255\s/.exec(pnm.subarray(0, 200).toString('latin1'));
  if (header === null) throw new Error('not a PNM of 8 bits');
  return pnm.subarray(header[0].length);
}

function picture(bytes: Buffer, frame = 0): Promise<Picture> {
  return new ImageFile(new Uint8Array(bytes), codecs).picture(frame);
}

function values(one: Picture): number[] {
  return one.tag === 'gray' ? Array.from(one.samples) : rgb(one.rgba);
}

function rgb(rgba: Uint8ClampedArray): number[] {
  return Array.from(rgba).filter((_, at) => at % 4 !== 3);
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let at = 0; at < a.length; at += 1) most = Math.max(most, Math.abs((a[at] ?? 0) - (b[at] ?? 0)));
  return most;
}

const smooth = (x: number, y: number): number => Math.round(2048 + 1500 * Math.sin(x / 9) * Math.cos(y / 7));
const gray12 = testImage({}, (x, y) => smooth(x, y));
const gray8 = testImage({ bitsAllocated: 8, bitsStored: 8 }, (x, y) => smooth(x, y) >> 4);
const signed16 = testImage({ bitsStored: 16, sign: 'signed' }, (x, y) => smooth(x, y) * 8 - 20_000);
const signed12 = testImage({ sign: 'signed' }, (x, y) => smooth(x, y) - 2048);
const colour = testImage({ photometric: 'RGB', bitsAllocated: 8, bitsStored: 8 }, (x, y, channel) =>
  channel === 0 ? x * 4 : channel === 1 ? y * 6 : (x + y) * 2,
);
const clip = testImage(
  { frames: 3, bitsAllocated: 8, bitsStored: 8 },
  (x, y, _, frame) => x * 3 + y + frame * 20,
);

needs('dcmtk')('lossless transfer syntaxes give every stored value as it was', () => {
  const sources = { gray12, gray8, signed16, signed12, colour };
  const ways: readonly (readonly [string, string, readonly string[]])[] = [
    ['implicit little endian', 'dcmconv', ['+ti']],
    ['explicit big endian', 'dcmconv', ['+tb']],
    ['deflated', 'dcmconv', ['+td']],
    ['RLE', 'dcmcrle', []],
    ['RLE in small fragments', 'dcmcrle', ['+fs', '1']],
    ['JPEG lossless, first order', 'dcmcjpeg', ['+e1']],
    ['JPEG lossless, process 14', 'dcmcjpeg', ['+el']],
    ['JPEG-LS by line', 'dcmcjpls', ['+il']],
    ['JPEG-LS by sample', 'dcmcjpls', ['+is']],
    ['JPEG-LS by plane', 'dcmcjpls', ['+in']],
  ];
  const cases = ways.flatMap((way) =>
    Object.entries(sources).map(([name, bytes]) => [way[0], name, bytes, way[1], way[2]] as const),
  );

  it.each(cases)('%s: %s', async (_way, _name, source, program, options) => {
    const changed = through(program, source, options);
    expect(values(await picture(changed))).toEqual(values(await picture(source)));
  });

  it('frame by frame', async () => {
    for (const changed of [clip, through('dcmcrle', clip), through('dcmcjpeg', clip, ['+e1', '+fs', '1'])]) {
      for (const frame of [0, 1, 2]) {
        const [first] = values(await picture(changed, frame));
        expect(first).toBe(frame * 20);
      }
    }
  });
});

needs('dcmtk')('lossy JPEG looks as DCMTK decodes it', () => {
  const ways: readonly (readonly [string, Buffer, readonly string[]])[] = [
    ['baseline, grey', gray8, ['+eb']],
    ['baseline, YBR_FULL_422', colour, ['+eb', '+cy', '+s2']],
    ['baseline, YBR_FULL', colour, ['+eb', '+cy', '+s4']],
    ['baseline, RGB', colour, ['+eb', '+cr']],
    ['extended, 8 bits', gray8, ['+ee']],
    ['extended, 12 bits', gray12, ['+ee', '+bt']],
  ];

  it.each(ways)('%s', async (_name, source, options) => {
    const lossy = through('dcmcjpeg', source, options);
    const shown = await picture(lossy);
    if (shown.tag === 'colour') {
      // Colour of half the width is spread over two pixels: decoders interpolate it differently.
      const most = options.includes('+s2') ? 12 : 2;
      expect(largestDifference(rgb(shown.rgba), rendered(lossy))).toBeLessThanOrEqual(most);
      return;
    }
    const plain = await picture(through('dcmdjpeg', lossy));
    expect(largestDifference(values(shown), values(plain))).toBeLessThanOrEqual(2);
  });
});

needs('dcmtk')('grey values on the screen are those of DCMTK, give or take rounding', () => {
  const rescale = [
    { group: 0x0028, element: 0x1052, vr: 'DS', value: '-1024' },
    { group: 0x0028, element: 0x1053, vr: 'DS', value: '2' },
  ];
  const sources: readonly (readonly [string, Buffer, number, number])[] = [
    ['12 bits', gray12, 2000, 1500],
    ['8 bits', gray8, 120, 60],
    ['signed', signed16, -3000, 9000],
    ['with rescale', testImage({ extra: rescale }, (x, y) => smooth(x, y)), 3000, 2500],
    ['MONOCHROME1', testImage({ photometric: 'MONOCHROME1' }, (x, y) => smooth(x, y)), 2000, 1500],
    ['a narrow window', gray12, 2000, 2],
  ];

  it.each(sources)('%s', async (_name, bytes, center, width) => {
    const shown = await picture(bytes);
    if (shown.tag !== 'gray') throw new Error('grey');
    const rgba = new Uint8ClampedArray(shown.columns * shown.rows * 4);
    paintGray(shown, { tag: 'window', center, width, function: 'LINEAR' }, 'normal', rgba);
    const red = Array.from(rgba).filter((_, at) => at % 4 === 0);
    const theirs = rendered(bytes, ['+Ww', String(center), String(width)]);
    expect(largestDifference(red, theirs)).toBeLessThanOrEqual(1);
  });

  it('palette colours', async () => {
    const table = (step: number): Buffer => {
      const out = Buffer.alloc(512);
      for (let at = 0; at < 256; at += 1) out.writeUInt16LE(((at * step) % 256) * 257, at * 2);
      return out;
    };
    const descriptor = Buffer.from([0, 1, 0, 0, 16, 0]);
    const bytes = testImage(
      {
        photometric: 'PALETTE COLOR',
        bitsAllocated: 8,
        bitsStored: 8,
        extra: [1, 2, 3].flatMap((channel) => [
          { group: 0x0028, element: 0x1100 + channel, vr: 'US', value: descriptor },
          { group: 0x0028, element: 0x1200 + channel, vr: 'OW', value: table(channel) },
        ]),
      },
      (x, y) => x * 4 + y,
    );
    const shown = await picture(bytes);
    if (shown.tag !== 'colour') throw new Error('colour');
    expect(largestDifference(rgb(shown.rgba), rendered(bytes))).toBeLessThanOrEqual(1);
  });

  it('YBR_FULL', async () => {
    const bytes = testImage({ photometric: 'YBR_FULL', bitsAllocated: 8, bitsStored: 8 }, (x, y, channel) =>
      channel === 0 ? 60 + x * 2 : channel === 1 ? 100 + y : 140 - y,
    );
    const shown = await picture(bytes);
    if (shown.tag !== 'colour') throw new Error('colour');
    expect(largestDifference(rgb(shown.rgba), rendered(bytes))).toBeLessThanOrEqual(2);
  });
});

const published = join(repositoryRoot, '../shared/data/dicom/pydicom');

needs('shared-dicom', 'gdcm')('published JPEG 2000 images', () => {
  const names = [
    'MR_small_jp2klossless.dcm',
    'JPEG2000.dcm',
    'examples_jpeg2k.dcm',
    'GDCMJ2K_TextGBR.dcm',
    '693_J2KI.dcm',
  ];

  it.each(names)('look as GDCM decodes them: %s', async (name) => {
    const to = path();
    execFileSync(programPath('gdcmconv'), ['--raw', resolve(published, name), to], { stdio: 'pipe' });
    expect(existsSync(to)).toBe(true);
    const [ours, theirs] = [
      await picture(readFileSync(join(published, name))),
      await picture(readFileSync(to)),
    ];
    expect(largestDifference(values(ours), values(theirs))).toBeLessThanOrEqual(1);
  });
});

needs('shared-dicom')('published images without pixels that can be shown', () => {
  it.each(['rtplan.dcm', 'test-SR.dcm', 'MR_truncated.dcm', 'no_meta.dcm', 'SC_rgb_jpeg.dcm'])(
    'end in a problem with a name: %s',
    async (name) => {
      const bytes = readFileSync(join(published, name));
      const outcome = await Promise.resolve()
        .then(() => picture(bytes))
        .then(
          () => 'shown',
          (error: unknown) => (error as { readonly code?: string }).code,
        );
      expect(outcome).toMatch(/^(no-pixels|not-dicom|pixels-damaged)$/);
    },
  );
});
