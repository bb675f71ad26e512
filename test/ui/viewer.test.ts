/** The viewer as one file, in a real browser, on shares in a real store: what people see when all is well, and when not. */
import { unzipSync } from 'fflate';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { makeDicomFile, testUid, type TestElement } from '../support/dicom-files.ts';
import { launchBrowser } from '../support/page-browser.ts';
import { ShareStorage, type MadeShare, type ShareFile, type SharePlan } from '../support/share-package.ts';
import { needs } from '../support/tools.ts';
import { layout, pixels, rampImage, shared } from '../support/viewer-shares.ts';
import {
  buildViewer,
  openViewer,
  savedBy,
  type BuiltViewer,
  type OpenedViewer,
} from '../support/viewer-page.ts';

const inBrowser = needs('chromium');

let viewer: BuiltViewer;
let browser: Browser;
let storage: ShareStorage;
const opened: OpenedViewer[] = [];

beforeAll(async () => {
  [viewer, browser, storage] = await Promise.all([buildViewer(), launchBrowser(), ShareStorage.start()]);
});
afterAll(async () => {
  await browser.close();
  await storage.stop();
  await viewer.remove();
});
afterEach(async () => {
  await storage.letPagesRead(['*']);
  for (const one of opened.splice(0)) await one.close();
});

async function open(share: MadeShare, options: BrowserContextOptions = {}): Promise<OpenedViewer> {
  const one = await openViewer(browser, viewer.address + share.fragment, options);
  opened.push(one);
  return one;
}

async function openShare(
  plan: SharePlan,
  options: BrowserContextOptions = {},
): Promise<OpenedViewer & { readonly share: MadeShare }> {
  const share = await storage.share(plan);
  return { ...(await open(share, options)), share };
}

async function shown(page: Page): Promise<void> {
  await page.locator('.bottom-right').getByText('×').waitFor();
}

inBrowser('a link', () => {
  it('opens from a file: the image, whose it is and from whom; nothing but the share is asked, and the key leaves the address bar', async () => {
    const { page, complaints, requests, share } = await openShare({
      files: [rampImage('a'), rampImage('b')],
    });
    await shown(page);
    await page.getByRole('heading', { name: 'DOE, JANE' }).waitFor();
    await page.getByText('From Harbour Practice').waitFor();
    await page.getByText('Not for diagnosis', { exact: false }).waitFor();
    expect(page.url()).toBe(viewer.address);
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie])).toEqual([
      0,
      0,
      '',
    ]);
    expect(requests.length).toBeGreaterThanOrEqual(2);
    expect(requests.filter((address) => !address.includes(`/${share.shareId}/`))).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('pasted into the page opens too', async () => {
    const share = await storage.share({ files: [rampImage('a')] });
    const one = await openViewer(browser, viewer.address);
    opened.push(one);
    await one.page.getByLabel('Link').fill(`edge-sync-viewer.html${share.fragment}`);
    await one.page.getByRole('button', { name: 'Open' }).click();
    await shown(one.page);
  });

  it.each([
    ['#v1.abc.k.def', 'This is not a whole link'],
    ['#v2.abc', 'This link needs a newer viewer'],
    [
      `#v1.${Buffer.from('http://example.org/x/index.cms').toString('base64url')}.k.${'A'.repeat(43)}`,
      'This is not a whole link',
    ],
  ])('that is broken says so and asks nothing: %s', async (fragment, title) => {
    const one = await openViewer(browser, viewer.address + fragment);
    opened.push(one);
    await one.page.getByRole('alert').getByText(title).waitFor();
    expect(one.requests).toEqual([]);
  });
});

inBrowser('a passcode', () => {
  it('is asked for; a wrong one is told, and the right one opens however it was typed', async () => {
    const { page, complaints } = await openShare({ files: [rampImage('a')], passcode: 'caf\u00e9 2026' });
    const field = page.getByLabel('Passcode');
    await field.fill('cafe 2026');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('The passcode does not fit').waitFor();
    await field.fill('cafe\u0301 2026');
    await page.keyboard.press('Enter');
    await shown(page);
    expect(complaints).toEqual([]);
  });
});

