/** Chains of several installations below one prefix, a chain that is set back while connected, and a copied data folder. */
import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { cloudNames, type CloudStore } from '../../src/main/engine/cloud/cloud-store.ts';
import type { Clock } from '../../src/main/engine/ports.ts';
import { compactChain } from '../../src/main/engine/restore/compact-chain.ts';
import { readManifestChains } from '../../src/main/engine/restore/manifest-chains.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { chainCheckEveryMs } from '../../src/main/engine/upload/upload-stage.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { once } from '../support/manifest-kit.ts';
import { azureStore, namesIn, testImage, UploadRig } from '../support/upload-rig.ts';

let azurite: Azurite;
let container: string;
let store: CloudStore;
const rigs: UploadRig[] = [];

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());
beforeEach(async () => {
  container = await azurite.makeContainer();
  store = await connect();
});
afterEach(async () => {
  await store.close();
  for (const rig of rigs.splice(0)) await rig.dispose();
});

const connect = (): Promise<CloudStore> => Promise.resolve(azureStore(azurite.connectionString(), container));

async function open(...options: Parameters<typeof UploadRig.open>): Promise<UploadRig> {
  const rig = await UploadRig.open(...options);
  rigs.push(rig);
  return rig;
}

/** A clock whose monotonic time a test moves on. */
class MovableClock extends SystemClock implements Clock {
  #aheadMs = 0;

  forward(ms: number): void {
    this.#aheadMs += ms;
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.#aheadMs;
  }
}

it('two installations write and compact below one prefix at once, and neither touches the other', async () => {
  const first = await open();
  const second = await open({ archiveKey: first.archiveKey });
  expect(second.queue.installationId).not.toBe(first.queue.installationId);
  for (const rig of [first, second]) rig.stage(connect).start();
  for (let round = 1; round <= 3; round += 1) {
    // The same image on both, and one of its own each.
    const shared = testImage(`shared ${round}`);
    await Promise.all([
      first.receive(shared),
      second.receive(shared),
      first.receive(testImage(`first ${round}`)),
      second.receive(testImage(`second ${round}`)),
    ]);
    await Promise.all([first.untilVerified(2 * round), second.untilVerified(2 * round)]);
  }
  const upTo = (rig: UploadRig): number => rig.queue.manifestHead('cloud')?.sequence ?? 0;
  await Promise.all(
    [first, second].map((rig) =>
      compactChain({
        store,
        keys: rig.restoreKeys,
        sealers: rig.sealers,
        installationId: rig.queue.installationId,
        archiveId: rig.keys.archiveId,
        upTo: upTo(rig),
        read: once,
        signal: new AbortController().signal,
      }),
    ),
  );
  for (const reading of ['newest-snapshot', 'everything'] as const) {
    const chains = await readManifestChains(store, first.restoreKeys, once, undefined, reading);
    expect(chains.problems).toEqual([]);
    expect(chains.entries.size).toBe(9);
    expect(
      chains.chains.map(({ installationId, sequence, entries }) => [installationId, sequence, entries]),
    ).toEqual(
      [first, second]
        .map((rig) => [rig.queue.installationId, upTo(rig), 6] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
  expect([...first.incidents, ...second.incidents]).toEqual([]);
});

it('a connection that stays open notices within the hour that its chain was set back', async () => {
  const rig = await open();
  const clock = new MovableClock();
  const stage = rig.stage(connect, { clock });
  await rig.receive(testImage('1'));
  stage.start();
  await rig.untilVerified(1);
  const name = cloudNames.manifest(rig.queue.installationId, 1);
  await azurite.container(container).getBlockBlobClient(name).delete();
  stage.workArrived();
  await rig.clock.sleep(300);
  expect(stage.status.state).toBe('ok');
  clock.forward(chainCheckEveryMs);
  stage.workArrived();
  await rig.until(() => stage.status.state !== 'ok');
  expect(stage.status).toMatchObject({ state: 'refused', error: { code: 'manifest-broken' } });
  await rig.until(() => rig.incidents.length > 0);
  expect(rig.incidents).toMatchObject([{ code: 'manifest-broken', subject: 'cloud' }]);
});

it('a copied data folder is told by the one that is overtaken, which sends nothing more', async () => {
  const first = await open();
  await first.receive(testImage('1'));
  const before = first.stage(connect);
  before.start();
  await first.untilVerified(1);
  await before.stop();
  first.queue.close();
  const dir = await mkdtemp(join(tmpdir(), 'edge-sync-copied-'));
  await cp(first.dir, dir, { recursive: true });
  const again = await open({ dir: first.dir, archiveKey: first.archiveKey });
  const copied = await open({ dir, archiveKey: first.archiveKey });
  expect(copied.queue.installationId).toBe(again.queue.installationId);

  await again.receive(testImage('2'));
  again.stage(connect).start();
  await again.untilVerified(2);
  await copied.receive(testImage('3'));
  const stage = copied.stage(connect);
  stage.start();
  await copied.until(() => copied.incidents.length > 0);
  expect(stage.status).toMatchObject({ state: 'refused', error: { code: 'manifest-broken' } });
  expect(copied.incidents[0]?.detail).toContain('a copy of this data folder');
  expect(copied.queue.status()).toMatchObject({ verified: 1, pending: 1 });
  expect(await namesIn(store, cloudNames.manifests)).toHaveLength(2);
  rigs.splice(rigs.indexOf(first), 1);
});
