import { randomBytes } from 'node:crypto';
import {
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { startAzurite } from '../../../../test/support/azurite.ts';
import { SystemClock } from '../system/clock.ts';
import { Secret } from '../system/secret.ts';
import { azureAccount, parseSasUrl, type ServicePrincipal } from './azure-account.ts';
import { AzureStore } from './azure-store.ts';

const sas = 'sv=2024-11-04&sr=c&sp=rcwl&se=2030-01-01T00:00:00Z&sig=c2VjcmV0';

function refusal(work: () => unknown): EdgeSyncError {
  try {
    work();
  } catch (error) {
    if (error instanceof EdgeSyncError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('the address of a container with a shared access signature', () => {
  it('is read as the portal gives it, for the container or for the account', () => {
    for (const url of [
      `https://clinic.blob.core.windows.net/images?${sas}`,
      `https://clinic.blob.core.windows.net/?${sas}`,
    ]) {
      expect(parseSasUrl(Secret.fromText(` ${url}\n`), 'images')).toMatchObject({
        url: 'https://clinic.blob.core.windows.net',
        sas,
        signIn: 'sas',
      });
    }
    expect(parseSasUrl(Secret.fromText(`http://127.0.0.1:10000/account/images?${sas}`), 'images').url).toBe(
      'http://127.0.0.1:10000/account',
    );
  });

  it.each([
    ['not an address', 'hello'],
    ['plain http', `http://clinic.blob.core.windows.net/images?${sas}`],
    ['no signature', 'https://clinic.blob.core.windows.net/images?sp=r'],
    ['another container', `https://clinic.blob.core.windows.net/other?${sas}`],
    ['an object', `https://clinic.blob.core.windows.net/images/one?${sas}`],
    ['a user in it', `https://me:you@clinic.blob.core.windows.net/images?${sas}`],
    ['too long', `https://clinic.blob.core.windows.net/images?${sas}&x=${'x'.repeat(9000)}`],
  ])('is refused with %s, and the signature is not shown', (_name, url) => {
    const error = refusal(() => parseSasUrl(Secret.fromText(url), 'images'));
    expect(error.code).toBe('cloud-secret-malformed');
    expect(error.message).not.toContain('c2VjcmV0');
  });
});

describe('a service principal of Entra', () => {
  const settings = {
    auth: 'service-principal' as const,
    container: 'images',
    tenantId: 'tenant.example',
    clientId: '11111111-2222-3333-4444-555555555555',
  };

  it.each([
    ['https://clinic.blob.core.windows.net/', 'https://login.microsoftonline.com'],
    ['https://clinic.blob.core.usgovcloudapi.net', 'https://login.microsoftonline.us'],
    ['https://clinic.blob.core.chinacloudapi.cn', 'https://login.chinacloudapi.cn'],
  ])('asks for tokens for %s at its own directory', (endpoint, authorityHost) => {
    const asked: ServicePrincipal[] = [];
    const account = azureAccount(
      { ...settings, endpoint },
      Secret.fromText('a client secret'.replaceAll(' ', '-')),
      (principal) => {
        asked.push(principal);
        return { getToken: () => Promise.resolve({ token: 't', expiresOnTimestamp: 0 }) };
      },
    );
    expect(asked).toEqual([
      {
        tenantId: settings.tenantId,
        clientId: settings.clientId,
        clientSecret: 'a-client-secret',
        authorityHost,
      },
    ]);
    expect(account).toMatchObject({ url: endpoint.replace(/\/$/, ''), sas: '', signIn: 'entra' });
  });

  it('is refused when its secret is no single line of text', () => {
    const endpoint = 'https://clinic.blob.core.windows.net';
    for (const text of ['', 'two words', 'short']) {
      expect(refusal(() => azureAccount({ ...settings, endpoint }, Secret.fromText(text))).code).toBe(
        'cloud-secret-malformed',
      );
    }
  });
});

describe('a container reached by its address with a shared access signature', () => {
  it('takes and gives objects small and large with the letters rcwl, and does no more with them', async () => {
    const azurite = await startAzurite();
    try {
      const container = await azurite.makeContainer();
      const key = new StorageSharedKeyCredential(azurite.accountName, azurite.accountKey);
      const query = generateBlobSASQueryParameters(
        {
          containerName: container,
          permissions: ContainerSASPermissions.parse('rcwl'),
          expiresOn: new Date(Date.now() + 90 * 24 * 60 * 60_000),
        },
        key,
      ).toString();
      const url = `http://127.0.0.1:${azurite.port}/${azurite.accountName}/${container}?${query}`;
      const account = azureAccount({ auth: 'sas-url', container }, Secret.fromText(url));
      const store = new AzureStore({ account, container, prefix: 'p', clock: new SystemClock() });
      await store.check();
      for (const sizeBytes of [1000, 9 * 1024 * 1024]) {
        const bytes = randomBytes(sizeBytes);
        const source = {
          sizeBytes,
          async *read() {
            await Promise.resolve();
            yield bytes;
          },
        };
        const name = `objects/aa/${sizeBytes}.cms`;
        expect((await store.putIfAbsent(name, source)).tag).toBe('created');
        expect((await store.putIfAbsent(name, source)).tag).toBe('exists');
        const chunks: Buffer[] = [];
        for await (const chunk of store.read(name)) chunks.push(chunk);
        expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
      }
      const told = (await store.inspect()).map(({ level, text }) => `${level}: ${text}`).join('\n');
      expect(told).toMatch(/^warning: The credential can overwrite objects/);
      expect(told).not.toMatch(/delete/);
      await store.close();
    } finally {
      await azurite.stop();
    }
  });
});
