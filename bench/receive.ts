/**
 * `npm run bench -- receive`: images per second into our engine (sealed, on disk, committed before Success) beside
 * receivers that answer before their data is safe. Sender: DCMTK's storescu.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  measureWork,
  ours,
  parseBenchOptions,
  report,
  type BenchOptions,
  type Contender,
  type Work,
} from './harness.ts';
import { makeCtFiles, makeLargeFile } from './support/material.ts';
import {
  ensurePeers,
  sendFolders,
  startEdgeSync,
  startEdgeSyncWithTls,
  startOrthanc,
  startStorescp,
  type Nagle,
  type StartReceiver,
} from './support/peers.ts';
import { mustRun, watchResidentGrowth } from './support/process.ts';

/** Sent before the clock starts: touches memory, compiles the hot paths, makes the first folders. */
const warmUpImages = 60;

interface Load {
  readonly warmUp: string;
  readonly folders: readonly string[];
  readonly images: number;
  readonly nagle: Nagle;
  /** Whether the receiver's resident memory is part of the row. */
  readonly memory: 'watched' | 'not-watched';
}

function contender(name: string, start: StartReceiver, load: Load): Contender {
  return {
    name,
    measure: async (folder) => {
      const receiver = await start(folder, load.nagle);
      try {
        await sendFolders(receiver, [load.warmUp], load.nagle);
        const before = await receiver.stored();
        const growth = watchResidentGrowth(receiver.pid);
        const startMs = performance.now();
        await sendFolders(receiver, load.folders, load.nagle);
        const seconds = (performance.now() - startMs) / 1000;
        const residentGrowthBytes = growth();
        const stored = (await receiver.stored()) - before;
        if (stored !== load.images) throw new Error(`${name} holds ${stored} of ${load.images} images`);
        return load.memory === 'watched' ? { seconds, residentGrowthBytes } : { seconds };
      } finally {
        await receiver.stop();
      }
    },
  };
}

/** storescp that runs OpenSSL and sync for each image before it reads the next: the same promise by other means. */
async function sealingStorescp(folder: string): Promise<StartReceiver> {
  const script = join(folder, 'seal.sh');
  const certificate = join(folder, 'recipient.crt');
  await mustRun('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=bench', '-keyout', join(folder, 'recipient.key'), '-out', certificate],
  ]);
  const lines = [
    '#!/bin/sh',
    'set -e',
    `openssl cms -encrypt -binary -aes-256-gcm -outform DER -in "$1" -out "$1.cms" "${certificate}"`,
    'sync "$1.cms"',
    'rm "$1"',
  ];
  await writeFile(script, `${lines.join('\n')}\n`, { mode: 0o755 });
  return startStorescp(() => ['--exec-on-reception', `${script} #p/#f`, '--exec-sync']);
}

