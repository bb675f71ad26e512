import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../system/clock.ts';
import { Secret } from '../system/secret.ts';
import { startS3Server, type Lacks, type S3Server } from '../../../../test/support/s3-server.ts';
import { startAzurite } from '../../../../test/support/azurite.ts';
import { signatureFindings } from './azure-privileges.ts';
import { AzureStore } from './azure-store.ts';
import { S3Store } from './s3-store.ts';

const nowMs = Date.UTC(2026, 0, 1);
const kept = { tag: 'protected', how: 'versions-kept' } as const;
const open = { tag: 'unprotected', how: 'no-versions' } as const;
const later = 'se=2027-01-01T00:00:00Z&spr=https';

function warnings(sas: string, protection: typeof kept | typeof open = kept): readonly string[] {
  return signatureFindings(sas, protection, nowMs)
    .filter((one) => one.level === 'warning')
    .map((one) => one.text);
}

describe('a shared access signature', () => {
  it('with the letters that are needed gives no warning where versions are kept', () => {
    expect(warnings(`sp=rcwl&${later}`)).toEqual([]);
  });

  it('that can overwrite is warned of where nothing protects', () => {
    expect(warnings(`sp=rcwl&${later}`, open).join()).toMatch(/can overwrite objects and nothing protects/);
  });

  it('that can delete is warned of everywhere, by its letters', () => {
    const found = warnings(`sp=racwdxl&${later}`).join();
    expect(found).toMatch(/leave out d, x/);
    expect(warnings(`sp=rcwdl&${later}`, open).join()).toMatch(/delete and overwrite objects and nothing/);
  });

  it('that lacks something is told by its letter', () => {
    expect(warnings(`sp=rc&${later}`).join()).toMatch(/lacks Write \(w\).*lacks List \(l\)/);
  });

  it('that ends soon, has ended, or may go over plain http is told', () => {
    expect(warnings('sp=rcwl&se=2026-01-11T00:00:00Z&spr=https').join()).toMatch(/ends in 10 days/);
    expect(warnings('sp=rcwl&se=2025-12-01T00:00:00Z&spr=https').join()).toMatch(/has ended/);
    expect(warnings('sp=rcwl&se=2027-01-01T00:00:00Z&spr=https,http').join()).toMatch(/plain http/);
  });

  it('of a stored access policy is told to say nothing', () => {
    expect(
      signatureFindings('si=policy&sig=x', kept, nowMs)
        .map((one) => one.text)
        .join(),
    ).toMatch(/stored access policy/);
  });
});

describe('an account key', () => {
  it('is warned of, with what the container says about versions', async () => {
    const azurite = await startAzurite();
    try {
      const container = await azurite.makeContainer();
      const connectionString = Secret.fromText(azurite.connectionString());
      const store = new AzureStore({ connectionString, container, prefix: 'p', clock: new SystemClock() });
      await store.check();
      const found = await store.inspect();
      await store.close();
      expect(found[0]).toMatchObject({ level: 'warning' });
      expect(found[0]?.text).toMatch(/account key can do everything/);
      expect(found.map((one) => one.text).join()).toMatch(/nothing protects them.*no versions are kept/);
    } finally {
      await azurite.stop();
    }
  });
});

describe('an S3 credential', () => {
  let server: S3Server;

  beforeEach(async () => {
    server = await startS3Server();
  });
  afterEach(() => server.stop());

  function store(createOnly: 'by-service' | 'by-versioning' = 'by-service'): S3Store {
    return new S3Store({
      settings: {
        bucket: server.bucket,
        prefix: 'p',
        region: 'auto',
        endpoint: `http://127.0.0.1:${server.port}`,
        addressing: 'path',
        checksum: 'md5',
        createOnly,
      },
      credential: Secret.fromText(`${server.accessKeyId}:${server.secretAccessKey}`),
      clock: new SystemClock(),
    });
  }

  async function found(lacks: Partial<Lacks>): Promise<string> {
    server.behave(lacks);
    const one = store();
    await one.check();
    const before = [...server.objects.keys()];
    const findings = await one.inspect();
    await one.close();
    expect([...server.objects.keys()]).toEqual(before);
    return findings.map(({ level, text }) => `${level}: ${text}`).join('\n');
  }

  it('that can delete and overwrite is warned of where no versions are kept', async () => {
    expect(await found({})).toMatch(/^warning: .*delete and overwrite objects and nothing protects/);
  });

  it('that can do so where versions are kept is noted', async () => {
    expect(await found({ versioning: 'Enabled' })).toMatch(
      /^note: .*delete and overwrite objects, but older versions/,
    );
    expect(await found({ lock: 'COMPLIANCE' })).toMatch(/^note: .*object lock keeps every version/);
  });

  it('that can only add and read is praised', async () => {
    expect(await found({ mayDelete: false, mayOverwrite: false })).toMatch(/neither delete nor overwrite/);
  });

  it('at a service that ignores If-None-Match is refused, before anything of worth is sent', async () => {
    server.behave({ putCondition: true });
    const one = store();
    await expect(one.check()).rejects.toMatchObject({ code: 'cloud-overwrites' });
    await one.close();
  });

  it('at a service that ignores it for joined parts is refused when the first large object comes', async () => {
    server.behave({ joinCondition: true });
    const one = store();
    await one.check();
    const bytes = Buffer.alloc(9 * 1024 * 1024);
    const source = {
      sizeBytes: bytes.length,
      async *read() {
        await Promise.resolve();
        yield bytes;
      },
    };
    await expect(one.putIfAbsent('objects/aa/one.cms', source)).rejects.toMatchObject({
      code: 'cloud-overwrites',
    });
    expect([...server.objects.keys()]).toEqual(['p/checks/write']);
    await one.close();
  });

  it('at a service that checks no checksum is refused', async () => {
    server.behave({ checksums: true });
    const one = store();
    for (let time = 0; time < 2; time += 1) {
      await expect(one.check()).rejects.toMatchObject({ code: 'cloud-refused' });
    }
    await one.close();
  });

  it('at a service that overwrites is taken by versioning only where the bucket keeps versions', async () => {
    server.behave({ putCondition: true, joinCondition: true });
    const one = store('by-versioning');
    await expect(one.check()).rejects.toMatchObject({ code: 'cloud-overwrites' });
    server.behave({ versioning: 'Enabled' });
    await one.check();
    await one.close();
  });
});
