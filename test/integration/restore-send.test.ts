/** Restoring to a DICOM node: what arrives is what was once received, and nothing of it stays on this disk. */
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPart10Head } from '../../src/main/engine/dicom/part10.ts';
import { restoreLocal, type RestoreSummary } from '../../src/main/engine/restore/restore.ts';
import { restoreTarget } from '../../src/main/engine/restore/target.ts';
import type { RestoreEvent } from '../../src/shared/contract-restore.ts';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import { makeDicomFile, testUid, type TestFile } from '../support/dicom-files.ts';
import {
  endChild,
  freePort,
  startNode,
  startStorescp,
  until,
  type TestNode,
} from '../support/dicom-peers.ts';
import { needs, programPath } from '../support/tools.ts';
import { UploadRig } from '../support/upload-rig.ts';

let rig: UploadRig;
let dir: string;
let node: TestNode;
let events: RestoreEvent[];

const syntaxes = [
  '1.2.840.10008.1.2.1',
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.4.70',
  '1.2.840.10008.1.2.4.90',
  '1.2.840.10008.1.2.5',
];
const images = Array.from({ length: 15 }, (_, index) =>
  makeDicomFile({
    sopInstanceUid: testUid(`sent ${index}`),
    seed: `sent ${index}`,
    transferSyntaxUid: syntaxes[index % syntaxes.length]!,
    pixelBytes: index === 0 ? 3_000_000 : 20_000,
  }),
);

beforeEach(async () => {
  rig = await UploadRig.open();
  dir = await mkdtemp(join(tmpdir(), 'edge-sync-send-'));
  node = await startNode();
  events = [];
});
afterEach(async () => {
  await node.scp.stop();
  await rig.dispose();
  await rm(dir, { recursive: true, force: true });
});

async function received(files: readonly TestFile[]): Promise<void> {
  for (const file of files) {
    const { sopClassUid, sopInstanceUid, studyInstanceUid, seriesInstanceUid, transferSyntaxUid } = file;
    const uids = { sopClassUid, sopInstanceUid, studyInstanceUid, seriesInstanceUid, transferSyntaxUid };
    const details = { ...uids, datasetSha256: file.datasetSha256 };
    await rig.receive({ details, file: file.bytes, dataset: file.dataset });
  }
}

async function sentTo(
  port: number,
  calledAe = 'EDGESYNC',
  signal = new AbortController().signal,
): Promise<RestoreSummary> {
  const { clock, random, logger, spool } = rig;
  const target = restoreTarget(
    { node: { host: '127.0.0.1', port, calledAe, callingAe: 'RESTORE' } },
    {
      clock,
      random,
      signal,
      journalMac: (bytes) => rig.keys.manifestMac(bytes),
      privateFolder: join(dir, 'private'),
    },
  );
  return restoreLocal({
    ...{ clock, random, logger, spool, signal, target, keys: rig.restoreKeys },
    objects: [...rig.queue.instances({ tag: 'all' })],
    selection: { tag: 'all' },
    onEvent: (event) => events.push(event),
  });
}

