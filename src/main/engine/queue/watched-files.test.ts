import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hex, newInstance, QueueKit } from '../../../../test/support/queue-kit.ts';
import { mostListed, type FileNote, type WatchedFolder } from './watched-files.ts';

let kit: QueueKit;
let folder: WatchedFolder;

beforeEach(() => {
  kit = new QueueKit();
  folder = kit.queue.watched.folder('/scans', 'keep');
});

afterEach(() => kit.dispose());

function done(name: string, version = 'v1', objectName?: string): FileNote {
  return { tag: 'done', path: `/scans/${name}`, version, objectName };
}

function bad(name: string, version = 'v1'): FileNote {
  return { tag: 'bad', path: `/scans/${name}`, version, code: 'not-dicom', detail: undefined };
}

function listed(): readonly string[] {
  return kit.queue.watched.attention(100).files.map((file) => file.path);
}

function reopened(afterImport: 'keep' | 'delete' = 'keep'): WatchedFolder {
  return kit.reopen().watched.folder('/scans', afterImport);
}

describe('a file that is taken', () => {
  it('is known by path and version after a restart, in its own folder only', async () => {
    await folder.remember([done('a', 'v7')]);
    expect(reopened().find('/scans/a')).toMatchObject({ version: 'v7', code: undefined });
    expect(kit.queue.watched.folder('/scans', 'keep').find('/scans/b')).toBeUndefined();
    expect(kit.queue.watched.folder('/other', 'keep').find('/scans/a')).toBeUndefined();
  });

  it('is looked at anew under another setting of its folder', async () => {
    await folder.remember([done('a')]);
    expect(reopened('delete').find('/scans/a')).toBeUndefined();
  });

  it('is taken again when the only copy of its image is lost', async () => {
    kit.queue.setDestinations([{ name: 'cloud', required: true }]);
    await kit.queue.recordReceived(newInstance('one'));
    await kit.queue.recordReceived(newInstance('two'));
    await folder.remember([done('a', 'v1', hex('object one', 32)), done('b', 'v1', hex('object two', 32))]);
    const row = kit.queue.spoolRows(undefined, 10).find(({ spoolId }) => spoolId === hex('spool one', 16));
    expect(await kit.queue.markLost(row!, 'object-missing')).toBe('parked');
    expect(folder.find('/scans/a')).toBeUndefined();
    expect(folder.find('/scans/b')).toBeDefined();
  });

  it('is forgotten when a search did not see it, unless it came after the search had begun', async () => {
    await folder.remember([done('stays'), done('goes')]);
    const upTo = folder.newestId();
    const stays = folder.find('/scans/stays')!.id;
    await folder.remember([done('new')]);
    await folder.forgetUnseen((id) => id === stays, upTo);
    expect(['stays', 'goes', 'new'].filter((name) => folder.find(`/scans/${name}`) !== undefined)).toEqual([
      'stays',
      'new',
    ]);
  });

  it('of thousands is found and pruned in pages', async () => {
    const notes = Array.from({ length: 2500 }, (_, index) => done(String(index)));
    await folder.remember(notes);
    const kept = folder.find('/scans/2400')!.id;
    await folder.forgetUnseen((id) => id === kept, folder.newestId());
    expect(notes.filter((note) => folder.find(note.path) !== undefined)).toHaveLength(1);
    expect(folder.holdsAny()).toBe(true);
  });
});

