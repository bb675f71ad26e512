/**
 * `npm run bench -- upload`: sealed objects from the local disk to Azurite on this machine, each one opened on its way,
 * proven and named in a stored manifest; beside it `rclone copy` of the same files with the same concurrency, which
 * proves neither. `--count N` objects of 0.5 MB, one of `--large-mb`, `--only small,large`, `--runs N`.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { UploadChildSettings } from '../test/support/upload-child.ts';
import { testImage, UploadRig } from '../test/support/upload-rig.ts';
import { measureWork, ours, parseBenchOptions, report, type Contender, type Measurement } from './harness.ts';
import { startLocalAzure, type LocalAzure } from './support/local-azure.ts';
import { ensurePeers } from './support/peers.ts';
import { mustRun, watchResidentGrowth } from './support/process.ts';

const peer = 'rclone copy';
/** Objects at once, on both sides: what our settings have by default. */
const concurrency = 8;
const imageBytes = 500_000;
const stalledMs = 120_000;

interface Load {
  readonly objects: number;
  /** Puts the objects into an installation. */
  fill(rig: UploadRig): Promise<void>;
}

function edgeSync(azure: LocalAzure, load: Load): Contender {
  return {
    name: ours,
    measure: async (folder) => {
      const container = containerOf(folder);
      await azure.makeContainer(container);
      const rig = await UploadRig.open({ dir: folder });
      await load.fill(rig);
      await rig.close();
      const settings = {
        dir: folder,
        archiveKey: rig.archiveKey.toString('hex'),
        connection: azure.connectionString,
        container,
        concurrency,
      };
      return uploadInChild(settings, load.objects);
    },
  };
}

/** From the word to start until the last object is verified; connecting is part of it, as it is for the peer. */
async function uploadInChild(settings: UploadChildSettings, objects: number): Promise<Measurement> {
  const script = fileURLToPath(new URL('../test/support/upload-child.ts', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.once('close', resolve));
  const until = async (wanted: string): Promise<void> => {
    const timer = setTimeout(() => child.kill('SIGKILL'), stalledMs);
    for (;;) {
      const line = await lines.next();
      timer.refresh();
      if (line.done === true) throw new Error(`the upload ended or stood still before "${wanted}"`);
      if (line.value === wanted) break;
    }
    clearTimeout(timer);
  };
  child.stdin.write(`${JSON.stringify(settings)}\n`);
  await until('ready');
  const residentGrowth = watchResidentGrowth(child.pid ?? -1);
  const startMs = performance.now();
  child.stdin.write('go\n');
  await until(`verified ${objects}`);
  const seconds = (performance.now() - startMs) / 1000;
  const residentGrowthBytes = residentGrowth();
  child.stdin.end();
  await ended;
  return { seconds, residentGrowthBytes };
}

function rclone(azure: LocalAzure, load: Load): Contender {
  return {
    name: peer,
    measure: async (folder) => {
      const container = containerOf(folder);
      const store = await azure.makeContainer(container);
      const config = join(folder, 'rclone.conf');
      await writeFile(config, `[azure]\ntype = azureblob\nsas_url = ${azure.sasUrl}\n`, { mode: 0o600 });
      const files = await sealedFiles(folder, load);
      const startMs = performance.now();
      await mustRun('rclone', [
        ...['--config', config, '--transfers', String(concurrency), '--checkers', String(concurrency)],
        ...['copy', files, `azure:${container}`],
      ]);
      const seconds = (performance.now() - startMs) / 1000;
      let blobs = 0;
      for await (const page of store.listBlobsFlat().byPage()) blobs += page.segment.blobItems.length;
      if (blobs !== load.objects) throw new Error(`${blobs} of ${load.objects} came to the cloud`);
      return { seconds };
    },
  };
}

/** The same kind of sealed objects, as plain files in one folder. */
async function sealedFiles(folder: string, load: Load): Promise<string> {
  const rig = await UploadRig.open({ dir: join(folder, 'rig') });
  const files = join(folder, 'files');
  await mkdir(files);
  await load.fill(rig);
  for (const row of rig.queue.instances({ tag: 'all' })) {
    if (row.spoolId === null) continue;
    await pipeline(
      Readable.from(rig.spool.read(row.spoolId)),
      createWriteStream(join(files, `${row.objectName}.cms`)),
    );
  }
  await rig.dispose();
  return files;
}

function containerOf(folder: string): string {
  const last = folder.split('/').at(-1) ?? '';
  return `c-${process.pid}-${Math.trunc(performance.now())}-${last.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
}

/** Runs the bench. */
export async function run(args: readonly string[]): Promise<void> {
  const options = parseBenchOptions(args, { count: 1000 });
  const say = (line: string): void => console.error(line);
  await ensurePeers(['rclone'], say);
  const small: Load = {
    objects: options.count,
    fill: async (rig) => {
      for (let index = 0; index < options.count; index += 1) {
        await rig.receive(testImage(String(index), String(index % 10), imageBytes));
      }
    },
  };
  const large: Load = {
    objects: 1,
    fill: async (rig) => {
      await rig.receiveLarge('1', options.largeMb * 1_000_000);
    },
  };
  const works = [
    {
      name: 'small',
      title: `${options.count} objects of 0.5 MB`,
      units: { count: options.count, name: 'objects' },
      load: small,
      targets: [{ against: peer, floor: 1.8, aim: 2.2 }],
    },
    {
      name: 'large',
      title: `one object of ${options.largeMb} MB`,
      units: { count: options.largeMb, name: 'MB' },
      load: large,
      targets: [{ against: peer, floor: 1, aim: 1 }],
    },
  ].filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const folder = await mkdtemp(join(tmpdir(), 'edge-sync-bench-azure-'));
  const azure = await startLocalAzure(folder);
  try {
    const results = [];
    for (const { load, ...work } of works) {
      const contenders = [
        ...(options.contenders === 'peers' ? [] : [edgeSync(azure, load)]),
        rclone(azure, load),
      ];
      results.push(await measureWork({ ...work, contenders }, options.runs, say));
    }
    report('upload', options, results, [
      'Ours: opened on its way, MD5 checked by the service, recorded, and named in a stored manifest; theirs: copied.',
      'Both write into the same Azurite on this machine, which takes most of the CPU.',
    ]);
  } finally {
    await azure.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
