import { randomBytes } from 'node:crypto';
import { StorageSharedKeyCredential } from '@azure/storage-blob';
import { describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { Secret } from '../system/secret.ts';
import { parseConnectionString } from './azure-connection.ts';

const key = randomBytes(64).toString('base64');
const parse = (text: string): ReturnType<typeof parseConnectionString> =>
  parseConnectionString(Secret.fromText(text));

describe('an Azure connection string', () => {
  it('as the portal gives it names the account over https', () => {
    const account = parse(
      `DefaultEndpointsProtocol=https;AccountName=clinic1;AccountKey=${key};EndpointSuffix=core.windows.net`,
    );
    expect(account.url).toBe('https://clinic1.blob.core.windows.net');
    expect(account.credential).toBeInstanceOf(StorageSharedKeyCredential);
    expect(account.sas).toBe('');
  });

  it('may name an endpoint of its own, in any order and with spaces around', () => {
    const account = parse(` BlobEndpoint=http://127.0.0.1:10000/acc/;AccountKey=${key};AccountName=acc; `);
    expect(account.url).toBe('http://127.0.0.1:10000/acc');
  });

  it('may hold a shared access signature instead of a key', () => {
    const account = parse(
      'BlobEndpoint=https://x.blob.core.windows.net/;SharedAccessSignature=?sv=1&sig=a%3D',
    );
    expect(account).toMatchObject({ url: 'https://x.blob.core.windows.net', sas: 'sv=1&sig=a%3D' });
  });

  it('may be the short form for the emulator', () => {
    expect(parse('UseDevelopmentStorage=true').url).toContain('127.0.0.1');
  });

  it.each(['127.0.0.1:10000', '127.8.9.1', 'localhost:10000', '[::1]:10000'])(
    'may name this PC itself over plain http (%s)',
    (host) => {
      const account = parse(`BlobEndpoint=http://${host}/acc;AccountName=acc;AccountKey=${key}`);
      expect(account.url).toBe(`http://${host}/acc`);
    },
  );

  it.each([
    'BlobEndpoint=http://storage.example/acc',
    'BlobEndpoint=http://192.168.1.7:10000/acc',
    'BlobEndpoint=http://127.0.0.1.example/acc',
    'BlobEndpoint=http://localhost.example/acc',
    'BlobEndpoint=http://[::2]/acc',
    'DefaultEndpointsProtocol=http',
  ])('never names another machine over plain http (%s)', (endpoint) => {
    for (const access of [
      `AccountName=acc;AccountKey=${key}`,
      'AccountName=acc;SharedAccessSignature=sv=1',
    ]) {
      expect(() => parse(`${endpoint};${access}`)).toThrow(
        expect.objectContaining({
          code: 'cloud-secret-malformed',
          detail: expect.stringContaining('plain http is only for this PC') as string,
        }),
      );
    }
  });

  const secret = 'Zm9yYmlkZGVu';
  it.each([
    ['nothing', ''],
    ['no pairs', secret],
    ['no account', `AccountKey=${secret}`],
    ['no key', 'AccountName=clinic1'],
    ['a key that is not base64', `AccountName=clinic1;AccountKey=${secret}!`],
    ['a key that was cut', `AccountName=clinic1;AccountKey=${secret}x`],
    ['an endpoint that is no address', `AccountName=clinic1;AccountKey=${secret};BlobEndpoint=nowhere`],
    ['an endpoint of another kind', `AccountName=clinic1;AccountKey=${secret};BlobEndpoint=ftp://x/`],
    ['a password in the endpoint', `AccountKey=${secret};BlobEndpoint=https://u:${secret}@x/`],
    ['a host in the account name', `AccountName=evil.example/x;AccountKey=${secret}`],
    ['far too much', `AccountName=${secret.repeat(1000)}`],
  ])('with %s is refused without being shown', (_name, text) => {
    try {
      parse(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(EdgeSyncError);
      expect((error as EdgeSyncError).code).toBe('cloud-secret-malformed');
      expect(`${(error as Error).message}${(error as Error).stack ?? ''}`).not.toContain(secret);
      expect((error as Error).cause).toBeUndefined();
    }
  });
});
