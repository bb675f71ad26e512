/** The desktop app with the real engine under it: what a device sends shows in the window, and outlives the engine. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngineClient } from '../../src/main/rpc/client.ts';
import { sendFiles } from '../../src/main/engine/send/send-files.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { appPage, buildApp, Display, isAlive, launchApp, until } from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import { enginePid, headlineIs, picture, quitFromMenu } from './desk.ts';

needs('electron-rig', 'xvfb')('the desktop app with the real engine', () => {
  let built: Awaited<ReturnType<typeof buildApp>>;
  let display: Display;
  let cloud: Azurite;
  let dataDir: string;

  beforeAll(async () => {
    built = await buildApp('real');
    display = await Display.start();
    cloud = await startAzurite();
    await cloud.makeContainer('edge-sync');
    dataDir = await mkdtemp(join(tmpdir(), 'edge-sync-real-'));
    await writeFile(
      join(dataDir, 'config.json'),
      JSON.stringify({
        dicom: { port: 0 },
        keys: { store: 'passphrase' },
        destinations: [{ name: 'cloud', kind: 'azure', container: 'edge-sync' }],
      }),
    );
  });
  afterAll(async () => {
    display.stop();
    built.remove();
    await cloud.stop();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });

  it('shows what arrives, goes green only when it is proven, survives a killed engine, and drains at the end', async () => {
    const client = createEngineClient({ dataDir });
    const send = async (label: string): Promise<void> => {
      const path = join(dataDir, `${label}.dcm`);
      await writeFile(
        path,
        makeDicomFile({ sopInstanceUid: testUid(label), modality: 'US', patientName: 'Muster^Erika' }).bytes,
      );
      const { host, port } = (await client.agent.status()).listener;
      const peer = { host, port, calledAe: 'EDGESYNC', callingAe: 'ULTRASOUND' };
      expect(await sendFiles({ paths: [path], peer, clock: new SystemClock() })).toMatchObject({
        sent: 1,
        failed: 0,
      });
    };
    const app = await launchApp({
      app: { folder: built.folder },
      dataDir,
      display,
      env: {
        EDGE_SYNC_ENGINE_NODE: process.execPath,
        EDGE_SYNC_PASSPHRASE: 'a passphrase for the test',
        EDGE_SYNC_SECRET_CLOUD: cloud.connectionString(),
      },
    });
    const page = await appPage(app);
    await headlineIs(page, 'attention');
    const { words } = await client.recovery.create({ replace: false });
    await client.recovery.check({ words });

    await send('first');
    await page.getByText('ULTRASOUND').first().waitFor();
    await headlineIs(page, 'all-safe');
    expect(await page.content()).not.toContain('Muster');
    await picture(page, 'real-engine-all-safe');

    const before = enginePid(dataDir);
    expect(before).toBeDefined();
    process.kill(before!, 'SIGKILL');
    await headlineIs(page, 'not-receiving');
    await until(() => {
      const now = enginePid(dataDir);
      return now !== undefined && now !== before && isAlive(now);
    });
    await until(async () =>
      client.agent.status().then(
        (status) => status.listener.up,
        () => false,
      ),
    );
    await send('after the crash');
    await until(async () => (await client.agent.status()).counts.verified === 2);
    await headlineIs(page, 'all-safe');

    const last = enginePid(dataDir)!;
    expect(await quitFromMenu(app)).toBe(0);
    await until(() => !isAlive(last));
    expect(readFileSync(join(dataDir, 'logs', 'app.log'), 'utf8')).not.toContain('Muster');
  });
});