inBrowser('what does not open', () => {
  const title = (page: Page, text: string): Promise<void> =>
    page.getByRole('heading', { name: text }).waitFor();

  it('an expired link', async () => {
    const { page } = await openShare({ files: [rampImage('a')], expiresInMs: -60_000 });
    await title(page, 'This link has expired');
  });

  it('a share that was deleted', async () => {
    const share = await storage.share({ files: [rampImage('a')] });
    await storage.remove(share.objects[0]!);
    await title((await open(share)).page, 'This is no longer there');
  });

  it('a store that lets no page read it', async () => {
    await storage.letPagesRead([]);
    const { page } = await openShare({ files: [rampImage('a')] });
    await title(page, 'The storage cannot be reached');
    await storage.letPagesRead(['*']);
    await page.getByRole('button', { name: 'Try again' }).click();
    await shown(page);
  });

  it('a link whose key was changed', async () => {
    const share = await storage.share({ files: [rampImage('a')] });
    const at = share.fragment.length - 20;
    const other = share.fragment[at] === 'A' ? 'B' : 'A';
    const fragment = share.fragment.slice(0, at) + other + share.fragment.slice(at + 1);
    await title((await open({ ...share, fragment })).page, 'The key in this link does not open the study');
  });

  it('an index in which a byte was flipped', async () => {
    const share = await storage.share({ files: [rampImage('a')] });
    const index = await storage.read(share.objects[0]!);
    index[index.length - 100]! ^= 1;
    await storage.put(share.objects[0]!, index);
    await title((await open(share)).page, 'This was damaged or changed');
  });

  it('the index of another share put in its place', async () => {
    const [one, other] = [
      await storage.share({ files: [rampImage('a')] }),
      await storage.share({ files: [rampImage('b')] }),
    ];
    await storage.put(one.objects[0]!, await storage.read(other.objects[0]!));
    await title((await open(one)).page, 'What lies there belongs to another share');
  });

  it('an index that names files elsewhere: nothing there is asked', async () => {
    const { page, requests } = await openShare({
      files: [rampImage('a')],
      change: (index) => ({
        ...index,
        files: (index['files'] as Record<string, unknown>[]).map((file) => ({
          ...file,
          url: 'https://example.org/spy',
        })),
      }),
    });
    await title(page, 'This share points somewhere else');
    expect(requests.filter((address) => address.includes('example.org'))).toEqual([]);
  });

  it('a share of a later version', async () => {
    const { page } = await openShare({
      files: [rampImage('a')],
      change: (index) => ({ ...index, version: 2 }),
    });
    await title(page, 'This share needs a newer viewer');
  });

  it('one file that is changed, exchanged, cut or gone, while the others go on', async () => {
    const files = ['a', 'b', 'c', 'd', 'e'].map((name, at) => ({
      ...rampImage(name),
      instanceNumber: String(at + 1),
    }));
    const share = await storage.share({ files });
    const [, flipped, exchanged, cut, gone] = share.objects as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const whole = await storage.read(flipped);
    const changed = Buffer.from(whole);
    changed[400]! ^= 0x10;
    await storage.put(flipped, changed);
    await storage.put(exchanged, whole);
    await storage.put(cut, (await storage.read(cut)).subarray(0, -3));
    await storage.remove(gone);
    const { page, complaints } = await open(share);
    const stage = page.locator('.stage');
    for (const text of [
      'This was damaged or changed',
      'This was damaged or changed',
      'This was damaged or changed',
      'This is no longer there',
    ]) {
      await stage.getByRole('alert').getByText(text).waitFor();
      await stage.focus();
      await page.keyboard.press('ArrowDown');
    }
    await page.locator('.where').getByText('Image 5 of 5').waitFor();
    await shown(page);
    expect(complaints).toEqual([]);
  });
});