describe('a file that needs attention', () => {
  it('is listed with folder, path, cause and times, newest first, and counts as one incident', async () => {
    const startMs = kit.clock.nowMs();
    await folder.remember([bad('a')]);
    await kit.clock.advance(1000);
    await folder.remember([{ ...bad('b'), detail: '3 of 9' } as FileNote]);
    expect(kit.queue.watched.attention(10)).toEqual({
      total: 2,
      files: [
        expect.objectContaining({ folder: '/scans', path: '/scans/b', code: 'not-dicom', detail: '3 of 9' }),
        expect.objectContaining({ path: '/scans/a', firstAtMs: startMs, lastAtMs: startMs }),
      ],
    });
    expect(kit.reopen().status().incidents).toEqual([
      {
        id: 'attention:2',
        code: 'file-needs-attention',
        detail: '2 files',
        count: 2,
        firstAtMs: startMs,
        lastAtMs: startMs + 1000,
      },
    ]);
  });

  it('leaves the list when it is taken, gone or its folder watched no more', async () => {
    await folder.remember([bad('taken'), bad('gone'), bad('left')]);
    await folder.remember([done('taken', 'v2')]);
    await folder.forget('/scans/gone');
    expect(listed()).toEqual(['/scans/left']);
    kit.queue.watched.keepFolders(['/scans']);
    expect(listed()).toEqual(['/scans/left']);
    kit.queue.watched.keepFolders(['/elsewhere']);
    expect(listed()).toEqual([]);
    expect(kit.queue.status().incidents).toEqual([]);
  });

  it('stays dismissed as long as it is the same file with the same fault', async () => {
    await folder.remember([bad('a'), bad('b')]);
    const { files } = kit.queue.watched.attention(10);
    expect(await kit.queue.watched.dismiss([files.find(({ path: p }) => p.endsWith('a'))!.id])).toBe(1);
    expect(listed()).toEqual(['/scans/b']);
    await folder.remember([bad('a')]);
    expect(listed()).toEqual(['/scans/b']);
    await folder.remember([bad('a', 'v2')]);
    expect(listed()).toEqual(['/scans/a', '/scans/b']);
    expect(await kit.queue.watched.dismiss('all')).toBe(2);
    expect(kit.reopen().watched.attention(10)).toEqual({ files: [], total: 0 });
  });

  it('is answered with the incident, as far as that was seen', async () => {
    await folder.remember([bad('seen')]);
    const [incident] = kit.queue.status().incidents;
    await folder.remember([bad('later')]);
    expect(await kit.queue.answerIncident(incident!.id)).toBe(true);
    expect(await kit.queue.answerIncident(incident!.id)).toBe(false);
    expect(listed()).toEqual(['/scans/later']);
    expect(await kit.queue.answerIncident('attention:x')).toBe(false);
  });

  it('is read again when somebody asks for it', async () => {
    await folder.remember([bad('a'), bad('b'), done('c')]);
    expect(await kit.queue.watched.again([folder.find('/scans/a')!.id])).toBe(1);
    expect(['a', 'b', 'c'].map((name) => folder.find(`/scans/${name}`)?.version)).toEqual(['', 'v1', 'v1']);
    expect(await kit.queue.watched.again('all')).toBe(2);
    expect(['a', 'b', 'c'].map((name) => folder.find(`/scans/${name}`)?.version)).toEqual(['', '', 'v1']);
  });

  it('beyond ten thousand counts without its path, and is listed when there is room', async () => {
    const notes = Array.from({ length: mostListed + 5 }, (_, index) => bad(String(index)));
    await folder.remember(notes.slice(0, 6000));
    await folder.remember(notes.slice(6000));
    expect(kit.queue.watched.attention(mostListed + 5).files).toHaveLength(mostListed);
    expect(kit.queue.watched.attention(1)).toMatchObject({ total: mostListed + 1 });
    expect(kit.queue.status().incidents).toMatchObject([{ detail: 'more than 10000 files' }]);
    const last = notes.at(-1)!;
    expect(folder.find(last.path)).toMatchObject({ isListed: false });
    expect(folder.hasRoom()).toBe(false);
    for (const note of notes.slice(0, 10)) await folder.forget(note.path);
    expect(folder.hasRoom()).toBe(true);
    await folder.remember([last]);
    expect(folder.find(last.path)).toMatchObject({ isListed: true });
  });
});

it('no path is in the database or its log in clear', async () => {
  await folder.remember([
    { tag: 'bad', path: '/scans/CANARYNAME.dcm', version: 'v', code: 'not-dicom', detail: undefined },
    { tag: 'done', path: '/scans/CANARYDONE.dcm', version: 'v', objectName: undefined },
  ]);
  kit.queue.close();
  const files = fs.readdirSync(kit.dir).map((name) => fs.readFileSync(path.join(kit.dir, name)));
  expect(files.length).toBeGreaterThan(0);
  expect(files.some((bytes) => /CANARY|scans/.test(bytes.toString('latin1')))).toBe(false);
  expect(JSON.stringify(kit.logger.lines)).not.toContain('CANARY');
});
