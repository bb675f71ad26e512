/** Whatever dataset goes in, by the network or as a file, is what comes out of the sealed object. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildFileMeta, longestMetaBytes, readPart10Head } from '../../src/main/engine/dicom/part10.ts';
import { transferSyntaxes } from '../../src/main/engine/dicom/transfer-syntaxes.ts';
import type { IntakeOutcome } from '../../src/main/engine/intake/intake-port.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { importPaths } from '../../src/main/engine/watch/import-paths.ts';
import { encodeDataset, makeDicomFile, secondaryCapture, testUid } from '../support/dicom-files.ts';
import { makeIntakeRig, type IntakeRig } from '../support/intake-rig.ts';
import { needs, soakCount } from '../support/tools.ts';

let rig: IntakeRig;
let dir: string;

beforeEach(async () => {
  rig = await makeIntakeRig();
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-exact-'));
});

afterEach(async () => {
  await rig.dispose();
  await rm(dir, { recursive: true, force: true });
});

/** The dataset of the newest object, out of its seal. */
async function lastDataset(): Promise<Buffer> {
  const file = await rig.open(rig.queue.rows.at(-1)!.spoolId);
  const head = await readPart10Head(file.subarray(0, longestMetaBytes), 'whole-file');
  if (head.tag !== 'dataset') throw new Error(head.tag);
  return file.subarray(head.datasetOffset);
}

/** As a C-STORE brings it: the bytes of the PDVs in pieces of any size. */
async function store(dataset: Buffer, syntax: string, cuts: readonly number[]): Promise<IntakeOutcome> {
  const stream = rig.intake.begin({
    sopClassUid: secondaryCapture,
    sopInstanceUid: testUid('instance '),
    transferSyntaxUid: syntax,
    origin: { tag: 'association', callingAeTitle: 'TEST', remoteAddress: '127.0.0.1' },
  });
  const places = [...new Set(cuts.map((cut) => cut % (dataset.length + 1)))].sort((a, b) => a - b);
  for (const [index, from] of [0, ...places].entries()) {
    const piece = Buffer.from(dataset.subarray(from, places[index] ?? dataset.length));
    await stream.write(piece);
    // It belongs to the sender again, who uses it for what comes next.
    piece.fill(0xee);
  }
  return stream.finish();
}

const syntaxes = fc.constantFrom(...transferSyntaxes.map((one) => one.uid));

describe('a dataset of the network', () => {
  test('is stored bit for bit, in any syntax, with anything behind its identity, cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        syntaxes,
        fc.uint8Array({ maxLength: 3000 }),
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        async (syntax, tail, repeat, cuts) => {
          const { dataset } = makeDicomFile({ transferSyntaxUid: syntax, pixelBytes: 64 });
          const sent = Buffer.concat([dataset, Buffer.concat(Array.from({ length: repeat }, () => tail))]);
          const before = rig.queue.rows.length;
          const outcome = await store(sent, syntax, cuts);
          // The same dataset twice is a duplicate.
          if (outcome.tag === 'duplicate' && rig.queue.rows.length === before) return;
          expect(outcome.tag).toBe('stored');
          expect(rig.queue.rows.at(-1)!.details.datasetSha256).toBe(sha256(sent));
          expect((await lastDataset()).equals(sent)).toBe(true);
        },
      ),
      { seed: 20261122, numRuns: soakCount(150, 5000) },
    );
  });
});

describe('a file', () => {
  const metas = fc.constantFrom('standard', 'no-preamble', 'no-meta', 'wrong-length', 'no-length', 'program');

  test('has its dataset stored bit for bit, whatever stands in front of it', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.2'),
        metas,
        fc.uint8Array({ minLength: 2, maxLength: 400 }),
        async (syntax, meta, content) => {
          count += 1;
          const file = makeDicomFile({
            transferSyntaxUid: syntax,
            sopInstanceUid: testUid(`file ${count}`),
            extra: [{ group: 0x7fe0, element: 0x10, vr: 'OB', value: Buffer.from(content) }],
          });
          const path = join(dir, String(count));
          await writeFile(path, inFrontOf(file, meta));
          const summary = await importPaths([path], {
            intake: rig.intake,
            clock: new SystemClock(),
            onEvent: () => undefined,
          });
          expect(summary).toMatchObject({ stored: 1, failed: 0 });
          expect(rig.queue.rows.at(-1)!.details.transferSyntaxUid).toBe(syntax);
          expect((await lastDataset()).equals(file.dataset)).toBe(true);
          const flags = rig.queue.rows.at(-1)!.flags;
          expect(flags.includes('preamble-zeroed')).toBe(meta === 'program');
        },
      ),
      { seed: 20261122, numRuns: soakCount(120, 3000) },
    );
  });
});

