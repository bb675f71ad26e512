/**
 * The decoding process as it ships, however it is started: what it shows against DCMTK, what hostile files get, and what
 * it cannot do. Once in a test file.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeWithinMs, type DecoderSession } from '../../src/main/engine/preview/decoder-session.ts';
import { drawnPicture, paint } from '../../src/renderer/features/study/drawn-picture.ts';
import { pictureSchema } from '../../src/shared/preview.ts';
import { buildDecoder, type BuiltDecoder } from './built-decoder.ts';
import { isAlive, until } from './electron.ts';
import { makeDicomFile } from './dicom-files.ts';
import { needs, programPath } from './tools.ts';
import { shortElement, testImage } from './viewer-pixels.ts';

/** What tests ask of a session, wherever it runs. Elsewhere `pid` and `isOver` are as of its last answer. */
export type SomeSession = Pick<DecoderSession, 'open' | 'picture' | 'end' | 'pid' | 'isOver'>;

/** One way of starting decoders. */
export interface DecoderStart {
  open(): Promise<void>;
  session(script: string, withinMs: number): SomeSession;
  /** The first line that a script says; the script is ended then. */
  firstLine(script: string): Promise<string>;
  /** In front of a script that was taken over: `onBytes(task)` once the first bytes came, `say(buffer)`, `sayForEver(buffer)`. */
  readonly prelude: string;
  /** Enough for a start, too little for a bomb. */
  readonly briefMs: number;
  /** Names of environment variables that it is started with. */
  readonly environment: readonly string[];
  close(): Promise<void>;
}

let built: BuiltDecoder;
let folder: string;
let count = 0;
const sessions: SomeSession[] = [];
let start: DecoderStart;

function session(script = built.script, withinMs = decodeWithinMs): SomeSession {
  const one = start.session(script, withinMs);
  sessions.push(one);
  return one;
}

function path(suffix = 'dcm'): string {
  count += 1;
  return join(folder, `${count}.${suffix}`);
}

function through(program: string, bytes: Buffer, options: readonly string[] = []): Buffer {
  const [from, to] = [path(), path()];
  writeFileSync(from, bytes);
  execFileSync(programPath(program), [...options, from, to], { stdio: 'pipe' });
  return readFileSync(to);
}

/** DCMTK's own rendering: the bytes of a PNM, 1 or 3 a pixel. */
function rendered(bytes: Buffer, options: readonly string[]): Buffer {
  const [from, to] = [path(), path('pnm')];
  writeFileSync(from, bytes);
  execFileSync(programPath('dcmj2pnm'), ['--write-raw-pnm', ...options, from, to], { stdio: 'pipe' });
  const pnm = readFileSync(to);
  const header = /^P[56]\s+(?:#.*\s+)?\d+\s+\d+\s+255\s/.exec(pnm.subarray(0, 200).toString('latin1'));
  if (header === null) throw new Error('not a PNM of 8 bits');
  return pnm.subarray(header[0].length);
}

/** As the page shows it: red, green and blue. */
async function shown(
  bytes: Buffer,
  frame: number,
  voi?: { readonly center: number; readonly width: number },
): Promise<number[]> {
  const decoder = session();
  const image = await decoder.open([bytes]);
  const { facts, pixels } = await decoder.picture(frame, 'values', 1024);
  const answer = { image, frame, facts, pixels: Buffer.from(pixels).toString('base64') };
  const picture = drawnPicture(pictureSchema.parse(answer));
  const rgba = paint(picture, voi && { tag: 'window', ...voi, function: 'LINEAR' }, 'normal');
  return Array.from(rgba).filter((_, at) => at % 4 !== 3);
}

function largestDifference(ours: readonly number[], theirs: Buffer): number {
  const perPixel = theirs.length * 3 === ours.length ? 3 : 1;
  if (theirs.length * perPixel !== ours.length) return Number.POSITIVE_INFINITY;
  return ours.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - (theirs[Math.floor(at / perPixel)] ?? 0))),
    0,
  );
}

const smooth = (x: number, y: number): number => Math.round(2048 + 1500 * Math.sin(x / 9) * Math.cos(y / 7));
const gray12 = testImage({}, smooth);
const signed = testImage({ bitsStored: 16, sign: 'signed' }, (x, y) => smooth(x, y) * 8 - 20_000);
const gray8 = testImage({ bitsAllocated: 8, bitsStored: 8 }, (x, y) => smooth(x, y) >> 4);
const colour = testImage({ photometric: 'RGB', bitsAllocated: 8, bitsStored: 8 }, (x, y, channel) =>
  channel === 0 ? x * 4 : channel === 1 ? y * 6 : (x + y) * 2,
);
const clip = testImage(
  { frames: 5, bitsAllocated: 8, bitsStored: 8 },
  (x, y, _, frame) => x * 2 + y + frame * 30,
);

