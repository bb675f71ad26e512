import { AnonymousCredential, BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { TokenCredential } from '@azure/identity';
import { isThisPc } from '../../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Secret } from '../system/secret.ts';

export interface AzureAccount {
  /** Blob endpoint without a slash at its end. */
  readonly url: string;
  readonly credential: StorageSharedKeyCredential | AnonymousCredential | TokenCredential;
  /** Query string of a shared access signature, without the question mark; empty with an account key. */
  readonly sas: string;
  readonly signIn: 'account-key' | 'sas' | 'entra';
}

const maxConnectionBytes = 8192;
const emulatorShortcut = /^usedevelopmentstorage=true;?$/i;

/**
 * Reads an Azure Storage connection string (`Name=value` pairs parted by semicolons) with an account key or a shared
 * access signature. Plain http is taken only for loopback (an emulator): over it a shared access signature would travel
 * in clear.
 * @throws EdgeSyncError `cloud-secret-malformed`; its detail says which part is wrong and never shows a value.
 */
export function parseConnectionString(connection: Secret): AzureAccount {
  if (connection.sizeBytes > maxConnectionBytes) throw malformed('it is too long');
  const text = connection.revealText().trim();
  if (emulatorShortcut.test(text)) return emulatorAccount(text);
  const parts = pairs(text);
  const url = endpoint(parts);
  const sas = parts.get('sharedaccesssignature');
  if (sas !== undefined) {
    return { url, credential: new AnonymousCredential(), sas: sas.replace(/^\?/, ''), signIn: 'sas' };
  }
  const name = parts.get('accountname');
  const key = parts.get('accountkey');
  if (name === undefined || name === '') throw malformed('AccountName is missing');
  if (key === undefined || key === '') throw malformed('AccountKey is missing');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key) || key.length % 4 !== 0)
    throw malformed('AccountKey is not base64');
  return { url, credential: new StorageSharedKeyCredential(name, key), sas: '', signIn: 'account-key' };
}

/** The emulator's public account, as the vendor's own library knows it. */
function emulatorAccount(text: string): AzureAccount {
  const client = BlobServiceClient.fromConnectionString(text);
  if (!(client.credential instanceof StorageSharedKeyCredential)) throw malformed('it names no account');
  return { url: withoutSlash(client.url), credential: client.credential, sas: '', signIn: 'account-key' };
}

function pairs(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const equals = part.indexOf('=');
    if (equals <= 0) throw malformed('a part has no "="');
    found.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  if (found.size === 0) throw malformed('it is empty');
  return found;
}

function endpoint(parts: ReadonlyMap<string, string>): string {
  const given = parts.get('blobendpoint');
  if (given !== undefined) return checkedUrl(given, 'BlobEndpoint');
  const name = parts.get('accountname');
  if (name === undefined || !/^[a-z0-9]{3,24}$/.test(name)) throw malformed('AccountName is missing or odd');
  const protocol = parts.get('defaultendpointsprotocol') ?? 'https';
  const suffix = parts.get('endpointsuffix') ?? 'core.windows.net';
  return checkedUrl(`${protocol}://${name}.blob.${suffix}`, 'the endpoint');
}

function checkedUrl(text: string, part: string): string {
  if (!URL.canParse(text)) throw malformed(`${part} is not an address`);
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw malformed(`${part} is not http or https`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw malformed(`${part} holds more than an address`);
  }
  if (url.protocol === 'http:' && !isThisPc(url.hostname)) {
    throw malformed(`${part} needs https: plain http is only for this PC`);
  }
  return withoutSlash(url.href);
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url;
}

function malformed(problem: string): EdgeSyncError {
  return new EdgeSyncError('cloud-secret-malformed', problem);
}
