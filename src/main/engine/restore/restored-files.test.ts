import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { RestoredFiles, type PlaceOutcome } from './restored-files.ts';

const posix = process.platform !== 'win32';
const identity = { studyInstanceUid: '1.2', seriesInstanceUid: '1.2.3', sopInstanceUid: '1.2.3.4' };
const sha256 = 'a'.repeat(64);
let dir: string;
let to: string;
let series: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'edge-sync-restored-'));
  to = path.join(dir, 'above', 'target');
  series = path.join(to, '1.2', '1.2.3');
});

afterEach(() => rm(dir, { recursive: true, force: true }));

async function placeIn(files: RestoredFiles, content: string, sop = '1.2.3.4'): Promise<PlaceOutcome> {
  const file = await files.create();
  await file.write([Buffer.from(content)]);
  return files.place(file, { ...identity, sopInstanceUid: sop }, sha256);
}

async function place(content: string): Promise<PlaceOutcome> {
  const files = await RestoredFiles.open(to, new FakeRandom());
  try {
    return await placeIn(files, content);
  } finally {
    await files.close();
  }
}

describe('restored files', () => {
  it.runIf(posix)('and every folder made for them are the own user’s alone', async () => {
    expect(await place('image')).toBe('restored');
    for (const folder of [path.dirname(to), to, path.dirname(series), series]) {
      expect((await stat(folder)).mode & 0o777, folder).toBe(0o700);
    }
    expect((await stat(path.join(series, '1.2.3.4.dcm'))).mode & 0o777).toBe(0o600);
    expect(await readdir(to)).toEqual(['1.2']);
  });

  it.runIf(posix)('leave a folder that was there as it is', async () => {
    await mkdir(to, { recursive: true, mode: 0o755 });
    await place('image');
    expect((await stat(to)).mode & 0o777).toBe(0o755);
  });

  it.runIf(posix)(
    'take the next name where a pipe has theirs, without waiting for its other end',
    async () => {
      await mkdir(series, { recursive: true });
      execFileSync('mkfifo', [path.join(series, '1.2.3.4.dcm')]);
      expect(await place('image')).toBe('restored');
      expect(await readFile(path.join(series, '1.2.3.4.2.dcm'), 'utf8')).toBe('image');
    },
  );

  it('take the next name where a folder has theirs', async () => {
    await mkdir(path.join(series, '1.2.3.4.dcm'), { recursive: true });
    expect(await place('image')).toBe('restored');
    expect(await readFile(path.join(series, '1.2.3.4.2.dcm'), 'utf8')).toBe('image');
  });

  it('take the next name where a link has theirs, whether it leads somewhere or not', async () => {
    await mkdir(series, { recursive: true });
    const outside = path.join(dir, 'outside');
    await writeFile(outside, 'theirs');
    await symlink(outside, path.join(series, '1.2.3.4.dcm'));
    await symlink(path.join(dir, 'nowhere'), path.join(series, '1.2.3.4.2.dcm'));
    expect(await place('image')).toBe('restored');
    expect(await readFile(path.join(series, '1.2.3.4.3.dcm'), 'utf8')).toBe('image');
    expect(await readFile(outside, 'utf8')).toBe('theirs');
    expect((await readdir(dir)).sort()).toEqual(['above', 'outside']);
  });

  it('of several runs into one folder never replace each other', async () => {
    const seeds = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const runs = await Promise.all(seeds.map((seed) => RestoredFiles.open(to, new FakeRandom(seed))));
    const sops = Array.from({ length: 10 }, (_, index) => `1.2.${index}`);
    for (const sop of sops) {
      await Promise.all(runs.map((files, run) => placeIn(files, `run ${run} ${sop}`, sop)));
    }
    await Promise.all(runs.map((files) => files.close()));
    const names = await readdir(series);
    const kept = await Promise.all(names.map((name) => readFile(path.join(series, name), 'utf8')));
    const given = sops.flatMap((sop) => runs.map((_, run) => `run ${run} ${sop}`));
    expect(kept.sort()).toEqual(given.sort());
  });
});

describe('a link in place of a folder', () => {
  it.each(['study', 'series'])('of a %s that leads outside is not followed', async (which) => {
    const outside = path.join(dir, 'outside');
    await mkdir(outside);
    const link = which === 'study' ? path.dirname(series) : series;
    await mkdir(path.dirname(link), { recursive: true });
    await symlink(outside, link, 'junction');
    await expect(place('image')).rejects.toMatchObject({ code: 'file-not-writable' });
    expect(await readdir(outside)).toEqual([]);
    expect((await readdir(to)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('is not looked through for an image that is there already', async () => {
    const outside = path.join(dir, 'outside');
    await mkdir(outside);
    await mkdir(path.dirname(series), { recursive: true });
    await symlink(outside, series, 'junction');
    const files = await RestoredFiles.open(to, new FakeRandom());
    await expect(files.holds(identity, sha256)).rejects.toMatchObject({ code: 'file-not-writable' });
    await files.close();
  });

  it.each([
    ['leads nowhere', 'link'],
    ['is a file', 'file'],
  ])('is told where the name of the folder %s', async (_what, kind) => {
    await mkdir(path.dirname(series), { recursive: true });
    if (kind === 'link') await symlink(path.join(dir, 'nowhere'), series, 'junction');
    else await writeFile(series, 'theirs');
    await expect(place('image')).rejects.toMatchObject({ code: 'file-not-writable' });
    expect((await readdir(dir)).sort()).toEqual(['above']);
  });

  it('is followed above the target, which the user chose', async () => {
    await mkdir(path.join(dir, 'disk'));
    await symlink(path.join(dir, 'disk'), path.join(dir, 'above'), 'junction');
    expect(await place('image')).toBe('restored');
    expect(await readFile(path.join(series, '1.2.3.4.dcm'), 'utf8')).toBe('image');
  });
});