async function makeWorks(
  folder: string,
  options: BenchOptions,
): Promise<readonly (() => Work | Promise<Work>)[]> {
  const { count } = options;
  const warmUp = (await makeCtFiles(join(folder, 'warm-up'), warmUpImages, 1))[0] ?? folder;
  const four = await makeCtFiles(join(folder, 'ct'), count, 4);
  const load = (folders: readonly string[], images: number, nagle: Nagle = 'off'): Load => ({
    warmUp,
    folders,
    images,
    nagle,
    memory: 'not-watched',
  });
  const engine = (one: Load): readonly Contender[] =>
    options.contenders === 'peers' ? [] : [contender(ours, startEdgeSync(), one)];
  const images = { count, name: 'images' };
  const single = await makeCtFiles(join(folder, 'ct-single'), count, 1);

  return [
    () => {
      const one = load(single, count);
      return {
        name: 'one',
        title: 'one association',
        units: images,
        contenders: [
          ...engine(one),
          contender('storescp +B', startStorescp(), one),
          contender('Orthanc', startOrthanc, one),
        ],
        targets: [
          { against: 'storescp +B', floor: 0.4, aim: 0.5 },
          { against: 'Orthanc', floor: 1.7, aim: 2 },
        ],
      };
    },
    () => {
      const one = load(four, count);
      return {
        name: 'four',
        title: 'four associations',
        units: images,
        contenders: [
          ...engine(one),
          contender(
            'storescp +B',
            startStorescp(() => ['--fork']),
            one,
          ),
          contender('Orthanc', startOrthanc, one),
        ],
        targets: [
          { against: 'storescp +B', floor: 0.45, aim: 0.7 },
          { against: 'Orthanc', floor: 1.7, aim: 2 },
        ],
      };
    },
    () => {
      const one = load(single, count, 'on');
      return {
        name: 'nagle',
        title: 'one, sender with Nagle on',
        units: images,
        contenders: [...engine(one), contender('storescp +B', startStorescp(), one)],
        targets: [{ against: 'storescp +B', floor: 5, aim: 8 }],
      };
    },
    async () => {
      const one = load(single, count);
      const peerFolder = join(folder, 'sealing');
      await mkdir(peerFolder, { recursive: true });
      return {
        name: 'exec',
        title: 'one, same promise',
        units: images,
        contenders: [
          ...engine(one),
          contender('storescp --exec-on-reception openssl cms, sync', await sealingStorescp(peerFolder), one),
        ],
        targets: [{ against: 'storescp --exec-on-reception openssl cms, sync', floor: 4, aim: 8 }],
      };
    },
    () => {
      const one = load(single, count);
      const plain = 'edge-sync without TLS';
      return {
        name: 'tls',
        title: 'one, over mutual TLS 1.3',
        units: images,
        contenders:
          options.contenders === 'peers'
            ? []
            : [contender(ours, startEdgeSyncWithTls(), one), contender(plain, startEdgeSync(), one)],
        targets: [{ against: plain, floor: 0.6, aim: 0.8 }],
      };
    },
    async () => {
      const large = await makeLargeFile(join(folder, 'large'), options.largeMb);
      const one: Load = { ...load([large], 1), memory: 'watched' };
      return {
        name: 'large',
        title: `one object of ${options.largeMb} MB`,
        units: { count: options.largeMb, name: 'MB' },
        contenders: [...engine(one), contender('storescp +B', startStorescp(), one)],
        targets: [{ against: 'storescp +B', floor: 0.45, aim: 0.6 }],
      };
    },
    async () => {
      const small = count * 20;
      const one = load(await makeCtFiles(join(folder, 'small'), small, 1, 9 * 1024), small);
      return {
        name: 'small',
        title: `${small} objects of 10 KB`,
        units: { count: small, name: 'images' },
        contenders: [...engine(one), contender('storescp +B', startStorescp(), one)],
        targets: [{ against: 'storescp +B', floor: 0.4, aim: 0.6 }],
      };
    },
  ];
}

const workNames = ['one', 'four', 'nagle', 'exec', 'tls', 'large', 'small'];

/** Runs the bench; flags: --runs N, --count N, --large-mb N, --only one,four,..., --peers-only. */
export async function run(args: readonly string[]): Promise<void> {
  const options = parseBenchOptions(args, { count: 1000 });
  const unknown = options.only.filter((name) => !workNames.includes(name));
  if (unknown.length > 0) throw new Error(`--only knows ${workNames.join(', ')}`);
  const say = (line: string): void => console.error(line);
  await ensurePeers(['dcmtk', 'orthanc', 'openssl'], say);
  const folder = await mkdtemp(join(tmpdir(), 'edge-sync-bench-material-'));
  try {
    say('making the images to send');
    const results = [];
    for (const [index, makeWork] of (await makeWorks(folder, options)).entries()) {
      if (options.only.length > 0 && !options.only.includes(workNames[index] ?? '')) continue;
      results.push(await measureWork(await makeWork(), options.runs, say));
    }
    report('receive', options, results, [
      'Ours seals, syncs and commits each image before Success; storescp and Orthanc do none of it (but in "same promise").',
      'TCP_NODELAY=1 for the sender and for the DCMTK-based receivers, for neither in the Nagle row.',
    ]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
