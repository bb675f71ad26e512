/** A whole engine to which a destination is added when the images are in the cloud alone; then the cloud is taken away. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { TestInstallation } from '../support/installation.ts';

const count = 6;

let azurite: Azurite;
let installation: TestInstallation;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(async () => {
  await installation.dispose();
  await azurite.stop();
});

it('copies everything from the old one to the new one, and restores from the new one alone', async () => {
  const cloud = { name: 'cloud', kind: 'azure', container: await azurite.makeContainer() };
  // Verified copies go at once, as after their time.
  const disk = { keepVerifiedDays: 0 };
  installation = await TestInstallation.create({
    config: { destinations: [cloud], disk },
    secrets: { cloud: azurite.connectionString() },
  });
  const nas = installation.path('nas');
  await mkdir(nas);
  const folder = installation.path('scans');
  await mkdir(folder);
  const files: Buffer[] = [];
  for (let index = 0; index < count; index += 1) {
    const { bytes } = makeDicomFile({
      sopInstanceUid: testUid(`fill ${index}`),
      pixelBytes: 200_000 * (index + 1),
    });
    files.push(bytes);
    await writeFile(join(folder, `${index}.dcm`), bytes);
  }
  let engine = await installation.serve();
  expect((await installation.command(['import', folder])).code).toBe(0);
  await installation.enrol();
  await installation.statusWhere(({ counts }) => counts.verified === count);
  await engine.stop();
  // Housekeeping looks when it starts.
  engine = await installation.serve();
  await installation.statusWhere(({ spool }) => spool.bytes === 0);
  await engine.stop();

  await installation.configure({
    destinations: [cloud, { name: 'nas', kind: 'folder', path: nas }],
    disk,
  });
  // Said while no engine runs, kept by the next, and by the one after a crash.
  const paused = await installation.command(['pause', '1h', '--destination', 'nas', '--json']);
  expect(JSON.parse(paused.out)).toMatchObject({
    hold: 'none',
    destinations: [{ name: 'cloud', pausedUntil: null }, { name: 'nas' }],
  });
  engine = await installation.serve();
  await engine.kill();
  engine = await installation.serve();
  const held = await installation.statusWhere(({ destinations }) => destinations[0]?.state === 'ok');
  expect(held.destinations[1]).toMatchObject({ name: 'nas', state: 'paused', hold: { by: 'paused' } });
  expect(held.safe).toBe(false);
  expect(held.destinations[1]?.backFill).toMatchObject({ total: count });
  const text = await installation.command(['status']);
  expect(text.out).toMatch(new RegExp(`copied from another destination: \\d of ${count}`));

  expect((await installation.command(['resume'])).code).toBe(0);
  const done = await installation.statusWhere(({ counts }) => counts.verified === count);
  expect(done.destinations).toMatchObject([{ verified: count }, { verified: count }]);
  expect(done.destinations[1]?.backFill).toBeUndefined();
  expect(done.failures.filter(({ code }) => code.startsWith('copy-'))).toEqual([]);
  expect(done.spool.bytes).toBe(0);
  await engine.stop();

  await installation.configure({ destinations: [{ name: 'nas', kind: 'folder', path: nas }], disk });
  const to = installation.path('restored');
  engine = await installation.serve();
  const restored = await installation.command(['restore', '--all', '--to', to, '--from-cloud']);
  expect(restored.code, restored.err).toBe(0);
  const names = await readdir(to, { recursive: true });
  const back = await Promise.all(
    names.filter((name) => name.endsWith('.dcm')).map((name) => readFile(join(to, name))),
  );
  expect(back).toHaveLength(count);
  // Our own file meta stands in front; the dataset is the same.
  const dataset = (file: Buffer): string => file.subarray(-150_000).toString('latin1');
  expect(new Set(back.map(dataset))).toEqual(new Set(files.map(dataset)));
  await engine.stop();
}, 300_000);
