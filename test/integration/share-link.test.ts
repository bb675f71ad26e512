/** A study given out by link, opened end to end by a reader of our own format against a real storage service. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import type { Sharing } from '../../src/main/engine/share/sharing.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { findIn, needlesFor } from '../support/canaries.ts';
import { download, openLink, openShared, readIndex, readLink } from '../support/share-reader.ts';
import { hourMs, ShareRig } from '../support/share-rig.ts';
import { testImage, type TestImage } from '../support/upload-rig.ts';

const never = new AbortController().signal;
const noProgress = (): void => undefined;
const passcode = 'seven-unlikely-otters';

let rig: ShareRig;
let sharing: Sharing;
const images: TestImage[] = [];
const other = testImage('other', '2');

beforeAll(async () => {
  rig = await ShareRig.open();
  sharing = rig.sharing();
  for (const [name, bytes] of [
    ['a', 2000],
    ['b', 700_001],
    ['c', 5_000_000],
  ] as const) {
    const image = testImage(name, '1', bytes);
    images.push(image);
    await rig.archive.receive(image);
  }
  await rig.archive.receive(other);
});
afterAll(() => rig.dispose());

const studyOf = (image: TestImage | undefined): string => image?.details.studyInstanceUid ?? '';

async function share(
  options: { readonly study?: string; readonly passcode?: string; readonly lifetimeMs?: number } = {},
): Promise<{ readonly shareId: string; readonly link: string }> {
  const made = await sharing.createLink(
    {
      studyInstanceUid: options.study ?? studyOf(images[0]),
      lifetimeMs: options.lifetimeMs ?? hourMs,
      passcode: options.passcode === undefined ? undefined : Secret.fromText(options.passcode),
    },
    'command-line',
    noProgress,
    never,
  );
  return { shareId: made.shareId, link: made.link.revealText() };
}

describe('a link', () => {
  it('gives its reader every image of the study, bit for bit, and says whose it is', async () => {
    const seen: number[] = [];
    const made = await sharing.createLink(
      { studyInstanceUid: studyOf(images[0]), lifetimeMs: hourMs, passcode: undefined },
      'command-line',
      ({ done }) => seen.push(done),
      never,
    );
    const { index, files } = await openLink(made.link.revealText());
    expect(files.map((file) => images.findIndex((image) => image.file.equals(file)))).toEqual([0, 1, 2]);
    expect(index).toMatchObject({
      practice: 'Practice of Dr. Test',
      study: { studyInstanceUid: studyOf(images[0]), patientName: 'Canary^Upload' },
      files: [{ modality: 'OT', sopClassUid: images[0]?.details.sopClassUid }, {}, {}],
    });
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(made.link.revealText().startsWith('edge-sync-viewer.html#v1.')).toBe(true);
    expect(await readdir(join(rig.archive.dir, 'share-drafts'))).toEqual([]);
  });

  it('with a passcode opens with it, however it is typed in Unicode, and not without it', async () => {
    const { link } = await share({ passcode: 'Ünlikely-otters-7' });
    expect((await openLink(link, 'U\u0308nlikely-otters-7')).files).toHaveLength(3);
    await expect(openLink(link, 'unlikely-otters-7')).rejects.toMatchObject({ code: 'object-tampered' });
    await expect(openLink(link)).rejects.toMatchObject({ code: 'object-tampered' });
  });

  it('begins with the address of the viewer that the practice hosts', async () => {
    const hosted = rig.sharing({ viewerUrl: 'https://images.practice.example/viewer.html' });
    const { link } = await hosted.createLink(
      { studyInstanceUid: studyOf(other), lifetimeMs: hourMs, passcode: undefined },
      'web',
      noProgress,
      never,
    );
    expect(link.revealText().startsWith('https://images.practice.example/viewer.html#v1.')).toBe(true);
  });

  it('lives from an hour to ninety days', async () => {
    for (const lifetimeMs of [hourMs - 1, 90 * 24 * hourMs + 1])
      await expect(share({ lifetimeMs })).rejects.toMatchObject({ code: 'share-expiry-not-allowed' });
  });

  it('to a study that is not here is refused before anything is put', async () => {
    const before = await rig.names();
    await expect(share({ study: '1.2.3.4' })).rejects.toMatchObject({ code: 'share-study-unknown' });
    expect(await rig.names()).toEqual(before);
  });
});

describe('whoever has a link', () => {
  it('can read with its addresses, and neither write, delete nor list', async () => {
    const { link } = await share({ study: studyOf(other) });
    const { indexUrl } = readLink(link);
    const listUrl = new URL(indexUrl);
    listUrl.pathname = listUrl.pathname.split('/').slice(0, 3).join('/');
    listUrl.searchParams.set('restype', 'container');
    listUrl.searchParams.set('comp', 'list');
    const attempts = await Promise.all([
      fetch(indexUrl, { method: 'PUT', body: 'x', headers: { 'x-ms-blob-type': 'BlockBlob' } }),
      fetch(indexUrl, { method: 'DELETE' }),
      fetch(listUrl),
      fetch(`${indexUrl}&comp=metadata`, { method: 'PUT', headers: { 'x-ms-meta-a': 'b' } }),
    ]);
    expect(attempts.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect((await openLink(link)).files).toHaveLength(1);
  });

  it('cannot read another share with it, nor another object of its own', async () => {
    const [mine, theirs] = [await share({ study: studyOf(other) }), await share()];
    const url = new URL(readLink(mine.link).indexUrl);
    for (const path of [
      url.pathname.replace(mine.shareId, theirs.shareId),
      url.pathname.replace('index.cms', '000001.cms'),
    ]) {
      const elsewhere = new URL(url);
      elsewhere.pathname = path;
      await expect(download(elsewhere.href)).rejects.toThrow('status 403');
    }
  });

  it('opens nothing with a key that was changed by one bit', async () => {
    const { link } = await share({ study: studyOf(other) });
    const parts = readLink(link);
    const sealed = await download(parts.indexUrl);
    const kek = Buffer.from(parts.kek);
    kek[0] = (kek[0] ?? 0) ^ 1;
    expect(() => openShared({ ...parts, kek }, sealed)).toThrow(EdgeSyncError);
    expect(() => readIndex(parts, sealed)).not.toThrow();
  });

  it('is not fooled by the index of another share, or by images that are exchanged or changed', async () => {
    const [mine, theirs] = [await share(), await share({ study: studyOf(other) })];
    const parts = readLink(mine.link);
    const foreign = await download(readLink(theirs.link).indexUrl);
    expect(() => readIndex(parts, foreign)).toThrow('was not sealed for');
    const client = rig.cloud.container(rig.container, 'second account');
    const blob = (name: string) => client.getBlockBlobClient(`given/${mine.shareId}/${name}`);
    const [first, second] = await Promise.all([
      blob('000001.cms').downloadToBuffer(),
      blob('000002.cms').downloadToBuffer(),
    ]);
    await blob('000001.cms').upload(second, second.length);
    await expect(openLink(mine.link)).rejects.toThrow('another file');
    const changed = Buffer.from(first);
    changed[changed.length - 100] = (changed[changed.length - 100] ?? 0) ^ 1;
    await blob('000001.cms').upload(changed, changed.length);
    await expect(openLink(mine.link)).rejects.toMatchObject({ code: 'object-tampered' });
  });

  it('is refused by the service once the address has expired', async () => {
    const { shareId } = await share({ study: studyOf(other) });
    const place = await rig.place();
    const nowMs = rig.archive.clock.nowMs();
    const sign = (untilMs: number): string =>
      place.sign(`${shareId}/index.cms`, { fromMs: nowMs - hourMs, untilMs });
    await expect(download(sign(nowMs - 1000))).rejects.toThrow('status 403');
    await expect(download(sign(nowMs + hourMs))).resolves.toBeInstanceOf(Buffer);
    await place.close();
  });

  it('reads from a page that was opened from a file, as browsers ask', async () => {
    const { link } = await share({ study: studyOf(other) });
    const answer = await fetch(readLink(link).indexUrl, { headers: { origin: 'null' } });
    await answer.arrayBuffer();
    expect(answer.headers.get('access-control-allow-origin')).toMatch(/^(\*|null)$/);
  });
});

describe('what is put in the cloud and kept here', () => {
  it('tells nothing of the study by names, metadata or content', async () => {
    const { shareId } = await share({ passcode });
    const client = rig.cloud.container(rig.container, 'second account');
    const needles = needlesFor(['Canary^Upload', studyOf(images[0]), passcode]);
    const found: string[] = [];
    for await (const blob of client.listBlobsFlat({ prefix: `given/${shareId}/`, includeMetadata: true })) {
      const bytes = await client.getBlobClient(blob.name).downloadToBuffer();
      const text = Buffer.from(JSON.stringify(blob));
      if (needles.some((needle) => bytes.includes(needle) || text.includes(needle))) found.push(blob.name);
      expect(blob.name).toMatch(/^given\/[0-9a-f]{32}\/(index|[0-9]{6})\.cms$/);
      expect(blob.metadata ?? {}).toEqual({});
    }
    expect(found).toEqual([]);
  });

  it('has no secret, link or passcode in database, log, audit trail or data folder', async () => {
    const { link } = await share({ passcode });
    const secret = link.split('.').at(-3) ?? '';
    expect(secret).toHaveLength(43);
    rig.archive.queue.flush();
    const texts = [passcode, secret, Buffer.from(secret, 'base64url').toString('hex'), studyOf(images[0])];
    const needles = [
      ...needlesFor(texts),
      Buffer.from(secret, 'base64url'),
      readLink(link, passcode).kek,
      Buffer.from(new URL(readLink(link, passcode).indexUrl).searchParams.get('sig') ?? 'none'),
    ];
    expect(await findIn(rig.archive.dir, needles)).toEqual([]);
    const told = Buffer.from(JSON.stringify([rig.archive.logger.lines, rig.audited, rig.incidents]));
    expect(needles.filter((needle) => told.includes(needle))).toEqual([]);
  });
});
