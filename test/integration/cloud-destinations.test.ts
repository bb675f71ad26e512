/** Headless, with S3 and a folder as destinations: settings, environment, check, upload, restore. */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { TestInstallation } from '../support/installation.ts';
import { startS3Server, type S3Server } from '../support/s3-server.ts';

const count = 5;
let server: S3Server;
let share: string;
let installation: TestInstallation;

beforeEach(async () => {
  server = await startS3Server('clinic');
  share = await mkdtemp(join(tmpdir(), 'edge-sync-nas-'));
  installation = await TestInstallation.create({
    config: {
      destinations: [
        {
          name: 'cloud',
          kind: 's3',
          bucket: 'clinic',
          prefix: 'archive',
          endpoint: `http://127.0.0.1:${server.port}`,
          addressing: 'path',
        },
        { name: 'nas', kind: 'folder', path: share },
      ],
    },
    secrets: { cloud: `${server.accessKeyId}:${server.secretAccessKey}` },
  });
});
afterEach(async () => {
  await installation.dispose();
  await server.stop();
  await rm(share, { recursive: true, force: true });
});

it('are checked, with what the credential can do beyond need, in words and as JSON', async () => {
  const checked = await installation.command(['config', 'check']);
  expect(checked.code, checked.out + checked.err).toBe(0);
  expect(checked.out).toMatch(/destination cloud \(s3\): in order\n {2}Warning: .*delete and overwrite/);
  expect(checked.out).toMatch(/destination nas \(folder\): in order/);
  const json = await installation.command(['config', 'check', '--json']);
  const { checks } = JSON.parse(json.out) as { checks: { part: string; findings: { level: string }[] }[] };
  expect(checks.find(({ part }) => part.includes('cloud'))?.findings[0]?.level).toBe('warning');
  expect(json.out + json.err + checked.out + checked.err).not.toContain(server.secretAccessKey);
  await rm(share, { recursive: true });
  const gone = await installation.command(['config', 'check']);
  expect(gone.code).toBe(1);
  expect(gone.out).toMatch(/destination nas \(folder\): .*is the share connected.*\[cloud-unreachable\]/);
});

it('hold every image, and give all of them back', async () => {
  await installation.serve();
  const folder = installation.path('scans');
  await mkdir(folder);
  for (let index = 0; index < count; index += 1) {
    // One of them goes in parts.
    const pixelBytes = index === 0 ? 9 * 1024 * 1024 : 100_000;
    const { bytes } = makeDicomFile({ sopInstanceUid: testUid(`stores ${index}`), pixelBytes });
    await writeFile(join(folder, `${index}.dcm`), bytes);
  }
  const imported = await installation.command(['import', folder]);
  expect(imported.code, imported.err).toBe(0);
  await installation.enrol();
  const status = await installation.statusWhere(
    ({ counts }) => counts.pending === 0 || counts.parked + counts.failed > 0,
  );
  expect(status.counts).toEqual({ received: count, pending: 0, verified: count, failed: 0, parked: 0 });
  expect(status.destinations).toMatchObject([
    { name: 'cloud', kind: 's3', verified: count },
    { name: 'nas', kind: 'folder', verified: count },
  ]);
  const names = [...server.objects.keys()].filter((name) => name.startsWith('archive/objects/'));
  expect(names).toHaveLength(count);
  expect(await readdir(join(share, 'unfinished'))).toEqual([]);

  const fromCloud = installation.path('from-cloud');
  const restored = await installation.command(['restore', '--all', '--from-cloud', '--to', fromCloud]);
  expect(restored.code, restored.out + restored.err).toBe(0);
  expect(await dicomFiles(fromCloud)).toBe(count);
});

it('that are a share which is not connected are waited for, not taken for a lost archive', async () => {
  await installation.configure({ destinations: [{ name: 'nas', kind: 'folder', path: share }] });
  const engine = await installation.serve();
  await installation.enrol();
  const first = installation.path('first.dcm');
  await writeFile(first, makeDicomFile({ sopInstanceUid: testUid('share 1') }).bytes);
  await installation.command(['import', first]);
  await installation.statusWhere(({ counts }) => counts.verified === 1);
  // The share goes: its mount point is an empty folder of this PC.
  const elsewhere = `${share}-elsewhere`;
  await rename(share, elsewhere);
  await mkdir(share);
  const second = installation.path('second.dcm');
  await writeFile(second, makeDicomFile({ sopInstanceUid: testUid('share 2') }).bytes);
  await installation.command(['import', second]);
  // One object alone that failed does not make the whole destination count as down.
  const gone = await installation.statusWhere(
    (one) => one.counts.failed > 0 || one.destinations[0]?.error !== null,
  );
  expect(gone.counts.verified).toBe(1);
  expect(JSON.stringify(gone)).toContain('cloud-unreachable');
  await engine.stop();
  const again = await installation.serve();
  const after = await installation.statusWhere((one) => one.destinations[0]?.error !== null);
  expect(after.destinations[0]?.error?.code).toBe('cloud-unreachable');
  expect(await readdir(share)).not.toContain('objects');
  await rm(share, { recursive: true });
  await rename(elsewhere, share);
  await again.stop();
  await installation.serve();
  await installation.statusWhere(({ counts }) => counts.verified === 2);
});

it('are reached through a proxy where one is set, whose refusal config check names', async () => {
  const proxy = await startConnectProxy('user:word', () => server.port);
  try {
    const endpoint = 'https://storage.clinic.example';
    await installation.configure({
      destinations: [{ name: 'cloud', kind: 's3', bucket: 'clinic', endpoint, addressing: 'path' }],
    });
    for (const [key, value] of [
      ['network.proxy.address', `http://127.0.0.1:${proxy.port}`],
      ['network.proxy.mode', 'manual'],
    ] as const) {
      const set = await installation.command(['config', 'set', key, value]);
      expect(set.code, set.err).toBe(0);
    }
    const refused = await installation.command(['config', 'check']);
    expect(refused.out).toContain(`outgoing connections (through http://127.0.0.1:${proxy.port})`);
    expect(refused.out).toContain('[proxy-refused]');
    const environment = { EDGE_SYNC_SECRET_PROXY: 'user:word' };
    const carried = await installation.command(['config', 'check'], { environment });
    // Behind this tunnel nobody speaks TLS: but the proxy let it through.
    expect(carried.out).toContain('[cloud-unreachable]');
    expect(proxy.seen).toEqual(['CONNECT storage.clinic.example:443']);
    expect(carried.out + carried.err).not.toContain('user:word');
  } finally {
    await proxy.stop();
  }
});

async function dicomFiles(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.dcm')).length;
}
