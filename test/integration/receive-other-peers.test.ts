/** Receiving from senders that others wrote, besides DCMTK's: GDCM, Odil, Orthanc. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { endChild, freePort, runPeer, startNode, type TestNode } from '../support/dicom-peers.ts';
import { needs, programPath } from '../support/tools.ts';

let node: TestNode;
let folder: string;
const image = makeDicomFile({ sopInstanceUid: testUid('other peers'), pixelBytes: 30_000 });

beforeEach(async () => {
  node = await startNode();
  folder = await mkdtemp(join(tmpdir(), 'edge-sync-peers-'));
  await writeFile(join(folder, 'one.dcm'), image.bytes);
});

afterEach(async () => {
  await node.scp.stop();
  await rm(folder, { recursive: true, force: true });
});

function expectStored(): void {
  expect(node.intake.stored.map((one) => one.announcement.sopInstanceUid)).toEqual([image.sopInstanceUid]);
  expect(node.intake.stored[0]?.dataset.equals(image.dataset)).toBe(true);
  expect(node.logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
}

needs('gdcm')('GDCM', () => {
  // Debian's gdcmscu ends with an exception after the release, with storescp too: what counts is what came in.
  const gdcm = (...args: readonly string[]): Promise<unknown> =>
    runPeer('gdcmscu', [
      ...args.slice(0, 1),
      '--call',
      'EDGESYNC',
      '127.0.0.1',
      String(node.port),
      ...args.slice(1),
    ]);
  const ends = (): readonly unknown[] =>
    node.logger.lines.filter(({ event }) => event === 'association ended').map(({ fields }) => fields['how']);

  it('is answered its echo, and releases in order', async () => {
    await gdcm('--echo');
    expect(ends()).toEqual(['released']);
  });

  it('stores, bit for bit, and releases in order', async () => {
    await gdcm('--store', join(folder, 'one.dcm'));
    expectStored();
    expect(ends()).toEqual(['released']);
  });
});

needs('odil')('Odil', () => {
  it('is answered its echo', async () => {
    const { exitCode, output } = await runPeer('odil', [
      'echo',
      '127.0.0.1',
      String(node.port),
      'ODIL',
      'EDGESYNC',
    ]);
    expect(exitCode, output).toBe(0);
  });

  it('stores', async () => {
    const { exitCode, output } = await runPeer('odil', [
      'store',
      '127.0.0.1',
      String(node.port),
      'ODIL',
      'EDGESYNC',
      join(folder, 'one.dcm'),
    ]);
    expect(exitCode, output).toBe(0);
    expect(node.intake.stored.map((one) => one.announcement.sopInstanceUid)).toEqual([image.sopInstanceUid]);
  });
});

needs('orthanc')('Orthanc', () => {
  it('sends on what it holds, and its echo is answered', async () => {
    const [httpPort, dicomPort] = [await freePort(), await freePort()];
    const config = join(folder, 'orthanc.json');
    await writeFile(
      config,
      JSON.stringify({
        Name: 'sender',
        StorageDirectory: join(folder, 'storage'),
        IndexDirectory: join(folder, 'storage'),
        HttpPort: httpPort,
        DicomPort: dicomPort,
        DicomAet: 'ORTHANC',
        RemoteAccessAllowed: false,
        AuthenticationEnabled: false,
        Plugins: [],
        DicomModalities: { edge: ['EDGESYNC', '127.0.0.1', node.port] },
      }),
    );
    const child = spawn(programPath('Orthanc'), [config], { stdio: 'ignore' });
    const url = `http://127.0.0.1:${httpPort}`;
    try {
      for (let attempt = 0; ; attempt += 1) {
        const up = await fetch(`${url}/system`).then(
          ({ ok }) => ok,
          () => false,
        );
        if (up) break;
        if (attempt === 300) throw new Error('Orthanc did not start');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const stored = await fetch(`${url}/instances`, { method: 'POST', body: new Uint8Array(image.bytes) });
      const { ID: id } = (await stored.json()) as { readonly ID: string };
      expect((await fetch(`${url}/modalities/edge/echo`, { method: 'POST', body: '{}' })).status).toBe(200);
      const sent = await fetch(`${url}/modalities/edge/store`, { method: 'POST', body: id });
      expect(await sent.json()).toMatchObject({ FailedInstancesCount: 0, InstancesCount: 1 });
      expectStored();
    } finally {
      await endChild(child);
    }
  });
});
