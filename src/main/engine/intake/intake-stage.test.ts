import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { EdgeSyncError } from '../../../shared/errors.ts';
import {
  makeDicomFile,
  testUid,
  type TestFile,
  type TestImage,
} from '../../../../test/support/dicom-files.ts';
import { makeIntakeRig, type IntakeRig, type IntakeRigOptions } from '../../../../test/support/intake-rig.ts';
import type { Announcement, IntakeOutcome, Origin } from './intake-port.ts';

const device: Origin = { tag: 'association', callingAeTitle: 'US-1', remoteAddress: '10.0.0.7' };
const fromFile: Origin = { tag: 'import', path: '/somewhere/image' };

let rig: IntakeRig;

async function use(options?: IntakeRigOptions): Promise<IntakeRig> {
  rig = await makeIntakeRig(options);
  return rig;
}

afterEach(() => rig.dispose());

function announce(file: TestFile, changes: Partial<Announcement> = {}): Announcement {
  return {
    sopClassUid: file.sopClassUid,
    sopInstanceUid: file.sopInstanceUid,
    transferSyntaxUid: file.transferSyntaxUid,
    origin: device,
    ...changes,
  };
}

async function send(
  file: TestFile,
  changes: Partial<Announcement> = {},
  pieces: readonly Uint8Array[] = [file.dataset],
): Promise<IntakeOutcome> {
  const stream = rig.intake.begin(announce(file, changes));
  for (const piece of pieces) await stream.write(piece);
  return stream.finish();
}

function code(outcome: IntakeOutcome): string | undefined {
  return outcome.tag === 'refused' ? outcome.error.code : undefined;
}

const named: TestImage = {
  patientName: 'Canaryson^Zebulon',
  patientId: 'CANARY-ID-4711',
  accessionNumber: 'CANARY-ACC',
  modality: 'US',
  studyDescription: 'CANARY-DESCRIPTION',
};

