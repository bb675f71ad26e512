/**
 * `npm run bench -- pipeline`: from the first byte sent by storescu to the last image proven in the cloud (Azurite on
 * this machine). Beside it: storescp into a folder, then `rclone copy` through a crypt remote into the same Azurite,
 * which neither verifies while it goes nor survives a stop in between.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngineClient } from '../src/main/rpc/client.ts';
import { measureWork, ours, parseBenchOptions, report, type Contender, type WorkResult } from './harness.ts';
import { startLocalAzure, type LocalAzure } from './support/local-azure.ts';
import { makeCtFiles } from './support/material.ts';
import { ensurePeers, sendFolders, startEdgeSync, startStorescp } from './support/peers.ts';
import { mustRun } from './support/process.ts';

interface Load {
  readonly warmUp: string;
  readonly folders: readonly string[];
  readonly images: number;
}

const peer = 'storescp +B, then rclone copy (crypt)';
/** As many at once as our own uploads have by default. */
const rcloneTransfers = 8;
const pollMs = 50;
/** No image verified for this long: the run is given up. */
const stalledMs = 120_000;

function edgeSync(azure: LocalAzure, load: Load): Contender {
  return {
    name: ours,
    measure: async (folder) => {
      const container = `ours-${
        folder
          .split('/')
          .at(-1)
          ?.toLowerCase()
          .replaceAll(/[^a-z0-9]+/g, '-') ?? ''
      }`;
      await azure.makeContainer(container);
      const destinations = [{ name: 'cloud', kind: 'azure', container }];
      const start = startEdgeSync(destinations, { EDGE_SYNC_SECRET_CLOUD: azure.connectionString });
      const receiver = await start(folder, 'off');
      try {
        const client = createEngineClient({ dataDir: join(folder, 'data') });
        const { words } = await client.recovery.create({ replace: false });
        await client.recovery.check({ words: [...words] });
        await sendFolders(receiver, [load.warmUp], 'off');
        const warm = (await client.agent.status()).counts.received;
        await untilVerified(() => client.agent.status(), warm);
        const startMs = performance.now();
        await sendFolders(receiver, load.folders, 'off');
        await untilVerified(() => client.agent.status(), warm + load.images);
        return { seconds: (performance.now() - startMs) / 1000 };
      } finally {
        await receiver.stop();
      }
    },
  };
}

interface Counts {
  readonly counts: { readonly verified: number; readonly failed: number; readonly parked: number };
}

async function untilVerified(ask: () => Promise<Counts>, wanted: number): Promise<void> {
  let best = -1;
  let changedAtMs = performance.now();
  for (;;) {
    const { verified, failed, parked } = (await ask()).counts;
    if (verified >= wanted) return;
    if (failed + parked > 0) throw new Error(`${failed} failed, ${parked} parked`);
    if (verified !== best) {
      best = verified;
      changedAtMs = performance.now();
    }
    if (performance.now() - changedAtMs > stalledMs) throw new Error(`stalled at ${verified} of ${wanted}`);
    await sleep(pollMs);
  }
}

function storescpAndRclone(azure: LocalAzure, load: Load): Contender {
  return {
    name: peer,
    measure: async (folder) => {
      const container = `peer-${folder.split('/').at(-1)?.split('-')[0] ?? ''}`;
      const store = await azure.makeContainer(container);
      const config = await rcloneConfig(folder, azure, container);
      const receiver = await startStorescp()(folder, 'off');
      try {
        const copy = (): Promise<string> =>
          mustRun('rclone', [
            ...['--config', config, '--transfers', String(rcloneTransfers), '--checkers', '8'],
            ...['copy', join(folder, 'inbox'), 'sealed:'],
          ]);
        await sendFolders(receiver, [load.warmUp], 'off');
        await copy();
        const warm = await receiver.stored();
        const startMs = performance.now();
        await sendFolders(receiver, load.folders, 'off');
        await copy();
        const seconds = (performance.now() - startMs) / 1000;
        let blobs = 0;
        for await (const page of store.listBlobsFlat().byPage()) blobs += page.segment.blobItems.length;
        if (blobs - warm !== load.images)
          throw new Error(`${blobs - warm} of ${load.images} came to the cloud`);
        return { seconds };
      } finally {
        await receiver.stop();
      }
    },
  };
}

async function rcloneConfig(folder: string, azure: LocalAzure, container: string): Promise<string> {
  const path = join(folder, 'rclone.conf');
  const obscured = (await mustRun('rclone', ['obscure', 'bench only, nothing is kept'])).trim();
  const lines = [
    ...['[azure]', 'type = azureblob', `sas_url = ${azure.sasUrl}`, ''],
    ...['[sealed]', 'type = crypt', `remote = azure:${container}`, `password = ${obscured}`, ''],
  ];
  await writeFile(path, lines.join('\n'), { mode: 0o600 });
  return path;
}

/** Runs the bench; flags: --runs N, --count N, --peers-only. */
export async function run(args: readonly string[]): Promise<void> {
  const options = parseBenchOptions(args, { count: 1000 });
  const say = (line: string): void => console.error(line);
  await ensurePeers(['dcmtk', 'rclone'], say);
  const folder = await mkdtemp(join(tmpdir(), 'edge-sync-bench-material-'));
  const azure = await startLocalAzure(join(folder, 'azure'));
  try {
    say('making the images to send');
    const [warmUp = folder] = await makeCtFiles(join(folder, 'warm-up'), 20, 1);
    const load = {
      warmUp,
      folders: await makeCtFiles(join(folder, 'ct'), options.count, 1),
      images: options.count,
    };
    const results: WorkResult[] = [
      await measureWork(
        {
          name: 'pipeline',
          title: 'first byte sent to last image verified',
          units: { count: options.count, name: 'images' },
          contenders: [
            ...(options.contenders === 'peers' ? [] : [edgeSync(azure, load)]),
            storescpAndRclone(azure, load),
          ],
          targets: [],
        },
        options.runs,
        say,
      ),
    ];
    report('pipeline', options, results, [
      'Ours: sealed and durable before Success, proven in the cloud one by one; theirs: received in plain, then copied through rclone crypt.',
      'Both write into the same Azurite on this machine, which takes a good part of the CPU.',
    ]);
  } finally {
    await azure.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
