/** One study in the desktop app with the real engine: a device sends a clip, somebody looks at it, and it is hidden again. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendFiles } from '../../src/main/engine/send/send-files.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { createEngineClient } from '../../src/main/rpc/client.ts';
import { appPage, buildApp, Display, isAlive, launchApp, until } from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import { testImage } from '../support/viewer-pixels.ts';
import { enginePid, picture, quitFromMenu } from './desk.ts';

needs('electron-rig', 'xvfb')('a study in the desktop app', () => {
  let built: Awaited<ReturnType<typeof buildApp>>;
  let display: Display;
  let dataDir: string;
  let nas: string;

  beforeAll(async () => {
    built = await buildApp('real');
    display = await Display.start();
    dataDir = await mkdtemp(join(tmpdir(), 'edge-sync-study-'));
    nas = await mkdtemp(join(tmpdir(), 'edge-sync-nas-'));
    await writeFile(
      join(dataDir, 'config.json'),
      JSON.stringify({
        dicom: { port: 0 },
        keys: { store: 'passphrase' },
        destinations: [{ name: 'nas', kind: 'folder', path: nas }],
      }),
    );
  });
  afterAll(async () => {
    display.stop();
    built.remove();
    for (const folder of [dataDir, nas]) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('is opened, shown, scrubbed by keyboard and hidden, without a name on the page before or after', async () => {
    const client = createEngineClient({ dataDir });
    const app = await launchApp({
      app: { folder: built.folder },
      dataDir,
      display,
      env: {
        EDGE_SYNC_ENGINE_NODE: process.execPath,
        EDGE_SYNC_PASSPHRASE: 'a passphrase for the test',
      },
    });
    const page = await appPage(app);
    await until(() =>
      client.agent.status().then(
        ({ listener }) => listener.up,
        () => false,
      ),
    );
    const { words } = await client.recovery.create({ replace: false });
    await client.recovery.check({ words });
    const path = join(dataDir, 'clip.dcm');
    const clip = testImage(
      { frames: 6, rows: 200, columns: 260 },
      (x, y, _, frame) => x * 9 + y * (3 + frame),
    );
    await writeFile(path, clip);
    const { host, port } = (await client.agent.status()).listener;
    const peer = { host, port, calledAe: 'EDGESYNC', callingAe: 'ULTRASOUND' };
    expect(await sendFiles({ paths: [path], peer, clock: new SystemClock() })).toMatchObject({ sent: 1 });

    // The first steps stand in front where something of them is left to do.
    const details = page.getByRole('button', { name: /^Details of study/ });
    await until(async () => {
      if ((await details.count()) > 0) return true;
      const leave = page.getByRole('button', { name: 'Leave the set-up' }).first();
      if ((await leave.count()) > 0) await leave.click();
      return false;
    });
    await details.first().click();
    await page.getByText('Show name and images to see it.').waitFor();
    await page.getByRole('button', { name: 'Show name and images' }).click();
    const canvas = page.locator('canvas.picture');
    await canvas.waitFor();
    await picture(page, 'study-shown');
    const before = await canvas.evaluate((one) => (one as HTMLCanvasElement).toDataURL());
    await page.getByRole('slider', { name: 'Frame' }).focus();
    await page.keyboard.press('End');
    await page.getByRole('img', { name: /frame 6 of 6$/ }).waitFor();
    expect(await canvas.evaluate((one) => (one as HTMLCanvasElement).toDataURL())).not.toBe(before);
    await page.getByRole('button', { name: 'Hide now' }).click();
    await until(async () => (await page.locator('canvas').count()) === 0);

    const engine = enginePid(dataDir)!;
    expect(await quitFromMenu(app)).toBe(0);
    await until(() => !isAlive(engine));
  });
});
