/**
 * What happens to a whole process: it is stopped and goes on (a PC that sleeps), the system's clock jumps under it, and
 * the system refuses its writes. What was answered with Success is verified in the end, as OpenSSL reads the cloud.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sendFiles } from '../../src/main/engine/send/send-files.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { TestInstallation, type RunningEngine } from '../support/installation.ts';
import { needs, programPath, soakCount } from '../support/tools.ts';
import { container, datasetDigest, eachBlob, openWithOpenssl } from '../support/whole-way.ts';

const run = promisify(execFile);
/** In the full run longer than every deadline of a request; in the short one longer than connections are kept. */
const sleptMs = soakCount(7_000, 180_000);

const rounds = soakCount(2, 12);

let cloud: Azurite;
let proxy: FaultProxy;
let installation: TestInstallation;
let acknowledged: Set<string>;
let sent: number;
let wordsFile: string;

beforeEach(async () => {
  cloud = await startAzurite();
  await cloud.makeContainer(container);
  proxy = await startFaultProxy(cloud.port);
  installation = await TestInstallation.create({
    config: {
      destinations: [{ name: 'cloud', kind: 'azure', container }],
      disk: { refuseBelowBytes: 0, warnBelowBytes: 0 },
    },
    secrets: { cloud: cloud.connectionString(proxy.port) },
  });
  acknowledged = new Set();
  sent = 0;
});
afterEach(async () => {
  await installation.dispose();
  await proxy.stop();
  await cloud.stop();
});

/** @returns how many were answered with Success. */
async function send(engine: RunningEngine, ...sizes: readonly number[]): Promise<number> {
  const made = await Promise.all(
    sizes.map(async (pixelBytes) => {
      const name = `process ${(sent += 1)}`;
      const image = makeDicomFile({ sopInstanceUid: testUid(name), seed: name, pixelBytes });
      const path = installation.path(`${testUid(name)}.dcm`);
      await writeFile(path, image.bytes);
      return { path, image };
    }),
  );
  const { host, port, aet } = engine.ready.dicom;
  const { results } = await sendFiles({
    paths: made.map(({ path }) => path),
    peer: { host, port, calledAe: aet, callingAe: 'MODALITY' },
    clock: new SystemClock(),
  });
  const taken = results.filter(({ tag }) => tag === 'sent');
  for (const { path } of taken) {
    const image = made.find((one) => one.path === path)?.image;
    if (image !== undefined) acknowledged.add(image.datasetSha256);
  }
  return taken.length;
}

async function expectAllThere(): Promise<void> {
  await installation.statusWhere(
    ({ counts }) => counts.received >= acknowledged.size && counts.verified === counts.received,
  );
  const keys = {
    key: installation.path('K'),
    cert: installation.path('C'),
    folder: installation.path('opened'),
  };
  await installation.command([
    ...['recovery', 'export-key', '--words-file', wordsFile, '--out', keys.key, '--cert', keys.cert],
  ]);
  const there: string[] = [];
  for await (const object of eachBlob(cloud, 'objects/')) {
    there.push(await datasetDigest(await openWithOpenssl(object, keys)));
  }
  expect(new Set(there).size, 'none twice').toBe(there.length);
  expect([...acknowledged].filter((digest) => !there.includes(digest))).toEqual([]);
}

needs('openssl')('a PC that sleeps', () => {
  it(
    'in the middle of uploads: they go on when it wakes, without a storm of requests',
    { timeout: 600_000 },
    async () => {
      const engine = await installation.serve();
      ({ wordsFile } = await installation.enrol());
      let isAsleep = false;
      proxy.setFault(({ method }) => {
        if (!isAsleep && method === 'PUT' && proxy.requests.length > 12) {
          isAsleep = true;
          process.kill(engine.ready.pid, 'SIGSTOP');
        }
        return { tag: 'delay', ms: 30 };
      });
      // The device may give up meanwhile: it knows then what it has to send again.
      const sending = send(engine, ...Array.from({ length: 8 }, () => 50_000), 9_000_000);
      while (!isAsleep) await sleep(20);
      // Nobody keeps the connections of a PC that sleeps.
      await proxy.refuse();
      await sleep(sleptMs);
      await proxy.accept();
      const before = proxy.requests.length;
      process.kill(engine.ready.pid, 'SIGCONT');
      expect(await sending).toBeGreaterThan(0);
      await expectAllThere();
      // Nine images, a list or two, and what had to be asked again: by far not one request for each missed second.
      expect(proxy.requests.length - before).toBeLessThan(150);
      expect((await installation.status()).counts).toMatchObject({ parked: 0, failed: 0 });
      expect(await engine.stop()).toBe(0);
    },
  );
});

