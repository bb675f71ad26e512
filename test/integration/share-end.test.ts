/** How shares end: revoked, expired, cancelled, broken off; and that nothing of them is left. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../src/shared/errors.ts';
import type { ShareStore } from '../../src/main/engine/cloud/share-store.ts';
import { AzureShareStore } from '../../src/main/engine/cloud/azure-share-store.ts';
import type { Sharing } from '../../src/main/engine/share/sharing.ts';
import { Secret } from '../../src/main/engine/system/secret.ts';
import { download, openLink, readLink } from '../support/share-reader.ts';
import { hourMs, ShareRig } from '../support/share-rig.ts';
import { azureStore, testImage } from '../support/upload-rig.ts';

const never = new AbortController().signal;
const study = '1.2.826.1.1';

let rig: ShareRig;

beforeEach(async () => {
  rig = await ShareRig.open();
  for (const name of ['a', 'b', 'c', 'd']) await rig.archive.receive(testImage(name));
});
afterEach(() => rig.dispose());

async function share(sharing: Sharing, signal = never, onDone = (_done: number): void => undefined) {
  const request = { studyInstanceUid: study, lifetimeMs: hourMs, passcode: undefined };
  const made = await sharing.createLink(request, 'local-socket', ({ done }) => onDone(done), signal);
  return { shareId: made.shareId, link: made.link.revealText() };
}

/** The share place with some methods of its own. */
function withPlace(changes: (store: ShareStore) => Partial<ShareStore>): () => Promise<ShareStore> {
  return async () => {
    const store = await rig.place();
    const changed = changes(store);
    return new Proxy(store, {
      get: (target, name) => {
        const own: unknown = Reflect.get(changed, name) ?? Reflect.get(target, name);
        return typeof own === 'function' ? (own.bind(target) as unknown) : own;
      },
    });
  };
}

const actionsOf = (shareId: string): readonly string[] =>
  rig.archive.queue.shares
    .all()
    .filter((one) => one.shareId === shareId)
    .flatMap(({ events }) => events.map(({ action, actor }) => `${action} ${actor}`));

describe('a share that is revoked', () => {
  it('is gone from the cloud: its link opens no more, others do', async () => {
    const sharing = rig.sharing();
    const [mine, other] = [await share(sharing), await share(sharing)];
    await openLink(mine.link);
    expect(await sharing.revoke(mine.shareId, 'web')).toEqual({ revoked: 1, failed: 0 });
    await expect(download(readLink(mine.link).indexUrl)).rejects.toThrow('status 404');
    expect((await rig.names()).filter((name) => name.includes(mine.shareId))).toEqual([]);
    expect((await openLink(other.link)).files).toHaveLength(4);
    expect(sharing.list().map(({ share: { shareId }, state }) => [shareId, state])).toEqual([
      [other.shareId, 'active'],
      [mine.shareId, 'revoked'],
    ]);
    expect(actionsOf(mine.shareId)).toEqual([
      'begun local-socket',
      'created local-socket',
      'revoked web',
      'deleted engine',
    ]);
    expect(rig.audited.map(({ action, actor, subject }) => [action, actor, subject])).toContainEqual([
      'share-revoked',
      'web',
      mine.shareId,
    ]);
  });

  it('with all others leaves the container empty; a second time there is nothing to do', async () => {
    const sharing = rig.sharing();
    await share(sharing);
    await share(sharing);
    expect(await sharing.revoke(null, 'web')).toEqual({ revoked: 2, failed: 0 });
    expect(await rig.names()).toEqual([]);
    expect(await sharing.revoke(null, 'web')).toEqual({ revoked: 0, failed: 0 });
  });

  it('while it is still being made does not come about', async () => {
    const sharing = rig.sharing();
    const revoked = Promise.withResolvers<{ readonly revoked: number; readonly failed: number }>();
    const made = share(sharing, never, (done) => {
      if (done === 2) sharing.revoke(null, 'web').then(revoked.resolve, revoked.reject);
    });
    await expect(made).rejects.toMatchObject({ code: 'cancelled' });
    expect(await revoked.promise).toEqual({ revoked: 1, failed: 0 });
    expect(await rig.names()).toEqual([]);
    expect(sharing.list()[0]?.state).toBe('revoked');
  });

  it('and is not known is said so', async () => {
    await expect(rig.sharing().revoke('ab'.repeat(16), 'web')).rejects.toMatchObject({
      code: 'share-unknown',
    });
  });

  it('while the cloud refuses is an incident, and goes once it can be', async () => {
    let refuses = true;
    const sharing = rig.sharing({
      openPlace: withPlace((store) => ({
        remove: (shareId, signal) =>
          refuses ? Promise.reject(new EdgeSyncError('cloud-unreachable')) : store.remove(shareId, signal),
      })),
    });
    const { shareId, link } = await share(sharing);
    expect(await sharing.revoke(shareId, 'web')).toEqual({ revoked: 0, failed: 1 });
    expect(sharing.list()[0]?.state).toBe('ending');
    expect(rig.incidents).toMatchObject([{ code: 'share-not-deleted', subject: shareId }]);
    refuses = false;
    expect(await sharing.revoke(shareId, 'web')).toEqual({ revoked: 1, failed: 0 });
    expect(rig.resolved).toEqual([shareId]);
    await expect(download(readLink(link).indexUrl)).rejects.toThrow('status 404');
    expect(actionsOf(shareId).filter((action) => action.startsWith('revoked'))).toEqual(['revoked web']);
  });
});