function inFrontOf(file: ReturnType<typeof makeDicomFile>, kind: string): Buffer {
  const meta = file.bytes.subarray(0, file.bytes.length - file.dataset.length);
  switch (kind) {
    case 'no-preamble':
      return Buffer.concat([meta.subarray(128), file.dataset]);
    case 'no-meta':
      return file.dataset;
    case 'wrong-length': {
      const wrong = Buffer.from(meta);
      wrong.writeUInt32LE(7, 140);
      return Buffer.concat([wrong, file.dataset]);
    }
    case 'no-length':
      return Buffer.concat([meta.subarray(0, 132), meta.subarray(144), file.dataset]);
    case 'program': {
      const program = Buffer.alloc(128, 0x90);
      program.write('MZ', 'latin1');
      return Buffer.concat([buildFileMeta({ ...file, preamble: program }), file.dataset]);
    }
    default:
      return file.bytes;
  }
}

describe('an image of more than 4 GiB', () => {
  // Sealing 4.2 GiB takes seconds of a whole core; the soak run does it, CI a shorter one of the same kind.
  const pieces = soakCount(300, 4300);

  test('goes through the intake in bounded memory, and its hash is that of every byte', async () => {
    const head = encodeDataset(
      [
        { group: 8, element: 0x16, vr: 'UI', value: secondaryCapture },
        { group: 8, element: 0x18, vr: 'UI', value: testUid('instance ') },
      ],
      'explicit-le',
    );
    const open = Buffer.from('e07f10004f420000ffffffff' + 'feff00e000000000', 'hex');
    const item = Buffer.from('feff00e000001000', 'hex');
    const fragment = Buffer.alloc(1 << 20, 'frame');
    const end = Buffer.from('feffdde000000000', 'hex');
    const nowhere = await makeIntakeRig({ nullSpool: true });
    try {
      const stream = nowhere.intake.begin({
        sopClassUid: secondaryCapture,
        sopInstanceUid: testUid('instance '),
        transferSyntaxUid: '1.2.840.10008.1.2.4.50',
        origin: { tag: 'association', callingAeTitle: 'TEST', remoteAddress: '127.0.0.1' },
      });
      const hash = createHash('sha256');
      let peakBytes = 0;
      let startBytes = Infinity;
      const write = async (bytes: Buffer): Promise<void> => {
        hash.update(bytes);
        await stream.write(bytes);
      };
      await write(head);
      await write(open);
      for (let count = 0; count < pieces; count += 1) {
        await write(item);
        await write(fragment);
        // What the first pieces warm up does not depend on how many follow.
        if (count === 100) startBytes = process.memoryUsage().rss;
        peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
      }
      await write(end);
      const outcome = await stream.finish();
      expect(outcome).toMatchObject({ tag: 'stored', flags: ['header-odd'] });
      expect(nowhere.queue.rows[0]?.details.datasetSha256).toBe(hash.digest('hex'));
      expect(peakBytes - startBytes).toBeLessThan(64 * 1024 * 1024);
    } finally {
      await nowhere.dispose();
    }
  }, 300_000);
});

needs('shared-dicom')('every public test file that is an image', () => {
  test('is stored bit for bit', async () => {
    const root = resolve(import.meta.dirname, '../../../shared/data/dicom');
    let compared = 0;
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = await readFile(path);
      const head = await readPart10Head(bytes.subarray(0, longestMetaBytes), 'whole-file');
      if (head.tag !== 'dataset') continue;
      const before = rig.queue.rows.length;
      await importPaths([path], {
        intake: rig.intake,
        clock: new SystemClock(),
        onEvent: () => undefined,
      });
      if (rig.queue.rows.length === before) continue;
      expect((await lastDataset()).equals(bytes.subarray(head.datasetOffset)), entry.name).toBe(true);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(50);
  });
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