inBrowser('hostile images', () => {
  it('end in a message, never in the page, and the next one is shown', async () => {
    const syntaxes = {
      jpeg: '1.2.840.10008.1.2.4.50',
      j2k: '1.2.840.10008.1.2.4.90',
      rle: '1.2.840.10008.1.2.5',
    };
    const image = (name: string, extra: TestElement[], transferSyntaxUid?: string): ShareFile =>
      shared(
        makeDicomFile({
          sopInstanceUid: testUid(name),
          extra,
          ...(transferSyntaxUid === undefined ? {} : { transferSyntaxUid }),
        }).bytes,
        name,
        transferSyntaxUid === undefined ? {} : { transferSyntaxUid },
      );
    const huge = layout({ rows: 65_535, columns: 65_535 });
    const files = [
      image('huge', [...huge, pixels(Buffer.alloc(100))]),
      image('huge-rle', huge, syntaxes.rle),
      image('huge-jpeg', layout({ rows: 60_000, columns: 2 }), syntaxes.jpeg),
      image('no-codestream', layout({}), syntaxes.j2k),
      image('short', [...layout({ rows: 100, columns: 100 }), pixels(Buffer.alloc(64))]),
      image('frames', [
        ...layout({}),
        { group: 0x0028, element: 0x0008, vr: 'IS', value: '99999' },
        pixels(Buffer.alloc(64)),
      ]),
      shared(Buffer.alloc(4096, 0x41), 'not-dicom'),
      shared(rampImage('cut').bytes.subarray(0, -40), 'cut'),
      rampImage('good'),
    ].map((file, at) => ({ ...file, instanceNumber: String(at + 1) }));
    const { page, complaints } = await openShare({ files });
    const stage = page.locator('.stage');
    for (const [at] of files.slice(0, -1).entries()) {
      await page
        .locator('.where')
        .getByText(`Image ${at + 1} of 9`)
        .waitFor();
      await stage.getByRole('alert').waitFor();
      await stage.focus();
      await page.keyboard.press('ArrowDown');
      await page.waitForFunction(
        (n) => document.querySelector('.where')?.textContent.startsWith(`Image ${n} `),
        at + 2,
      );
    }
    await shown(page);
    expect(await stage.getByRole('alert').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});

inBrowser('looking', () => {
  it('by keyboard alone: other image, grey values, turned, enlarged, measured, text hidden', async () => {
    const { page } = await openShare({
      files: [
        rampImage('a'),
        rampImage('b', { extra: [{ group: 0x0028, element: 0x0030, vr: 'DS', value: '0.5\\0.5' }] }),
      ].map((file, at) => ({ ...file, instanceNumber: String(at + 1) })),
    });
    await shown(page);
    const stage = page.locator('.stage');
    expect(await stage.evaluate((one) => one === document.activeElement)).toBe(true);
    await page.keyboard.press('End');
    await page.locator('.where').getByText('Image 2 of 2').waitFor();
    const before = await page.locator('.bottom-right').textContent();
    await page.keyboard.press('+');
    await page.waitForFunction(
      (text) => document.querySelector('.bottom-right')?.textContent !== text,
      before,
    );
    await page.keyboard.press('i');
    await page.getByRole('button', { name: 'Invert', pressed: true }).waitFor();
    await page.getByLabel('Centre').fill('100');
    await page.locator('.bottom-right').getByText('C 100 W 256').waitFor();
    await page.getByRole('radio', { name: 'Measure' }).check();
    await stage.focus();
    await page.keyboard.press('0');
    await page.keyboard.press('Enter');
    for (let step = 0; step < 5; step += 1) await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.viewing > .visually-hidden').textContent()).toMatch(/^[\d.]+ mm$/);
    await page.keyboard.press('o');
    await expect.poll(() => page.locator('.top-left').isVisible()).toBe(false);
  });

  it('says where a length is not calibrated', async () => {
    const { page } = await openShare({ files: [rampImage('a')] });
    await shown(page);
    await page.getByRole('radio', { name: 'Measure' }).check();
    const box = (await page.locator('.stage').boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + 80, box.y + box.height / 2, { steps: 3 });
    await page.mouse.up();
    await expect
      .poll(() => page.locator('.viewing > .visually-hidden').textContent())
      .toMatch(/pixels, not calibrated$/);
  });

  it('plays the frames of a clip and stops', async () => {
    const frames = 4;
    const clip = shared(
      makeDicomFile({
        sopInstanceUid: testUid('clip'),
        extra: [
          ...layout({}),
          { group: 0x0028, element: 0x0008, vr: 'IS', value: String(frames) },
          pixels(Buffer.alloc(128 * frames, 90)),
        ],
      }).bytes,
      'clip',
    );
    const { page } = await openShare({ files: [clip] });
    await page.locator('.where').getByText('Frame 1 of 4').waitFor();
    await page.getByRole('button', { name: 'Play' }).click();
    await page.locator('.where').getByText('Frame 3 of 4').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Play' }).waitFor();
  });
});

inBrowser('saving', () => {
  it('gives every file bit for bit, in one zip and one by one, and the picture in its own size', async () => {
    const files = ['a', 'b', 'c'].map((name, at) => ({ ...rampImage(name), instanceNumber: String(at + 1) }));
    const { page, complaints } = await openShare({ files });
    await shown(page);
    const zip = await savedBy(page, 'Save all (zip)');
    expect(zip.name).toBe('study-1.2.3.4.zip');
    const inside = unzipSync(zip.bytes);
    expect(Object.keys(inside)).toEqual(
      files.map((file) => `DICOM/${file.seriesInstanceUid}/${file.sopInstanceUid}.dcm`),
    );
    expect(
      Object.values(inside).map((bytes) =>
        Buffer.from(bytes).equals(files.find((file) => file.bytes.equals(bytes))?.bytes ?? Buffer.alloc(0)),
      ),
    ).toEqual([true, true, true]);
    const one = await savedBy(page, 'Save this DICOM file');
    expect(one.name).toBe(`${files[0]!.sopInstanceUid}.dcm`);
    expect(one.bytes.equals(files[0]!.bytes)).toBe(true);
    const png = await savedBy(page, 'Save this picture (PNG)');
    expect([png.bytes.readUInt32BE(16), png.bytes.readUInt32BE(20)]).toEqual([16, 8]);
    expect(complaints).toEqual([]);
  });

  it('leaves nothing when a file is damaged, and says it', async () => {
    const share = await storage.share({ files: [rampImage('a'), rampImage('b')] });
    await storage.remove(share.objects[2]!);
    const { page } = await open(share);
    await shown(page);
    let downloads = 0;
    page.on('download', () => (downloads += 1));
    await page.getByRole('button', { name: 'Save all (zip)' }).click();
    await page.locator('.save-says').getByText('This is no longer there').waitFor();
    expect(downloads).toBe(0);
  });

  it('keeps what is not shown: a video is not fetched to look at, but can be saved', async () => {
    const video = { ...rampImage('video'), transferSyntaxUid: '1.2.840.10008.1.2.4.102' };
    const { page, requests } = await openShare({ files: [video] });
    await page.locator('.stage').getByRole('alert').getByText('Videos').waitFor();
    expect(requests.filter((address) => address.endsWith('000001.cms'))).toEqual([]);
    expect((await savedBy(page, 'Save this DICOM file')).bytes.equals(video.bytes)).toBe(true);
  });
});