needs('openssl', 'faketime')('the clock of the system', () => {
  it(
    'jumps an hour and a year both ways under a running engine: it goes on, and is safe when it is right',
    { timeout: 300_000 },
    async () => {
      const offset = installation.path('clock-offset');
      await writeFile(offset, '+0\n');
      const engine = await installation.serve(
        [],
        [
          'env',
          'LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
          `FAKETIME_TIMESTAMP_FILE=${offset}`,
          'FAKETIME_NO_CACHE=1',
          'FAKETIME_DONT_FAKE_MONOTONIC=1',
        ],
      );
      ({ wordsFile } = await installation.enrol());
      expect(await send(engine, 1000)).toBe(1);
      await installation.statusWhere(({ headline }) => headline === 'all-safe');
      for (const jump of ['+3600', '-3600', '+31536000', '-31536000']) {
        await writeFile(offset, `${jump}\n`);
        expect(await send(engine, 2000)).toBe(1);
        if (jump.length > 6) expect((await installation.status()).safe, jump).toBe(false);
      }
      await writeFile(offset, '+0\n');
      expect(await send(engine, 3000)).toBe(1);
      await installation.statusWhere(({ headline }) => headline === 'all-safe');
      expect((await installation.status()).counts).toMatchObject({ received: 6, verified: 6 });
      await expectAllThere();
      expect(await engine.stop()).toBe(0);
    },
  );
});

needs('openssl', 'fiu')('a system that refuses', () => {
  const EIO = 5;
  const EACCES = 13;

  it.each([
    ['writes (EIO)', 'posix/io/rw/pwrite*', EIO],
    ['flushes (EIO)', 'posix/io/sync/*', EIO],
    ['to open files (EACCES)', 'posix/io/oc/open*', EACCES],
    ['to rename files (EACCES)', 'posix/io/dir/rename', EACCES],
  ])(
    '%s: nothing acknowledged is lost, it is told, and the next start is whole',
    { timeout: 300_000 },
    async (_name, point, code) => {
      const control = installation.path('fiu');
      const engine = await installation.serve([], [programPath('fiu-run'), '-x', '-f', control]);
      const tell = (command: string): Promise<unknown> =>
        run(programPath('fiu-ctrl'), ['-f', control, '-c', command, String(engine.ready.pid)]);
      ({ wordsFile } = await installation.enrol());
      expect(await send(engine, 1000)).toBe(1);
      await installation.statusWhere(({ counts }) => counts.verified === 1);

      let refused = 0;
      for (let round = 0; round < rounds; round += 1) {
        await tell(`enable_random name=${point},probability=0.5,failinfo=${code}`);
        refused += 4 - (await send(engine, 2000, 30_000, 300_000, 2_000_000));
        const status = await installation.status().catch(() => undefined);
        if (refused > 0 && status !== undefined) expect(status.headline).not.toBe('all-safe');
        await tell(`disable name=${point}`);
      }
      const before = acknowledged.size;
      await engine.stop();
      const next = await installation.serve();
      expect(await send(next, 4000)).toBe(1);
      expect(acknowledged.size).toBe(before + 1);
      await expectAllThere();
      await next.stop();
      const { out } = await installation.command(['doctor', '--json']);
      expect((JSON.parse(out) as { readonly well: boolean }).well, out).toBe(true);
    },
  );
});
