/** A process that uploads is killed in the middle, again and again; the next one goes on. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cloudNames, type CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import { openWhole } from '../../src/main/engine/seal/envelope-reader.ts';
import { decodeManifest, manifestEntries } from '../../src/main/engine/upload/manifest.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { azureStore, bytesOf, namesIn, testImage, UploadRig } from '../support/upload-rig.ts';
import type { UploadChildSettings } from '../support/upload-child.ts';

const miB = 1024 * 1024;
const images = 30;

describe('an upload that is killed', () => {
  let azurite: Azurite;
  let proxy: FaultProxy;
  let store: CloudStore;
  let container: string;

  beforeAll(async () => {
    azurite = await startAzurite();
    proxy = await startFaultProxy(azurite.port);
    container = await azurite.makeContainer();
    store = azureStore(azurite.connectionString(), container);
  });
  afterAll(async () => {
    for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
    await store.close();
    await proxy.stop();
    await azurite.stop();
  });

  it('ends with every image verified, whole, and named once', async () => {
    const rig = await UploadRig.open();
    try {
      const files = new Map<string, Buffer>();
      for (let index = 0; index < images; index += 1) {
        const image = testImage(String(index), String(index % 3), index % 10 === 0 ? 9 * miB : 100_000);
        files.set(await rig.receive(image), image.file);
      }
      await rig.close();
      const settings = {
        dir: rig.dir,
        archiveKey: rig.archiveKey.toString('hex'),
        connection: azurite.connectionString(proxy.port),
        container,
        concurrency: 4,
      };
      // Moments, counted in requests: connecting, the first objects, in the middle of blocks, a manifest.
      for (const requests of [4, 6, 9, 7, 12, 8]) await uploadUntilKilled(settings, requests);
      await uploadUntilVerified(settings);

      const entries = new Map<string, string>();
      for (const name of await namesIn(store, cloudNames.manifests)) {
        const sealed = await bytesOf(store, name);
        const manifest = decodeManifest(openWhole(rig.openers, sealed), (bytes) =>
          rig.keys.manifestMac(bytes),
        );
        for (const entry of manifestEntries(manifest)) {
          expect(entries.has(entry.objectName)).toBe(false);
          entries.set(entry.objectName, entry.objectSha256);
        }
      }
      expect([...entries.keys()].sort()).toEqual([...files.keys()].sort());
      for (const [name, file] of files) {
        const sealed = await bytesOf(store, cloudNames.object(name));
        expect(createHash('sha256').update(sealed).digest('hex')).toBe(entries.get(name));
        expect(openWhole(rig.openers, sealed).equals(file)).toBe(true);
      }
      expect(await namesIn(store, cloudNames.objects)).toHaveLength(images);
    } finally {
      await rig.dispose();
    }
  });

  async function uploadUntilKilled(settings: UploadChildSettings, requests: number): Promise<void> {
    const child = await startChild(settings);
    const before = proxy.requests.length;
    const killed = new Promise<void>((resolve) => {
      proxy.setFault(() => {
        if (proxy.requests.length - before >= requests) {
          child.process.kill('SIGKILL');
          resolve();
        }
        return { tag: 'none' };
      });
    });
    child.go();
    await killed;
    await child.ended;
    proxy.clear();
  }

  async function uploadUntilVerified(settings: UploadChildSettings): Promise<void> {
    const child = await startChild(settings);
    child.go();
    await child.line(`verified ${images}`);
    child.process.stdin?.end();
    await child.ended;
  }
});

const started: ChildProcess[] = [];

interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  /** @throws Error when it ends before it has said that. */
  line(wanted: string): Promise<void>;
  go(): void;
}

async function startChild(settings: UploadChildSettings): Promise<Child> {
  const script = fileURLToPath(new URL('../support/upload-child.ts', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'pipe'] });
  started.push(child);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const heard = new Set<string>();
  let wake: () => void = () => undefined;
  createInterface({ input: child.stdout }).on('line', (said) => {
    heard.add(said);
    wake();
  });
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
    wake();
  });
  const line = async (wanted: string): Promise<void> => {
    while (!heard.has(wanted)) {
      if (hasEnded) throw new Error(`the uploading process ended: ${errors}`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  child.stdin.write(`${JSON.stringify(settings)}\n`);
  await line('ready');
  return { process: child, ended, line, go: () => child.stdin.write('go\n') };
}
