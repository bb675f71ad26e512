import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { hex, newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Opener } from '../seal/seal-port.ts';
import { FileSpool } from '../spool/file-spool.ts';
import { reconcile, type AdoptedInstance, type ReconcileReport } from './reconcile.ts';

let kit: QueueKit;
let spool: FileSpool;
let spoolDir: string;

beforeEach(async () => {
  kit = new QueueKit();
  kit.queue.setDestinations([{ name: 'cloud', required: true }]);
  spoolDir = path.join(kit.dir, 'spool');
  spool = await openSpool();
});

afterEach(async () => {
  expect(kit.queue.checkConsistency()).toEqual([]);
  await spool.close();
  kit.dispose();
});

function openSpool(): Promise<FileSpool> {
  const random = new FakeRandom(randomBytes(8).toString('hex'));
  return FileSpool.open({ dir: spoolDir, random, clock: kit.clock, logger: kit.logger });
}

/** A stand-in for sealing: "whole:<name>", and ways of being broken. Sealing itself is tested in seal/. */
class TestOpener implements Opener {
  #content = '';

  push(chunk: Uint8Array): Buffer[] {
    this.#content += Buffer.from(chunk).toString('latin1');
    if (this.#content.startsWith('other-key:')) throw new EdgeSyncError('object-no-recipient');
    if (this.#content.startsWith('zeros:')) throw new EdgeSyncError('object-format');
    return [Buffer.from(chunk)];
  }

  end(): void {
    if (this.#content.startsWith('forged:')) throw new EdgeSyncError('object-tampered');
    if (!this.#content.endsWith(';')) throw new EdgeSyncError('object-truncated');
  }
}

/** `name=uid` has a SOP Instance UID of its own choice. */
async function adopt(plaintext: AsyncIterable<Buffer>): Promise<AdoptedInstance> {
  let content = '';
  for await (const piece of plaintext) content += piece.toString('latin1');
  if (content.startsWith('no-dicom:')) throw new EdgeSyncError('not-dicom');
  const name = content.slice('whole:'.length, -1);
  const [, sopInstanceUid] = name.split('=');
  const details = sopInstanceUid === undefined ? {} : { sopInstanceUid };
  return newInstance(name, 'one', { source: null, details });
}

function run(): Promise<ReconcileReport> {
  return reconcile({
    queue: kit.queue,
    spool,
    openers: { create: () => new TestOpener() },
    adopt,
    logger: kit.logger,
  });
}

async function spoolFile(content: string): Promise<string> {
  const writer = spool.create();
  await writer.write([Buffer.from(content, 'latin1')]);
  await writer.commit();
  return writer.id;
}

/** Spooled and recorded, as after Success. */
async function receive(name: string): Promise<string> {
  const content = `whole:${name};`;
  const spoolId = await spoolFile(content);
  await kit.queue.recordReceived(newInstance(name, 'one', { spoolId, sizeBytes: content.length }));
  return spoolId;
}

async function filesLeft(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of spool.list()) ids.push(id);
  return ids;
}

const nothing: ReconcileReport = {
  whole: 0,
  adopted: 0,
  swept: 0,
  missing: 0,
  forgotten: 0,
  setAside: 0,
  left: 0,
};

describe('reconciling spool and rows', () => {
  it('finds nothing to mend when both agree', async () => {
    for (let index = 0; index < 30; index += 1) await receive(`n${index}`);
    expect(await run()).toEqual({ ...nothing, whole: 30 });
    expect(kit.queue.status().incidents).toEqual([]);
  });

  it('parks an image whose only copy is gone, and says so until somebody has seen it', async () => {
    await receive('kept');
    await spool.remove(await receive('gone'));
    expect(await run()).toEqual({ ...nothing, whole: 1, missing: 1 });
    expect(kit.queue.status()).toMatchObject({
      pending: 1,
      parked: 1,
      failures: [{ code: 'object-missing', state: 'parked' }],
      incidents: [{ code: 'object-missing' }],
    });
    expect(await run()).toEqual({ ...nothing, whole: 1 });
  });

  it('only forgets the local copy of what every required destination has verified', async () => {
    const spoolId = await receive('safe');
    await kit.verifyAll();
    await spool.remove(spoolId);
    expect(await run()).toEqual({ ...nothing, forgotten: 1 });
    expect(kit.queue.status()).toMatchObject({ verified: 1, parked: 0, incidents: [], spoolBytes: 0 });
  });

  it('does not take a file of another size for the image, and keeps it aside', async () => {
    const spoolId = await receive('cut');
    fs.truncateSync(path.join(spoolDir, spoolId.slice(0, 2), spoolId), 5);
    expect(await run()).toEqual({ ...nothing, missing: 1 });
    expect(kit.queue.status()).toMatchObject({ parked: 1, failures: [{ code: 'object-truncated' }] });
    expect(await filesLeft()).toEqual([]);
    expect(fs.existsSync(path.join(spoolDir, 'set-aside', spoolId))).toBe(true);
  });

  it('receives what was sealed whole but never recorded', async () => {
    const spoolId = await spoolFile('whole:late;');
    expect(await run()).toEqual({ ...nothing, adopted: 1 });
    expect(kit.instance(newInstance('late').objectName)).toMatchObject({ spoolId, sizeBytes: 11 });
    expect(kit.claimAll()).toHaveLength(1);
  });

  it('tells of two images under one UID when it adopts the second, once', async () => {
    await spoolFile('whole:first=1.2.3;');
    const spoolId = await spoolFile('whole:second=1.2.3;');
    expect(await run()).toEqual({ ...nothing, adopted: 2 });
    expect(kit.queue.status().incidents).toMatchObject([{ code: 'uid-conflict', count: 1 }]);
    // Its sender still waited for the row.
    const wishes = { spoolId, sizeBytes: 19, details: { sopInstanceUid: '1.2.3' } };
    await kit.queue.recordReceived(newInstance('second=1.2.3', 'one', wishes));
    expect(await run()).toEqual({ ...nothing, whole: 2 });
    expect(kit.queue.status().incidents).toMatchObject([{ code: 'uid-conflict', count: 1 }]);
  });

  it('removes a second file of an image that is held', async () => {
    await receive('twice');
    await spoolFile('whole:twice;');
    kit.queue.setDestinations([{ name: 'cloud', required: true }]);
    expect(await run()).toEqual({ ...nothing, whole: 1, swept: 1 });
    expect(await filesLeft()).toHaveLength(1);
  });

  it('lets a whole file take the place of one that was lost', async () => {
    await spool.remove(await receive('lost'));
    await run();
    await spoolFile('whole:lost;');
    expect(await run()).toEqual({ ...nothing, adopted: 1 });
    expect(kit.queue.status()).toMatchObject({ pending: 1, parked: 0 });
  });

  it('sweeps what a dying process left unfinished, and nothing else', async () => {
    await spoolFile('whole:cut short');
    const half = spool.create();
    await half.write([Buffer.alloc(300 * 1024, 'w')]);
    await spoolFile('forged:x;');
    await spoolFile('zeros:x;');
    await spoolFile('no-dicom:x;');
    const otherKey = await spoolFile('other-key:x;');
    // As after a crash: the blanks and the open file belong to nobody now.
    spool = await openSpool();
    const report = await run();
    expect(report).toMatchObject({ adopted: 0, missing: 0, setAside: 3, left: 1 });
    expect(report.swept).toBeGreaterThanOrEqual(2);
    expect(await filesLeft()).toEqual([otherKey]);
    expect(fs.readdirSync(path.join(spoolDir, 'set-aside'))).toHaveLength(3);
    expect(
      kit.queue
        .status()
        .incidents.map(({ code }) => code)
        .sort(),
    ).toEqual(['object-no-recipient', 'object-tampered']);
    expect(await run()).toEqual({ ...nothing, left: 1 });
  });

  it('does not touch what this process is writing', async () => {
    const writer = spool.create();
    await writer.write([Buffer.alloc(300 * 1024)]);
    expect(await run()).toEqual(nothing);
    expect((await writer.commit()).sizeBytes).toBe(300 * 1024);
  });

  it('does not lose a file that is adopted while its sender still waits for the row', async () => {
    const content = 'whole:racing;';
    const spoolId = await spoolFile(content);
    expect((await run()).adopted).toBe(1);
    const outcome = await kit.queue.recordReceived(
      newInstance('racing', 'one', { spoolId, sizeBytes: content.length }),
    );
    expect(outcome.tag).toBe('recorded');
    expect(kit.queue.status().received).toBe(1);
  });

  it('mends all of it at once among many rows', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 200; index += 1) ids.push(await receive(`m${index}`));
    const gone = ids.filter((_, index) => index % 10 === 3);
    for (const id of gone) await spool.remove(id);
    for (let index = 0; index < 15; index += 1) await spoolFile(`whole:late${index};`);
    for (let index = 0; index < 5; index += 1) await spoolFile(`whole:cut${index}`);
    expect(await run()).toEqual({ ...nothing, whole: 180, missing: 20, adopted: 15, swept: 5 });
    expect(kit.queue.status()).toMatchObject({ received: 215, pending: 195, parked: 20 });
  });

  it('does not take a file that a row has come to name since the rows were read', async () => {
    // The new file comes first in the listing, so that it is met before the rows read later name it.
    const [reheaded, old] = [await spoolFile('whole:a;'), await spoolFile('whole:a;')].sort();
    await kit.queue.recordReceived(newInstance('a', 'one', { spoolId: old!, sizeBytes: 8 }));
    const { instanceId } = [...kit.queue.instances({ tag: 'all' })][0]!;
    const report = await reconcile({
      queue: {
        spoolRows: (after, limit) => {
          const page = kit.queue.spoolRows(after, limit);
          if (after === undefined) void kit.queue.setSpool(instanceId, reheaded!, 8, null);
          return page;
        },
        namesSpool: (spoolId) => kit.queue.namesSpool(spoolId),
        markLost: (row, code) => kit.queue.markLost(row, code),
        recordReceived: (instance) => kit.queue.recordReceived(instance),
        reportIncident: (incident) => kit.queue.reportIncident(incident),
      },
      spool,
      openers: { create: () => new TestOpener() },
      adopt,
      logger: kit.logger,
    });
    expect(report).toEqual({ ...nothing, whole: 1 });
    expect(kit.queue.namesSpool(reheaded!)).toBe(true);
  });

  it('never opens a file that a row names', async () => {
    const spoolId = hex('whatever', 16);
    await receive('a');
    expect(kit.queue.namesSpool(spoolId)).toBe(false);
    const report = await reconcile({
      queue: kit.queue,
      spool,
      openers: {
        create: () => {
          throw new EdgeSyncError('internal', 'opened');
        },
      },
      adopt,
      logger: kit.logger,
    });
    expect(report).toEqual({ ...nothing, whole: 1 });
  });
});
