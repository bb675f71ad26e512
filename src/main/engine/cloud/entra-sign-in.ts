/**
 * A person's sign-in to Entra by device code (RFC 8628), through the vendor's library, and tokens from it afterwards. What
 * is kept of it is one secret: who signed in and the refresh token. Access tokens stay in memory.
 */
import type { DeviceCodeCredentialOptions, TokenCredential } from '@azure/identity';
import { z } from 'zod';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { Secret } from '../system/secret.ts';
import { mapEntraError, refusedBy, type DirectoryWord } from './entra-errors.ts';
import type { Outgoing } from './outgoing.ts';

const storageScope = 'https://storage.azure.com/.default';
/** A refresh token is one to two thousand characters. */
const maxKeptBytes = 24 * 1024;
/** Of an answer of the directory that is looked at for an error. */
const maxErrorChars = 64 * 1024;

export interface EntraApp {
  readonly tenantId: string;
  readonly clientId: string;
  readonly authorityHost: string;
  /** own: named in the settings, so nobody else is asked whether it is one. */
  readonly authority: 'known' | 'own';
}

export interface DeviceCode {
  /** What to enter, and where. */
  readonly code: string;
  readonly address: string;
}

/** Called with what has to be kept from now on, after a renewal gave other tokens. */
export type KeepSignIn = (kept: Secret) => Promise<void>;

const keptSchema = z.strictObject({
  version: z.literal(1),
  record: z.string().max(8192),
  cache: z.record(z.string(), z.unknown()),
});

/** What the library's cache plugin is given, as far as it matters here. */
interface CacheContext {
  readonly cacheHasChanged: boolean;
  readonly tokenCache: { serialize(): string; deserialize(cache: string): void };
}

/** The library's token cache, in memory. */
class TokenCache {
  text: string;
  onChange: () => void = () => undefined;

  constructor(text: string) {
    this.text = text;
  }

  readonly plugin = {
    beforeCacheAccess: (context: CacheContext): Promise<void> => {
      if (this.text !== '') context.tokenCache.deserialize(this.text);
      return Promise.resolve();
    },
    afterCacheAccess: (context: CacheContext): Promise<void> => {
      if (context.cacheHasChanged) {
        this.text = context.tokenCache.serialize();
        this.onChange();
      }
      return Promise.resolve();
    },
  };
}

/** For the credential that is being made: the library asks for its cache once, while it is constructed. */
let cacheForNext: TokenCache | undefined;
let isPluggedIn = false;

/** What the library's plugin hook gives; typed `unknown` there. */
interface PluginContext {
  readonly cachePluginControl: {
    setPersistence(provider: () => Promise<TokenCache['plugin']>): void;
  };
}

async function makeCredential(
  app: EntraApp,
  cache: TokenCache,
  outgoing: Outgoing,
  hear: (word: DirectoryWord) => void,
  options: Pick<DeviceCodeCredentialOptions, 'userPromptCallback' | 'authenticationRecord'>,
) {
  const { DeviceCodeCredential, useIdentityPlugin } = await import('@azure/identity');
  if (!isPluggedIn) {
    useIdentityPlugin((context) => {
      (context as PluginContext).cachePluginControl.setPersistence(() =>
        cacheForNext === undefined
          ? Promise.reject(new Error('no cache'))
          : Promise.resolve(cacheForNext.plugin),
      );
    });
    isPluggedIn = true;
  }
  cacheForNext = cache;
  try {
    return new DeviceCodeCredential({
      tenantId: app.tenantId,
      clientId: app.clientId,
      authorityHost: app.authorityHost,
      disableInstanceDiscovery: app.authority === 'own',
      disableAutomaticAuthentication: true,
      tokenCachePersistenceOptions: { enabled: true },
      retryOptions: { maxRetries: 0 },
      ...options,
      additionalPolicies: [
        {
          position: 'perRetry',
          policy: {
            name: 'ownConnections',
            sendRequest: async (request, next) => {
              const agent = outgoing(request.url);
              request.agent = agent;
              try {
                const response = await next(request);
                const body = response.bodyAsText ?? '';
                const isRefusal = response.status >= 400 && body.length <= maxErrorChars;
                hear((isRefusal ? refusedBy(response.status, body) : undefined) ?? { tag: 'none' });
                return response;
              } catch (error) {
                hear({ tag: 'silent', error });
                throw error;
              } finally {
                agent.destroy();
              }
            },
          },
        },
      ],
    });
  } finally {
    cacheForNext = undefined;
  }
}

/**
 * Lets a person sign in: `onCode` gets what they have to enter and where. Resolves when they have done so, with what to
 * keep. @throws EdgeSyncError entra-*, cloud-*, proxy-refused, cancelled.
 */
