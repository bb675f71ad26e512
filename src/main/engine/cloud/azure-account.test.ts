import { describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { Secret } from '../system/secret.ts';
import { azureAccount, parseSasUrl, type ServicePrincipal } from './azure-account.ts';

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