/** A file whose pixels are one fragment, in a transfer syntax. */
function encapsulated(transferSyntaxUid: string, rows: number, columns: number, stream: Buffer): Buffer {
  const item = (bytes: Buffer): Buffer => {
    const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    head.writeUInt32LE(bytes.length, 4);
    return Buffer.concat([head, bytes]);
  };
  const even = stream.length % 2 === 0 ? stream : Buffer.concat([stream, Buffer.alloc(1)]);
  const end = Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
  const head = makeDicomFile({
    transferSyntaxUid,
    extra: [
      shortElement(0x0028, 0x0002, 1),
      { group: 0x0028, element: 0x0004, vr: 'CS', value: 'MONOCHROME2' },
      shortElement(0x0028, 0x0010, rows),
      shortElement(0x0028, 0x0011, columns),
      shortElement(0x0028, 0x0100, 8),
      shortElement(0x0028, 0x0101, 8),
      shortElement(0x0028, 0x0102, 7),
      shortElement(0x0028, 0x0103, 0),
    ],
  }).bytes;
  const tag = Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  return Buffer.concat([head, tag, item(Buffer.alloc(0)), item(even), end]);
}

/** A JPEG header (ITU-T T.81) of this size, and then nothing of use. */
function jpegOf(rows: number, columns: number): Buffer {
  const frame = Buffer.from([0xff, 0xc0, 0, 11, 8, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  frame.writeUInt16BE(rows, 5);
  frame.writeUInt16BE(columns, 7);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    frame,
    Buffer.from([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 1, 2, 0xff, 0xd9]),
  ]);
}

/** Deflated zeros without end: a few hundred kilobytes that would be gigabytes. */
function deflatedBomb(): Buffer {
  const plain = testImage({}, smooth);
  const meta = 144 + plain.readUInt32LE(140);
  const zeros = Buffer.alloc(400 * 1024 * 1024);
  const head = Buffer.from([0xe1, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32LE(zeros.length, 8);
  const uid = Buffer.from('1.2.840.10008.1.2.1.99');
  const deflated = deflateRawSync(Buffer.concat([plain.subarray(meta), head, zeros]), { level: 1 });
  const element = (group: number, number: number, vr: string, value: Buffer): Buffer => {
    const even = value.length % 2 === 0 ? value : Buffer.concat([value, Buffer.alloc(1)]);
    const out = Buffer.alloc(8);
    out.writeUInt16LE(group, 0);
    out.writeUInt16LE(number, 2);
    out.write(vr, 4, 'latin1');
    out.writeUInt16LE(even.length, 6);
    return Buffer.concat([out, even]);
  };
  const syntax = element(2, 0x10, 'UI', uid);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(syntax.length);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(2, 0, 'UL', length),
    syntax,
    deflated,
  ]);
}