export async function signInByDeviceCode(
  app: EntraApp,
  outgoing: Outgoing,
  onCode: (code: DeviceCode) => void,
  signal?: AbortSignal,
): Promise<Secret> {
  const cache = new TokenCache('');
  let heard: DirectoryWord = { tag: 'none' };
  const host = new URL(app.authorityHost).host;
  try {
    const { serializeAuthenticationRecord } = await import('@azure/identity');
    const credential = await makeCredential(app, cache, outgoing, (word) => (heard = word), {
      userPromptCallback: ({ userCode, verificationUri }) => onCode(shownCode(userCode, verificationUri)),
    });
    const record = await credential.authenticate(
      storageScope,
      signal === undefined ? {} : { abortSignal: signal },
    );
    if (record === undefined) throw new EdgeSyncError('entra-sign-in-ended');
    return keptOf(serializeAuthenticationRecord(record), cache.text);
  } catch (error) {
    if (signal?.aborted === true) throw new EdgeSyncError('cancelled', undefined, { cause: error });
    throw mapEntraError(error, heard, host);
  }
}

/**
 * Tokens of the person who signed in, renewed without them. `keep` gets what to keep after each renewal; that it could
 * not be kept does not hold up the upload: what was kept before works for weeks.
 * @throws EdgeSyncError `entra-sign-in-needed` when `kept` is no sign-in.
 */
export function entraUserTokens(
  app: EntraApp,
  kept: Secret,
  outgoing: Outgoing,
  keep: KeepSignIn = () => Promise.resolve(),
): TokenCredential {
  const { record, cache: cacheText } = readKept(kept);
  const cache = new TokenCache(cacheText);
  const host = new URL(app.authorityHost).host;
  let heard: DirectoryWord = { tag: 'none' };
  let keptText = kept.revealText();
  let isChanged = false;
  cache.onChange = () => (isChanged = true);
  let credential: ReturnType<typeof makeCredential> | undefined;
  const keepChange = async (): Promise<void> => {
    if (!isChanged) return;
    isChanged = false;
    const now = keptOf(record, cache.text);
    // An access token alone is nothing to keep.
    if (now.revealText() === keptText) return;
    await keep(now);
    keptText = now.revealText();
  };
  return {
    getToken: async (_scopes, options) => {
      try {
        credential ??= import('@azure/identity').then(({ deserializeAuthenticationRecord }) =>
          makeCredential(app, cache, outgoing, (word) => (heard = word), {
            authenticationRecord: deserializeAuthenticationRecord(record),
          }),
        );
        heard = { tag: 'none' };
        const { abortSignal } = options ?? {};
        const token = await (
          await credential
        ).getToken(storageScope, abortSignal === undefined ? {} : { abortSignal });
        await keepChange().catch(() => undefined);
        return token;
      } catch (error) {
        throw mapEntraError(error, heard, host);
      }
    },
  };
}

/** Is `other` a sign-in of the same person to the same application? Then one may take the other's place. */
export function isSameSignIn(kept: Secret, other: Secret): boolean {
  try {
    return readKept(kept).record === readKept(other).record;
  } catch {
    return false;
  }
}

/** Who signed in, for a person to see. */
export function signedInAs(kept: Secret): string {
  const parsed: unknown = JSON.parse(readKept(kept).record);
  const name: unknown =
    typeof parsed === 'object' && parsed !== null && 'username' in parsed ? parsed.username : '';
  return typeof name === 'string' && /^[^\p{Cc}]{1,200}$/u.test(name) ? name : '';
}

function readKept(kept: Secret): { readonly record: string; readonly cache: string } {
  if (kept.sizeBytes > maxKeptBytes) throw new EdgeSyncError('entra-sign-in-needed');
  try {
    const { record, cache } = keptSchema.parse(JSON.parse(kept.revealText()));
    return { record, cache: JSON.stringify(cache) };
  } catch (error) {
    throw new EdgeSyncError('entra-sign-in-needed', undefined, { cause: error });
  }
}

/** Account and refresh token; what only lives for an hour is left out. */
function keptOf(record: string, cacheText: string): Secret {
  const cache = z.record(z.string(), z.unknown()).parse(JSON.parse(cacheText === '' ? '{}' : cacheText));
  const { Account, RefreshToken, AppMetadata } = cache;
  return Secret.fromText(
    JSON.stringify({
      version: 1,
      record,
      cache: { Account: Account ?? {}, RefreshToken: RefreshToken ?? {}, AppMetadata: AppMetadata ?? {} },
    }),
  );
}

/** Both come from outside and go to a terminal. */
function shownCode(code: string, address: string): DeviceCode {
  const isFit = /^[A-Za-z0-9-]{4,20}$/.test(code) && URL.canParse(address) && address.length <= 200;
  if (!isFit || new URL(address).protocol !== 'https:') {
    throw new EdgeSyncError('entra-not-allowed', 'the directory gave no usable code');
  }
  return { code, address: new URL(address).href };
}
