/** Previews in the desktop app as it is packaged (archive, fuses): the engine in Electron's utility process, decoders from the shell. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElectronApplication, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { sendFiles } from '../../src/main/engine/send/send-files.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { createEngineClient } from '../../src/main/rpc/client.ts';
import { decoderMemoryBytes } from '../../src/shared/decoder-lives.ts';
import {
  appPage,
  asPackaged,
  buildApp,
  Display,
  isAlive,
  launchApp,
  until,
  type AppStart,
} from '../support/electron.ts';
import { needs } from '../support/tools.ts';
import { testImage } from '../support/viewer-pixels.ts';
import { appLog, enginePid, picture, quitFromMenu } from './desk.ts';

/** In the environment of the app, and so of the engine. */
const secret = 'a passphrase that no decoder may see';

needs('electron-rig', 'xvfb')('previews in the packaged app', () => {
  const endings: (() => Promise<unknown> | void)[] = [];
  let dataDir: string;
  let start: AppStart;
  let app: ElectronApplication;
  let pid: number | undefined;

  beforeAll(async () => {
    const built = await buildApp('real-inside');
    endings.push(() => built.remove());
    const installed = await asPackaged(built.folder);
    endings.push(() => installed.remove());
    const display = await Display.start();
    endings.push(() => display.stop());
    const folder = async (name: string): Promise<string> => {
      const path = await mkdtemp(join(tmpdir(), `edge-sync-${name}-`));
      endings.push(() => rm(path, { recursive: true, force: true, maxRetries: 5 }));
      return path;
    };
    dataDir = await folder('previews');
    await writeFile(
      join(dataDir, 'config.json'),
      JSON.stringify({
        dicom: { port: 0 },
        keys: { store: 'passphrase' },
        destinations: [{ name: 'nas', kind: 'folder', path: await folder('nas') }],
      }),
    );
    start = {
      app: { executable: installed.executable },
      dataDir,
      display,
      env: { EDGE_SYNC_PASSPHRASE: secret },
    };
  });
  afterEach(async () => {
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
    await until(() => pid === undefined || !isAlive(pid));
  });
  afterAll(async () => {
    for (const end of endings.reverse()) await end();
  });

  const client = () => createEngineClient({ dataDir });
  const engineUp = (): Promise<boolean> =>
    until(() =>
      client()
        .agent.status()
        .then(
          ({ listener }) => listener.up,
          () => false,
        ),
    );
  async function open(): Promise<Page> {
    app = await launchApp(start);
    ({ pid } = app.process());
    const page = await appPage(app);
    await engineUp();
    return page;
  }
  const decoders = (): Promise<readonly number[]> =>
    app.evaluate(({ app: electron }) =>
      electron
        .getAppMetrics()
        .filter(({ name }) => name === 'Edge Sync decoder')
        .map(({ pid }) => pid),
    );
  const decoder = (): Promise<number> => until(async () => (await decoders())[0]);

  /** From wherever the page is to the clip on the screen. */
  async function look(page: Page): Promise<void> {
    const reveal = page.getByRole('button', { name: 'Show name and images' });
    const details = page.getByRole('button', { name: /^Details of study/ });
    const leave = page.getByRole('button', { name: 'Leave the set-up' });
    await until(async () => {
      if ((await reveal.count()) > 0) return true;
      const next = (await details.count()) > 0 ? details : leave;
      if ((await next.count()) > 0)
        await next
          .first()
          .click({ timeout: 2000 })
          .catch(() => undefined);
      return false;
    });
    await reveal.click();
    await page.locator('canvas.picture').waitFor();
  }

  it('come from one decoder, outlive it and the engine, and leave nothing running', async () => {
    const page = await open();
    expect(await app.evaluate(({ app: electron }) => electron.getAppPath())).toMatch(/app\.asar$/);
    const { words } = await client().recovery.create({ replace: false });
    await client().recovery.check({ words });
    const path = join(dataDir, 'clip.dcm');
    await writeFile(
      path,
      testImage({ frames: 6, rows: 200, columns: 260 }, (x, y, _, frame) => x * 9 + y * (3 + frame)),
    );
    const { host, port } = (await client().agent.status()).listener;
    const peer = { host, port, calledAe: 'EDGESYNC', callingAe: 'ULTRASOUND' };
    expect(await sendFiles({ paths: [path], peer, clock: new SystemClock() })).toMatchObject({ sent: 1 });

    await look(page);
    await picture(page, 'previews-shown');
    const first = await decoder();
    expect(await decoders()).toEqual([first]);
    const environment = readFileSync(`/proc/${first}/environ`, 'latin1');
    expect(environment).toContain('EDGE_SYNC_DECODER=1');
    expect(environment).not.toContain(secret);
    const limits = readFileSync(`/proc/${first}/limits`, 'utf8');
    expect(limits).toMatch(/^Max core file size +0 +0 /m);
    expect(limits).toMatch(new RegExp(`^Max data size +${decoderMemoryBytes} +${decoderMemoryBytes} `, 'm'));

    process.kill(first, 'SIGKILL');
    await until(() => !isAlive(first));
    await page.getByRole('slider', { name: 'Frame' }).focus();
    await page.keyboard.press('End');
    await page.getByRole('img', { name: /frame 6 of 6$/ }).waitFor();
    const second = await decoder();
    expect(second).not.toBe(first);

    await page.getByRole('button', { name: 'Hide now' }).click();
    await until(() => !isAlive(second));
    expect(await decoders()).toEqual([]);

    await look(page);
    const third = await decoder();
    const engine = enginePid(dataDir)!;
    process.kill(engine, 'SIGKILL');
    await until(() => !isAlive(third));
    await until(() => enginePid(dataDir) !== engine);
    await engineUp();
    await page.reload();
    await look(page);
    const last = await decoder();
    const lastEngine = enginePid(dataDir)!;

    expect(await quitFromMenu(app)).toBe(0);
    await until(() => !isAlive(last) && !isAlive(lastEngine));
    expect(appLog(dataDir)).not.toMatch(/decoder-(refused|too-large|not-started)/);
  });

  it('leave no decoder behind when the app itself is killed', async () => {
    const page = await open();
    await look(page);
    const [left, engine] = [await decoder(), enginePid(dataDir)!];

    app.process().kill('SIGKILL');

    await until(() => !isAlive(left) && !isAlive(engine));
  });
});