describe('an instance that comes in', () => {
  test('is stored bit for bit behind our own file meta, sealed, and recorded with its details', async () => {
    const { queue, open } = await use();
    const file = makeDicomFile(named);
    const outcome = await send(file);
    const row = queue.rows[0];
    expect(outcome).toEqual({
      tag: 'stored',
      objectName: row?.objectName,
      sizeBytes: row?.sizeBytes,
      flags: [],
    });
    expect(row).toMatchObject({
      source: 'US-1',
      flags: [],
      recoveryFingerprint: 'ab'.repeat(32),
      details: {
        sopClassUid: file.sopClassUid,
        sopInstanceUid: file.sopInstanceUid,
        studyInstanceUid: file.studyInstanceUid,
        seriesInstanceUid: file.seriesInstanceUid,
        transferSyntaxUid: file.transferSyntaxUid,
        datasetSha256: file.datasetSha256,
        patientName: 'Canaryson^Zebulon',
        modality: 'US',
      },
    });
    expect(await open(row!.spoolId)).toEqual(file.bytes);
  });

  test('is the same whatever the sizes of its pieces', async () => {
    const { queue, open } = await use();
    const file = makeDicomFile({ pixelBytes: 300_000 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 140_000 }), { maxLength: 12 }), async (sizes) => {
        const pieces: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          // A copy that is overwritten after the call: the stage must not keep what belongs to the caller.
          pieces.push(Buffer.from(file.dataset.subarray(at, at + size)));
          at += size;
        }
        pieces.push(Buffer.from(file.dataset.subarray(at)));
        queue.rows.length = 0;
        const stream = rig.intake.begin(announce(file));
        for (const piece of pieces) {
          const wait = stream.write(piece);
          piece.fill(0xaa);
          await wait;
        }
        expect(await stream.finish()).toMatchObject({ tag: 'stored' });
        const row = queue.rows[0];
        expect(row?.details.datasetSha256).toBe(file.datasetSha256);
        expect((await open(row!.spoolId)).equals(file.bytes)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test('leaves nothing readable in the spool, in the logs or in names', async () => {
    const { spoolDir, spooled, logger } = await use();
    const file = makeDicomFile(named);
    await send(file, { origin: { tag: 'folder', folder: '/f/Canaryson', path: '/f/Canaryson/CANARY.dcm' } });
    await send(makeDicomFile({ ...named, seed: 'other' }), { sopInstanceUid: '1.2.3.CANARY' });
    const ids = await spooled();
    expect(ids).toHaveLength(1);
    const ciphertext = await readFile(join(spoolDir, ids[0]!.slice(0, 2), ids[0]!));
    const written = ciphertext.toString('latin1') + JSON.stringify(logger.lines) + ids.join();
    for (const canary of ['anary', 'CANARY', file.sopInstanceUid, file.studyInstanceUid]) {
      expect(written.includes(canary), canary).toBe(false);
    }
  });

  test('deflated is hashed and stored as it came', async () => {
    const { queue, open } = await use();
    const file = makeDicomFile({
      ...named,
      transferSyntaxUid: '1.2.840.10008.1.2.1.99',
      pixelBytes: 200_000,
    });
    expect(await send(file, {}, [file.dataset.subarray(0, 300), file.dataset.subarray(300)])).toMatchObject({
      tag: 'stored',
      flags: [],
    });
    expect(queue.rows[0]?.details).toMatchObject({ modality: 'US', datasetSha256: file.datasetSha256 });
    expect(await open(queue.rows[0]!.spoolId)).toEqual(file.bytes);
  });

  test('passes on what is to be deleted once it is verified', async () => {
    const { queue } = await use();
    await send(makeDicomFile(), { origin: fromFile, deleteAfterVerify: 'ticket' });
    expect(queue.rows[0]).toMatchObject({ source: null, deleteAfterVerify: 'ticket' });
  });
});

describe('what is not the announced image', () => {
  test.each([
    ['another SOP Instance UID', { sopInstanceUid: testUid('another') }],
    ['another SOP Class UID', { sopClassUid: '1.2.840.10008.5.1.4.1.1.2' }],
  ])('(%s) is refused as a mismatch and leaves no file', async (_what, changes) => {
    const { queue, spooled } = await use();
    expect(code(await send(makeDicomFile(), changes))).toBe('dicom-mismatch');
    expect(queue.rows).toEqual([]);
    expect(await spooled()).toEqual([]);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['noise', randomBytes(5000)],
    ['text', Buffer.from('not a dataset at all')],
  ])('(%s) is refused as unreadable and leaves no file', async (_what, bytes) => {
    const { queue, spooled } = await use();
    expect(code(await send(makeDicomFile(), {}, [bytes]))).toBe('dicom-unreadable');
    expect(queue.rows).toEqual([]);
    expect(await spooled()).toEqual([]);
  });
});

describe('an image that ends too early', () => {
  test('from a device is stored as it came and flagged', async () => {
    const { queue, open } = await use();
    const file = makeDicomFile();
    const cut = file.dataset.subarray(0, file.dataset.length - 100);
    expect(await send(file, {}, [cut])).toMatchObject({ tag: 'stored', flags: ['header-odd'] });
    expect(queue.rows[0]?.flags).toEqual(['header-odd']);
    expect((await open(queue.rows[0]!.spoolId)).subarray(-cut.length)).toEqual(cut);
  });

  test('from a file is refused as truncated', async () => {
    const { spooled } = await use();
    const file = makeDicomFile();
    const cut = file.dataset.subarray(0, file.dataset.length - 100);
    expect(code(await send(file, { origin: fromFile }, [cut]))).toBe('dicom-truncated');
    expect(await spooled()).toEqual([]);
  });
});

describe('a preamble', () => {
  test('that starts like a program is zeroed and flagged', async () => {
    const { queue, open } = await use();
    const file = makeDicomFile();
    const preamble = Buffer.alloc(128, 'MZ\x90');
    expect(await send(file, { preamble, origin: fromFile })).toMatchObject({ flags: ['preamble-zeroed'] });
    expect((await open(queue.rows[0]!.spoolId)).subarray(0, 128)).toEqual(Buffer.alloc(128));
  });

  test('of a TIFF is kept', async () => {
    const { queue, open } = await use();
    const preamble = Buffer.alloc(128, 'II*\0');
    expect(await send(makeDicomFile(), { preamble })).toMatchObject({ flags: [] });
    expect((await open(queue.rows[0]!.spoolId)).subarray(0, 128)).toEqual(preamble);
  });
});

describe('what is already held', () => {
  test('the same again is a duplicate and takes no space', async () => {
    const { queue, spooled } = await use();
    const file = makeDicomFile();
    const first = await send(file);
    expect(await send(file)).toEqual({ tag: 'duplicate', objectName: queue.rows[0]?.objectName });
    expect(first.tag).toBe('stored');
    expect(await spooled()).toEqual([queue.rows[0]?.spoolId]);
  });

  test('another content under the same UID is kept too, and flagged', async () => {
    const { spooled } = await use();
    const uid = { sopInstanceUid: testUid('same') };
    await send(makeDicomFile(uid));
    const other = makeDicomFile({ ...uid, seed: 'other' });
    expect(await send(other)).toMatchObject({ tag: 'stored', flags: ['uid-conflict'] });
    expect(await spooled()).toHaveLength(2);
  });

  test('a resend that takes the place of a damaged copy removes the old file', async () => {
    const { queue, spooled } = await use();
    const file = makeDicomFile();
    await send(file);
    const oldSpoolId = queue.rows[0]!.spoolId;
    queue.answer = () => ({ tag: 'replaced', oldSpoolId });
    expect(await send(file)).toMatchObject({ tag: 'stored' });
    expect(await spooled()).toEqual([queue.rows[1]?.spoolId]);
  });
});

describe('when something fails', () => {
  test('an aborted instance leaves no file and no row', async () => {
    const { queue, spooled } = await use();
    const file = makeDicomFile({ pixelBytes: 3_000_000 });
    const stream = rig.intake.begin(announce(file));
    await stream.write(file.dataset.subarray(0, 2_000_000));
    await stream.abort();
    expect(queue.rows).toEqual([]);
    expect(await spooled()).toEqual([]);
  });

  test('a row that cannot be committed is refused and leaves no file', async () => {
    const { queue, spooled } = await use();
    queue.answer = () => {
      throw new EdgeSyncError('disk-full');
    };
    expect(code(await send(makeDicomFile()))).toBe('disk-full');
    expect(await spooled()).toEqual([]);
  });

  test('a fault of disk or database stands until an image is stored, and refuses nothing', async () => {
    const { intake, queue } = await use();
    const first = makeDicomFile({ seed: 'first' });
    await send(first);
    for (const fault of ['disk-error', 'disk-full', 'data-dir-not-writable', 'database-damaged'] as const) {
      expect(intake.standing()).toBeUndefined();
      queue.answer = () => {
        throw new EdgeSyncError(fault);
      };
      await send(makeDicomFile({ seed: fault }));
      expect(intake.standing()?.code).toBe(fault);
      expect(intake.refusal()).toBeUndefined();
      queue.answer = undefined;
      expect((await send(first)).tag).toBe('duplicate');
      expect(intake.standing()?.code).toBe(fault);
      expect((await send(makeDicomFile({ seed: fault }))).tag).toBe('stored');
    }
    expect(intake.standing()).toBeUndefined();
  });

  test('a fault of the disk ends when a probe could be written, not when it could not', async () => {
    const { intake, queue } = await use();
    queue.answer = () => {
      throw new EdgeSyncError('disk-full');
    };
    await send(makeDicomFile());
    let writes = 0;
    await intake.retry(() => {
      writes += 1;
      return Promise.reject(new EdgeSyncError('disk-full'));
    });
    expect(intake.standing()?.code).toBe('disk-full');
    await intake.retry(() => Promise.resolve());
    expect(intake.standing()).toBeUndefined();
    await intake.retry(() => {
      writes += 1;
      return Promise.resolve();
    });
    expect(writes).toBe(1);
  });

  test('an image that is refused for itself is no standing trouble', async () => {
    const { intake } = await use();
    expect((await send(makeDicomFile(), { sopInstanceUid: testUid('another') })).tag).toBe('refused');
    expect(intake.standing()).toBeUndefined();
  });

  test('too little free space refuses, before and at the start of an instance', async () => {
    const { intake } = await use({ freeBytes: () => Promise.resolve(999), refuseBelowBytes: 1000 });
    expect(intake.refusal()?.code).toBe('disk-full');
    expect(code(await send(makeDicomFile()))).toBe('disk-full');
  });

  test('a locked key refuses, before and at the start of an instance', async () => {
    let locked = true;
    const { intake, spooled } = await use({
      sealers: (real) => {
        if (locked) throw new EdgeSyncError('keychain-unavailable');
        return real;
      },
    });
    expect(intake.refusal()?.code).toBe('keychain-unavailable');
    expect(code(await send(makeDicomFile()))).toBe('keychain-unavailable');
    locked = false;
    expect(intake.refusal()).toBeUndefined();
    expect((await send(makeDicomFile())).tag).toBe('stored');
    expect(await spooled()).toHaveLength(1);
  });

  test('a sealer that breaks in the middle refuses and leaves no file', async () => {
    const { spooled, logger } = await use({
      sealers: (real) => ({
        recoveryFingerprint: null,
        create: () => {
          const sealer = real.create();
          return {
            head: sealer.head,
            update: () => {
              throw new Error('CANARY in a foreign message');
            },
            finish: (out) => sealer.finish(out),
          };
        },
      }),
    });
    expect(code(await send(makeDicomFile({ pixelBytes: 200_000 })))).toBe('internal');
    expect(await spooled()).toEqual([]);
    expect(JSON.stringify(logger.lines.map(({ event, fields }) => [event, fields]))).not.toContain('CANARY');
  });
});
