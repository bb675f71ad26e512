/**
 * `npm run bench -- pipeline`, two rows. `whole`: from the first byte sent by storescu to the last image proven in the cloud (Azurite on
 * this machine). Beside it: storescp into a folder, then `rclone copy` through a crypt remote into the same Azurite,
 * which neither verifies while it goes nor survives a stop in between. `beside`: how fast images are received while
 * earlier ones are uploaded at full rate, beside the same engine with nothing to upload.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngineClient, type EngineClient } from '../src/main/rpc/client.ts';
import { measureWork, ours, parseBenchOptions, report, type Contender, type WorkResult } from './harness.ts';
import { startLocalAzure, type LocalAzure } from './support/local-azure.ts';
import { makeCtFiles } from './support/material.ts';
import { ensurePeers, sendFolders, startEdgeSync, startStorescp, type Receiver } from './support/peers.ts';
import { mustRun } from './support/process.ts';

interface Load {
  readonly warmUp: string;
  readonly folders: readonly string[];
  readonly images: number;
}

const alone = 'the same without uploads';
const peer = 'storescp +B, then rclone copy (crypt)';
/** As many at once as our own uploads have by default. */
const rcloneTransfers = 8;
const pollMs = 50;
/** No image verified for this long: the run is given up. */
const stalledMs = 120_000;

interface UploadingEngine {
  readonly receiver: Receiver;
  readonly client: EngineClient;
  /** Proves the words; before that nothing leaves the PC. */
  readonly letUploadsBegin: () => Promise<void>;
}

async function startUploading(azure: LocalAzure, folder: string): Promise<UploadingEngine> {
  const container = folder
    .split('/')
    .slice(-2)
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
  await azure.makeContainer(container);
  const destinations = [{ name: 'cloud', kind: 'azure', container }];
  const start = startEdgeSync(destinations, { EDGE_SYNC_SECRET_CLOUD: azure.connectionString });
  const receiver = await start(folder, 'off');
  const client = createEngineClient({ dataDir: join(folder, 'data') });
  const { words } = await client.recovery.create({ replace: false });
  const letUploadsBegin = async (): Promise<void> => {
    await client.recovery.check({ words: [...words] });
  };
  return { receiver, client, letUploadsBegin };
}

function edgeSync(azure: LocalAzure, load: Load): Contender {
  return {
    name: ours,
    measure: async (folder) => {
      const { receiver, client, letUploadsBegin } = await startUploading(azure, folder);
      try {
        await letUploadsBegin();
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

/**
 * `beside`: there is a backlog, and it is on its way all the time that is measured. `alone`: the same engine and images,
 * and nothing may leave the PC yet.
 */
function receiving(azure: LocalAzure, load: Load, backlog: string, uploads: 'beside' | 'alone'): Contender {
  return {
    name: uploads === 'beside' ? ours : alone,
    measure: async (folder) => {
      const { receiver, client, letUploadsBegin } = await startUploading(azure, folder);
      try {
        await sendFolders(receiver, [load.warmUp, backlog], 'off');
        if (uploads === 'beside') await letUploadsBegin();
        await untilVerified(() => client.agent.status(), uploads === 'beside' ? 20 : 0);
        const startMs = performance.now();
        await sendFolders(receiver, load.folders, 'off');
        const seconds = (performance.now() - startMs) / 1000;
        const { counts } = await client.agent.status();
        if (uploads === 'beside' && counts.verified >= counts.received) {
          throw new Error('the uploads were through before the images were: give a larger --count');
        }
        return { seconds };
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

/** Runs the bench; flags: --runs N, --count N, --only whole,beside, --peers-only. */
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
    const units = { count: options.count, name: 'images' };
    const isWanted = (name: string): boolean => options.only.length === 0 || options.only.includes(name);
    const results: WorkResult[] = [];
    if (isWanted('whole')) {
      const mine = options.contenders === 'peers' ? [] : [edgeSync(azure, load)];
      const work = {
        name: 'whole',
        title: 'first byte sent to last image verified',
        units,
        contenders: [...mine, storescpAndRclone(azure, load)],
        targets: [{ against: peer, floor: 2, aim: 2.5 }],
      };
      results.push(await measureWork(work, options.runs, say));
    }
    if (isWanted('beside') && options.contenders !== 'peers') {
      const [backlog = folder] = await makeCtFiles(join(folder, 'backlog'), 2 * options.count, 1);
      const work = {
        name: 'beside',
        title: 'receiving while earlier images are uploaded',
        units,
        contenders: (['beside', 'alone'] as const).map((uploads) => receiving(azure, load, backlog, uploads)),
        targets: [{ against: alone, floor: 0.7, aim: 1 }],
      };
      results.push(await measureWork(work, options.runs, say));
    }
    report('pipeline', options, results, [
      'Ours: sealed and durable before Success, proven in the cloud one by one; theirs: received in plain, then copied through rclone crypt.',
      'Both write into the same Azurite on this machine, which takes a good part of the CPU.',
    ]);
  } finally {
    await azure.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