/** Only the journal stays. */
async function leftOnDisk(): Promise<readonly string[]> {
  const names = await readdir(join(dir, 'private'), { recursive: true });
  return names.filter((name) => !/^sent-[0-9a-f]{16}\.journal$/.test(name));
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const sorted = (files: readonly TestFile[]): readonly string[] =>
  files.map(({ datasetSha256 }) => datasetSha256).sort();

describe('restoring to a node', () => {
  it('sends every image bit for bit, in its own transfer syntax, and leaves no plaintext behind', async () => {
    await received(images);
    expect(await sentTo(node.port)).toMatchObject({ total: 15, restored: 15, refused: 0, damaged: 0 });
    expect(node.intake.stored.map(({ dataset }) => sha256(dataset)).sort()).toEqual(sorted(images));
    expect(await leftOnDisk()).toEqual([]);
  });

  it('does not send again what the node has taken, and its journal names nothing', async () => {
    await received(images.slice(0, 3));
    await sentTo(node.port);
    await received(images.slice(3, 5));
    expect(await sentTo(node.port)).toMatchObject({ total: 5, restored: 2, skipped: 3 });
    expect(node.intake.stored).toHaveLength(5);
    const [journal] = await readdir(join(dir, 'private'));
    const content = await readFile(join(dir, 'private', journal!), 'utf8');
    expect(content.split('\n').filter((line) => line !== '')).toHaveLength(5);
    expect(content).toMatch(/^[0-9a-f\n]+$/);
  });

  it('sends to another node what the first one has', async () => {
    await received(images.slice(0, 2));
    await sentTo(node.port);
    const other = await startNode();
    try {
      expect(await sentTo(other.port)).toMatchObject({ restored: 2, skipped: 0 });
    } finally {
      await other.scp.stop();
    }
  });

  it('tells which image was refused, with the status, and sends the rest', async () => {
    await received(images.slice(0, 4));
    node.intake.outcome = ({ sopInstanceUid }) =>
      sopInstanceUid === images[2]!.sopInstanceUid
        ? { tag: 'refused', error: new EdgeSyncError('disk-full') }
        : { tag: 'stored', objectName: '', sizeBytes: 0, flags: [] };
    expect(await sentTo(node.port)).toMatchObject({ restored: 3, refused: 1 });
    const problems = events.flatMap((event) => (event.tag === 'problem' ? [event.problem] : []));
    expect(problems).toMatchObject([
      { code: 'peer-refused', study: { studyInstanceUid: images[2]!.studyInstanceUid } },
    ]);
    expect(problems[0]?.message).toContain('A700');
    node.intake.outcome = undefined;
    expect(await sentTo(node.port)).toMatchObject({ restored: 1, skipped: 3, refused: 0 });
    expect(await leftOnDisk()).toEqual([]);
  });

  it('opens nothing when the node does not know it or is not there', async () => {
    await received(images.slice(0, 1));
    await expect(sentTo(node.port, 'SOMEBODY')).rejects.toMatchObject({ code: 'peer-refused' });
    await expect(sentTo(await freePort())).rejects.toMatchObject({ code: 'peer-unreachable' });
    await expect(readdir(join(dir, 'private'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('ends soon when it is cancelled, and leaves no plaintext behind', async () => {
    await received(images);
    const cancel = new AbortController();
    const released = Promise.withResolvers<undefined>();
    node.intake.beforeFinish = () => released.promise;
    const sending = sentTo(node.port, 'EDGESYNC', cancel.signal);
    const outcome = expect(sending).rejects.toMatchObject({ code: 'cancelled' });
    await until(() => node.intake.begun > 0, 'an image is on its way');
    cancel.abort();
    await outcome;
    released.resolve(undefined);
    expect(await leftOnDisk()).toEqual([]);
  });

  it('clears the plaintext that a killed run has left', async () => {
    await received(images.slice(0, 1));
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.once('exit', resolve));
    const left = join(dir, 'private', `.edge-sync-restore-${child.pid ?? 0}-0badcafe`);
    await mkdir(left, { recursive: true });
    await writeFile(join(left, '1.dcm'), 'an image');
    await sentTo(node.port);
    expect(await leftOnDisk()).toEqual([]);
  });
});

needs('dcmtk')('restoring to storescp', () => {
  it('gives it every dataset as it was received', async () => {
    const out = join(dir, 'out');
    await mkdir(out);
    await received(images.slice(0, 4));
    const storescp = await startStorescp(out, ['+B', '+xa']);
    try {
      expect(await sentTo(storescp.port, 'ANY-SCP')).toMatchObject({ restored: 4, refused: 0 });
    } finally {
      await storescp.stop();
    }
    const datasets = await Promise.all(
      (await readdir(out)).map(async (name) => {
        const bytes = await readFile(join(out, name));
        const head = await readPart10Head(bytes, 'whole-file');
        if (head.tag !== 'dataset') throw new Error(head.tag);
        return sha256(bytes.subarray(head.datasetOffset));
      }),
    );
    expect(datasets.sort()).toEqual(sorted(images.slice(0, 4)));
  });
});

needs('orthanc')('restoring to Orthanc', () => {
  it('gives it every dataset as it was received', async () => {
    const [httpPort, dicomPort] = [await freePort(), await freePort()];
    const storage = join(dir, 'orthanc');
    await mkdir(storage);
    const config = {
      ...{ StorageDirectory: storage, IndexDirectory: storage, Plugins: [], HttpPort: httpPort },
      ...{
        RemoteAccessAllowed: false,
        AuthenticationEnabled: false,
        DicomAet: 'ORTHANC',
        DicomPort: dicomPort,
      },
      DicomAlwaysAllowEcho: true,
      DicomAlwaysAllowStore: true,
    };
    await writeFile(join(dir, 'orthanc.json'), JSON.stringify(config));
    const child = spawn(programPath('Orthanc'), [join(dir, 'orthanc.json')], { stdio: 'ignore' });
    const asked = async (path: string): Promise<Response | undefined> =>
      fetch(`http://127.0.0.1:${httpPort}${path}`).catch(() => undefined);
    try {
      for (let tries = 0; (await asked('/system'))?.ok !== true && tries < 200; tries += 1)
        await new Promise((resolve) => setTimeout(resolve, 100));
      await received(images.slice(0, 4));
      expect(await sentTo(dicomPort, 'ORTHANC')).toMatchObject({ restored: 4, refused: 0 });
      const ids = (await (await asked('/instances'))!.json()) as readonly string[];
      const datasets = await Promise.all(
        ids.map(async (id) => {
          const bytes = Buffer.from(await (await asked(`/instances/${id}/file`))!.arrayBuffer());
          const head = await readPart10Head(bytes, 'whole-file');
          if (head.tag !== 'dataset') throw new Error(head.tag);
          return sha256(bytes.subarray(head.datasetOffset));
        }),
      );
      expect(datasets.sort()).toEqual(sorted(images.slice(0, 4)));
    } finally {
      await endChild(child);
    }
  });
});