export function describeDecoder(way: DecoderStart): void {
  start = way;
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'edge-sync-preview-')));
    built = await buildDecoder();
    await start.open();
  });
  afterAll(async () => {
    await start.close();
    rmSync(folder, { recursive: true, force: true });
    await built.remove();
  });
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.end()));
  });

  needs('dcmtk')('a preview', () => {
    const ways: readonly (readonly [string, string, readonly string[]])[] = [
      ['implicit little endian', 'dcmconv', ['+ti']],
      ['explicit big endian', 'dcmconv', ['+tb']],
      ['deflated', 'dcmconv', ['+td']],
      ['RLE', 'dcmcrle', []],
      ['JPEG lossless', 'dcmcjpeg', ['+e1']],
      ['JPEG-LS', 'dcmcjpls', []],
    ];

    it.each(ways)('of %s looks as DCMTK draws it', async (_name, program, options) => {
      const gray = through(program, gray12, options);
      const window = ['+Ww', '2000', '1500'];
      expect(
        largestDifference(await shown(gray, 0, { center: 2000, width: 1500 }), rendered(gray12, window)),
      ).toBeLessThanOrEqual(1);
      const negative = through(program, signed, options);
      expect(
        largestDifference(
          await shown(negative, 0, { center: -3000, width: 9000 }),
          rendered(signed, ['+Ww', '-3000', '9000']),
        ),
      ).toBeLessThanOrEqual(1);
      const picture = through(program, colour, options);
      expect(largestDifference(await shown(picture, 0), rendered(colour, []))).toBe(0);
    });

    it('of lossy JPEG looks as DCMTK draws it', async () => {
      const gray = through('dcmcjpeg', gray8, ['+eb']);
      expect(
        largestDifference(
          await shown(gray, 0, { center: 128, width: 256 }),
          rendered(gray, ['+Ww', '128', '256']),
        ),
      ).toBeLessThanOrEqual(3);
      const picture = through('dcmcjpeg', colour, ['+eb', '+cy', '+s4']);
      expect(largestDifference(await shown(picture, 0), rendered(picture, []))).toBeLessThanOrEqual(3);
    });

    it('of a clip shows the frame that was asked for', async () => {
      const compressed = through('dcmcrle', clip);
      for (const frame of [4, 0, 2]) {
        const theirs = rendered(clip, ['+Ww', '128', '256', '+F', String(frame + 1)]);
        expect(
          largestDifference(await shown(compressed, frame, { center: 128, width: 256 }), theirs),
        ).toBeLessThanOrEqual(1);
      }
    });

    it('of a large image is the mean of what DCMTK draws, and no larger than a preview may be', async () => {
      const large = testImage(
        { rows: 2048, columns: 3072, bitsAllocated: 8, bitsStored: 8 },
        (x, y) => (x >> 3) + (y >> 4),
      );
      const decoder = session();
      await decoder.open([large]);
      const { facts, pixels } = await decoder.picture(0, 'values', 1024);
      expect(facts).toMatchObject({ columns: 1024, rows: 683 });
      const theirs = rendered(large, ['+Ww', '128', '256']);
      for (const [x, y] of [
        [0, 0],
        [511, 300],
        [1023, 682],
      ] as const) {
        const box = [Math.floor((y * 2048) / 683), Math.floor(((y + 1) * 2048) / 683)] as const;
        let sum = 0;
        for (let row = box[0]; row < box[1]; row += 1)
          for (let column = x * 3; column < x * 3 + 3; column += 1) sum += theirs[row * 3072 + column]!;
        expect(Math.abs(pixels[y * 1024 + x]! - sum / (3 * (box[1] - box[0])))).toBeLessThanOrEqual(1);
      }
      const small = await decoder.picture(0, 'shown', 128);
      expect(small.facts).toMatchObject({ tag: 'colour', columns: 128, rows: 85 });
      expect(small.pixels.length).toBe(128 * 85 * 3);
    });
  });

  describe('a hostile file', () => {
    const jpeg = '1.2.840.10008.1.2.4.50';
    const lossless = '1.2.840.10008.1.2.4.70';
    const cases: readonly (readonly [string, () => Buffer, string])[] = [
      [
        'whose pixels end before its frame',
        () => gray12.subarray(0, gray12.length - 1500),
        'preview-damaged',
      ],
      [
        'whose JPEG is larger than it says',
        () => encapsulated(jpeg, 64, 64, jpegOf(65_500, 65_500)),
        'preview-damaged',
      ],
      ['whose JPEG holds nothing', () => encapsulated(jpeg, 64, 64, jpegOf(64, 64)), 'any'],
      [
        'whose lossless JPEG is cut off',
        () => encapsulated(lossless, 64, 64, Buffer.from([0xff, 0xd8, 0xff, 0xc3])),
        'preview-damaged',
      ],
      [
        'that claims a JPEG bomb',
        () => encapsulated(jpeg, 65_500, 65_500, jpegOf(65_500, 65_500)),
        'preview-too-large',
      ],
      ['that is no DICOM file', () => Buffer.from('GIF89a'.repeat(50)), 'preview-damaged'],
      [
        'of a video',
        () => encapsulated('1.2.840.10008.1.2.4.102', 64, 64, Buffer.alloc(64)),
        'preview-not-shown',
      ],
      ['without pixels', () => makeDicomFile({}).bytes, 'any'],
    ];

    it.each(cases)(
      '%s ends in a problem with a name, and the next file is shown',
      async (_name, bytes, code) => {
        const decoder = session();
        const outcome = await decoder
          .open([bytes()])
          .then(() => decoder.picture(0, 'values', 1024))
          .then(
            () => 'shown',
            (error: unknown) => (error as { readonly code: string }).code,
          );
        if (code === 'any') expect(outcome).toMatch(/^(shown|preview-(damaged|not-shown))$/);
        else expect(outcome).toBe(code);
        const next = decoder.isOver ? session() : decoder;
        expect(await next.open([gray12])).toMatchObject({ rows: 37, columns: 52 });
      },
    );

    it('that goes on for ever is killed when its time is over', async () => {
      const decoder = session(built.script, start.briefMs);
      await expect(decoder.open([deflatedBomb()])).rejects.toMatchObject({ code: 'preview-decoder-stopped' });
      expect(decoder.isOver).toBe(true);
      const { pid } = decoder;
      await decoder.end();
      await until(() => pid === undefined || !isAlive(pid));
      await expect(decoder.open([gray12])).rejects.toMatchObject({ code: 'preview-decoder-stopped' });
      expect(await session().open([gray12])).toMatchObject({ rows: 37, columns: 52 });
    });
  });

  describe('a decoder that was taken over', () => {
    const script = (text: string): string => {
      const file = path('mjs');
      writeFileSync(file, `${start.prelude}\n${text}`);
      return file;
    };
    const says = (head: string, size: number, bytes = size): string =>
      `const head = Buffer.from(${JSON.stringify(head)});
     const one = Buffer.alloc(4); one.writeUInt32BE(head.length);
     const two = Buffer.alloc(4); two.writeUInt32BE(${size});
     onBytes(() => say(Buffer.concat([one, head, two, Buffer.alloc(${bytes})])));
     setInterval(() => {}, 1000);`;
    const opened = '{"tag":"opened","id":1,"image":{"rows":9,"columns":9,"frames":1,"frameRate":null}}';
    const lies: readonly (readonly [string, string])[] = [
      ['names four gigabytes', says(opened, 0xffff_ffff, 10)],
      ['answers what was not asked', says(opened.replace('"id":1', '"id":7'), 0)],
      ['answers no JSON', says('{"tag":', 0)],
      ['answers with more than the contract has', says(opened.replace('}}', '},"more":1}'), 0)],
      ['claims an impossible size', says(opened.replace('"rows":9', '"rows":900000'), 0)],
      [
        'answers a picture instead',
        says('{"tag":"picture","id":1,"facts":{"tag":"colour","columns":2,"rows":2,"pixelAspect":1}}', 5),
      ],
      ['ends at once', 'process.exit(3);'],
      ['writes without end', 'sayForEver(Buffer.alloc(65536, 97));'],
    ];

    it.each(lies)('and %s is killed, and nothing of it is believed', async (_name, text) => {
      const decoder = session(script(text));
      await expect(decoder.open([gray12])).rejects.toMatchObject({ code: 'preview-decoder-stopped' });
      expect(decoder.isOver).toBe(true);
      const { pid } = decoder;
      await decoder.end();
      await until(() => pid === undefined || !isAlive(pid));
      expect(await session().open([gray12])).toMatchObject({ rows: 37, columns: 52 });
    });

    it('and thinks for ever is killed when its time is over', async () => {
      const decoder = session(script('onBytes(() => { for (;;); });'), start.briefMs);
      await expect(decoder.open([gray12])).rejects.toMatchObject({ code: 'preview-decoder-stopped' });
      const { pid } = decoder;
      await decoder.end();
      await until(() => pid === undefined || !isAlive(pid));
    });

    it.skipIf(process.platform !== 'linux')('and takes all memory ends by itself', async () => {
      const decoder = session(
        script('const kept = []; for (;;) kept.push(Buffer.alloc(64 * 1024 * 1024, 1));'),
      );
      await expect(decoder.open([gray12])).rejects.toMatchObject({ code: 'preview-decoder-stopped' });
    });

    it('reaches no file, no network, no other program, and knows nothing of ours', async () => {
      const escape = await buildDecoder('decoder-escape-main.ts');
      try {
        const told = JSON.parse(await start.firstLine(escape.script)) as {
          readonly hooks: boolean;
          readonly results: Readonly<Record<string, string>>;
          readonly environment: readonly string[];
          readonly arguments: readonly string[];
        };
        expect(Object.keys(told.results)).toHaveLength(14);
        // A runtime of Electron that is older than ours may lack what keeps modules away; ours is checked by the same list.
        const closed = Object.entries(told.results).filter(
          ([name]) => told.hooks || !name.startsWith('module:'),
        );
        expect(closed.filter(([, outcome]) => outcome === 'possible')).toEqual([]);
        // The shell puts its own working folder there, Electron switches its children's desktop bus off there.
        const ours = told.environment.filter((name) => name !== 'PWD' && name !== 'DBUS_SESSION_BUS_ADDRESS');
        expect(ours).toEqual(start.environment);
        expect(told.arguments).toEqual([]);
      } finally {
        await escape.remove();
      }
    });
  });
}