describe('a share that expires', () => {
  it('is deleted by the round after it, not before, and marked', async () => {
    let aheadMs = 0;
    const { clock } = rig.archive;
    const sharing = rig.sharing({
      clock: {
        nowMs: () => clock.nowMs() + aheadMs,
        monotonicMs: () => clock.monotonicMs() + aheadMs,
        sleep: (ms, signal) => clock.sleep(ms, signal),
        after: (ms, task) => clock.after(ms, task),
      },
    });
    const { shareId } = await share(sharing);
    aheadMs = hourMs - 60_000;
    await sharing.round(never);
    expect(await rig.names()).toHaveLength(5);
    aheadMs = hourMs;
    await sharing.round(never);
    expect(await rig.names()).toEqual([]);
    expect(sharing.list()[0]?.state).toBe('expired');
    expect(actionsOf(shareId).slice(2)).toEqual(['expired engine', 'deleted engine']);
    expect(rig.audited.at(-1)).toMatchObject({ action: 'share-expired', subject: shareId });
  });
});

describe('a share that does not come about', () => {
  it('because it was cancelled leaves nothing in the cloud', async () => {
    const cancel = new AbortController();
    const sharing = rig.sharing();
    const made = share(sharing, cancel.signal, (done) => {
      if (done === 2) cancel.abort(new EdgeSyncError('cancelled'));
    });
    await expect(made).rejects.toMatchObject({ code: 'cancelled' });
    expect(await rig.names()).toEqual([]);
    expect(sharing.list()[0]?.state).toBe('cancelled');
  });

  it('because an image is damaged everywhere leaves nothing, and says which kind of damage', async () => {
    const image = testImage('damaged');
    const sealed = randomBytes(3000);
    await rig.archive.receive(image, sealed);
    const sharing = rig.sharing();
    await expect(share(sharing)).rejects.toMatchObject({ code: 'object-format' });
    expect(await rig.names()).toEqual([]);
    expect(rig.audited.at(-1)).toMatchObject({ action: 'share-created', outcome: 'failure' });
  });

  it('because the index could not be put leaves nothing', async () => {
    const sharing = rig.sharing({
      openPlace: withPlace((store) => ({
        put: (name, source, signal) =>
          name.endsWith('index.cms')
            ? Promise.reject(new EdgeSyncError('cloud-refused'))
            : store.put(name, source, signal),
      })),
    });
    await expect(share(sharing)).rejects.toMatchObject({ code: 'cloud-refused' });
    expect(await rig.names()).toEqual([]);
  });

  it('because the process died is deleted by the next one', async () => {
    const hung = Promise.withResolvers<never>();
    const dying = rig.sharing({
      openPlace: withPlace((store) => ({
        put: (name, source, signal) =>
          name.endsWith('000003.cms') ? hung.promise : store.put(name, source, signal),
      })),
    });
    const gone = share(dying).catch(() => undefined);
    await rig.archive.until(() => rig.archive.queue.shares.all().length === 1);
    for (let tries = 0; (await rig.names()).length < 3 && tries < 200; tries += 1)
      await rig.archive.clock.sleep(25);
    expect(await rig.names()).toHaveLength(3);
    const next = rig.sharing();
    await next.round(never);
    expect(await rig.names()).toEqual([]);
    expect(next.list()[0]?.state).toBe('cancelled');
    hung.reject(new EdgeSyncError('cancelled'));
    await gone;
  });

  it('because the process died leaves no sealed draft on the disk, and no folder that is being prepared for ever', async () => {
    const { shares } = rig.archive.queue;
    const drafts = join(rig.archive.dir, 'share-drafts');
    await mkdir(drafts, { recursive: true });
    await writeFile(join(drafts, 'left.tmp'), 'sealed');
    shares.begin(
      {
        ...{ shareId: 'ab'.repeat(16), kind: 'folder', expiresAtMs: null, studyInstanceUid: study },
        ...{ patientName: '', studyDate: '', studyDescription: '', recipient: 'CN=x' },
        ...{ recipientFingerprint: '00', passcode: 'none', place: '/nowhere' },
      },
      'local-socket',
    );
    const next = rig.sharing();
    await next.round(never);
    expect(await readdir(rig.archive.dir)).not.toContain('share-drafts');
    expect(next.list()[0]?.state).toBe('cancelled');
  });

  it('because its time was over before it was there is not given out', async () => {
    let aheadMs = 0;
    const { clock } = rig.archive;
    const sharing = rig.sharing({
      clock: {
        nowMs: () => clock.nowMs() + aheadMs,
        monotonicMs: () => clock.monotonicMs(),
        sleep: (ms, signal) => clock.sleep(ms, signal),
        after: (ms, task) => clock.after(ms, task),
      },
    });
    const made = share(sharing, never, (done) => {
      if (done === 4) aheadMs = 2 * hourMs;
    });
    await expect(made).rejects.toMatchObject({ code: 'share-expiry-not-allowed' });
    expect(await rig.names()).toEqual([]);
  });

  it('because browsers may not read there is refused at once', async () => {
    const sharing = rig.sharing({
      openPlace: withPlace(() => ({ browserAccess: () => Promise.resolve('refused' as const) })),
    });
    await expect(share(sharing)).rejects.toMatchObject({ code: 'share-browsers-refused' });
    expect(await rig.names()).toEqual([]);
  });
});

