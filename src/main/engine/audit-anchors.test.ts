import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ManifestKit, once, uploaded } from '../../../test/support/manifest-kit.ts';
import { cloudAnchors } from './audit-anchors.ts';
import { cloudNames, type CloudStore } from './cloud/cloud-store.ts';
import { FolderStore } from './cloud/folder-store.ts';
import { SystemClock } from './system/clock.ts';
import { SystemRandom } from './system/random.ts';
import { sealBytes, wholeSource } from './upload/manifest-writer.ts';
import { decodeManifest, encodeManifest, manifestSchema } from './upload/manifest.ts';

const installationId = 'ab'.repeat(16);
const kit = new ManifestKit();
let dir: string;
let store: CloudStore;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edge-sync-anchors-'));
  store = new FolderStore({ path: dir, prefix: '', clock: new SystemClock(), random: new SystemRandom() });
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const at = (number: number) => ({ number, chain: number.toString(16).padStart(64, '0') });

function content(sequence: number, audit: ReturnType<typeof at> | undefined): Buffer {
  const header = {
    ...{ installationId, archiveId: kit.keys.archiveId, sequence, previousSha256: null },
    ...{ createdAt: new Date(1_790_000_000_000).toISOString(), audit },
  };
  return encodeManifest(header, [uploaded(`${sequence}`)], (bytes) => kit.keys.manifestMac(bytes));
}

async function put(number: number, bytes: Buffer): Promise<void> {
  await store.putIfAbsent(cloudNames.manifest(installationId, number), wholeSource(bytes));
}

async function anchors(reach: 'newest' | 'all') {
  const problems: string[] = [];
  const found = await cloudAnchors({
    ...{ store, keys: kit.restoreKeys, installationId, reach, patiently: once },
    signal: new AbortController().signal,
    onList: () => undefined,
    onProblem: (object, { message }) => void problems.push(`${object} ${message}`),
  });
  return { found, problems };
}

it('are those of the newest list, or of every list', async () => {
  for (const [number, audit] of [
    [1, undefined],
    [2, at(5)],
    [3, at(9)],
  ] as const)
    await put(number, sealBytes(kit.sealers, content(number, audit)));
  expect(await anchors('newest')).toEqual({ found: [at(9)], problems: [] });
  expect(await anchors('all')).toEqual({ found: [at(9), at(5)], problems: [] });
});

it('are not taken from a list that was moved or does not prove itself, which is told', async () => {
  await put(1, sealBytes(kit.sealers, content(1, at(5))));
  await put(2, sealBytes(kit.sealers, content(1, at(1000))));
  await put(3, sealBytes(new ManifestKit().sealers, content(3, at(2000))));
  const { found, problems } = await anchors('newest');
  expect(found).toEqual([at(5)]);
  expect(problems).toHaveLength(2);
});

it('are none where nothing lies', async () => {
  expect(await anchors('all')).toEqual({ found: [], problems: [] });
});

it('leave a list readable by a program that does not know of them, and the other way round', () => {
  const mac = (bytes: Uint8Array): Buffer => kit.keys.manifestMac(bytes);
  const line = content(1, at(5)).toString('utf8').split('\n')[0] ?? '';
  const older = manifestSchema.omit({ audit: true }).parse(JSON.parse(line));
  expect(older.studies).toHaveLength(1);
  expect(decodeManifest(content(1, undefined), mac).audit).toBeUndefined();
  expect(content(1, undefined).toString('utf8')).not.toContain('"audit"');
});