describe('the images of a share', () => {
  it('come from the cloud where the local copy is gone or damaged', async () => {
    const stage = rig.archive.stage(() =>
      Promise.resolve(azureStore(rig.cloud.connectionString(), rig.archiveContainer)),
    );
    stage.start();
    await rig.archive.untilVerified(4);
    for await (const { id } of rig.archive.spool.list()) await rig.archive.spool.remove(id);
    const { link } = await share(rig.sharing());
    expect((await openLink(link)).files).toHaveLength(4);
  });
});

describe('the credential of the shares', () => {
  it('reaches nothing of the archive’s account', async () => {
    await azureStore(rig.cloud.connectionString(), rig.archiveContainer).check();
    const own = Secret.fromText(rig.cloud.connectionString(undefined, 'second account'));
    // The archive's address with the key of the shares.
    const [, key = ''] = /AccountKey=([^;]+)/.exec(own.revealText()) ?? [];
    const forged = rig.cloud.connectionString().replace(/AccountKey=[^;]+/, `AccountKey=${key}`);
    const thief = new AzureShareStore({
      connectionString: Secret.fromText(forged),
      container: rig.archiveContainer,
      prefix: '',
      clock: rig.archive.clock,
    });
    const validity = { fromMs: 0, untilMs: rig.archive.clock.nowMs() + hourMs };
    await expect(thief.remove('ab'.repeat(16))).rejects.toMatchObject({ code: 'cloud-auth' });
    await expect(download(thief.sign('checks/write', validity))).rejects.toThrow('status 403');
    await thief.close();
  });

  it('without an account key is refused: it could sign nothing', () => {
    const sas = `BlobEndpoint=https://clinic.blob.core.windows.net;SharedAccessSignature=sv=2024&sig=x`;
    expect(
      () =>
        new AzureShareStore({
          connectionString: Secret.fromText(sas),
          container: 'shares',
          prefix: '',
          clock: rig.archive.clock,
        }),
    ).toThrow('cannot sign');
  });

  it('signs addresses that are good over https alone, but for this PC', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    const place = new AzureShareStore({
      connectionString: Secret.fromText(`AccountName=clinic;AccountKey=${key}`),
      container: 'shares',
      prefix: 'given',
      clock: rig.archive.clock,
    });
    const url = new URL(place.sign('ab/index.cms', { fromMs: 0, untilMs: 3_600_000 }));
    expect(url.origin + url.pathname).toBe('https://clinic.blob.core.windows.net/shares/given/ab/index.cms');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      sp: 'r',
      sr: 'b',
      spr: 'https',
      st: '1970-01-01T00:00:00Z',
      se: '1970-01-01T01:00:00Z',
    });
  });
});
