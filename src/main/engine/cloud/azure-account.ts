import { AnonymousCredential } from '@azure/storage-blob';
import type { TokenCredential } from '@azure/identity';
import { assertNever } from '../../../shared/assert-never.ts';
import { isThisPc, type AzureDestinationSettings } from '../../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Secret } from '../system/secret.ts';
import { entraUserTokens, type EntraApp, type KeepSignIn } from './entra-sign-in.ts';
import { parseConnectionString, type AzureAccount } from './azure-connection.ts';
import { direct, type Outgoing } from './outgoing.ts';

const maxSecretBytes = 8192;

export interface ServicePrincipal {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where tokens are asked for. */
  readonly authorityHost: string;
}

/** Makes the source of tokens; a port, so that it can be another one in tests. */
export type TokenSource = (principal: ServicePrincipal) => TokenCredential;

/**
 * The account of a destination, by what its credential is.
 * @throws EdgeSyncError `cloud-secret-malformed`; its detail says which part is wrong and never shows a value.
 */
export function azureAccount(
  settings: EntraSettings & Pick<AzureDestinationSettings, 'auth' | 'container'>,
  secret: Secret,
  tokens: TokenSource = entraTokensThrough(direct),
  signIn: { readonly outgoing: Outgoing; readonly keep?: KeepSignIn } = { outgoing: direct },
): AzureAccount {
  switch (settings.auth) {
    case 'connection-string':
      return parseConnectionString(secret);
    case 'sas-url':
      return parseSasUrl(secret, settings.container);
    case 'service-principal': {
      const { url, tenantId, clientId, authorityHost } = entraApp(settings);
      if (secret.sizeBytes > maxSecretBytes) throw malformed('it is too long');
      const clientSecret = secret.revealText().trim();
      if (!/^[\x21-\x7e]{8,1024}$/.test(clientSecret)) throw malformed('a client secret is one line of text');
      const credential = tokens({ tenantId, clientId, clientSecret, authorityHost });
      return { url, credential, sas: '', signIn: 'entra' };
    }
    case 'device-code': {
      const app = entraApp(settings);
      const credential = entraUserTokens(app, secret, signIn.outgoing, signIn.keep);
      return { url: app.url, credential, sas: '', signIn: 'entra' };
    }
    default:
      return assertNever(settings.auth);
  }
}

/**
 * Reads `https://ACCOUNT.blob.core.windows.net/CONTAINER?sv=...&sig=...`, as the portal gives it for a container (or,
 * without the container, for the account).
 * @throws EdgeSyncError `cloud-secret-malformed`.
 */
export function parseSasUrl(secret: Secret, container: string): AzureAccount {
  if (secret.sizeBytes > maxSecretBytes) throw malformed('it is too long');
  const text = secret.revealText().trim();
  if (!URL.canParse(text)) throw malformed('it is not an address');
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isThisPc(url.hostname))) {
    throw malformed('the address needs https: plain http is only for this PC');
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw malformed('the address holds more than it should');
  }
  if (!url.searchParams.has('sig')) throw malformed('there is no signature (sig) in the address');
  const parts = url.pathname.split('/').filter((part) => part !== '');
  // An emulator has the account in its path.
  const account = isThisPc(url.hostname) ? parts.slice(0, 1) : [];
  const [named, ...more] = parts.slice(account.length);
  if (more.length > 0) throw malformed('the address is not that of a container');
  if (named !== undefined && named !== container) {
    throw malformed('the address is that of another container than the one in the settings');
  }
  const base = [url.origin, ...account].join('/');
  return { url: base, credential: new AnonymousCredential(), sas: url.search.slice(1), signIn: 'sas' };
}

export type EntraSettings = Pick<
  AzureDestinationSettings,
  'endpoint' | 'tenantId' | 'clientId' | 'authorityHost'
>;

/** The app and the account of a destination that signs in to Entra. @throws EdgeSyncError `config-bad-value`. */
export function entraApp(settings: EntraSettings): EntraApp & { readonly url: string } {
  const { endpoint, tenantId, clientId, authorityHost } = settings;
  if (endpoint === undefined || tenantId === undefined || clientId === undefined) {
    throw new EdgeSyncError('config-bad-value', 'Entra needs endpoint, tenantId and clientId');
  }
  const url = endpoint.replace(/\/+$/, '');
  return {
    url,
    tenantId,
    clientId,
    authorityHost: authorityHost?.replace(/\/+$/, '') ?? authorityOf(new URL(url).hostname),
    authority: authorityHost === undefined ? 'known' : 'own',
  };
}

/** Clouds that a country keeps for itself have directories of their own. */
function authorityOf(host: string): string {
  if (host.endsWith('.chinacloudapi.cn')) return 'https://login.chinacloudapi.cn';
  if (host.endsWith('.usgovcloudapi.net')) return 'https://login.microsoftonline.us';
  return 'https://login.microsoftonline.com';
}

/** Tokens of Entra by the vendor's library, which is loaded when the first one is asked for. */
export function entraTokensThrough(outgoing: Outgoing): TokenSource {
  return ({ tenantId, clientId, clientSecret, authorityHost }) => {
    let credential: Promise<TokenCredential> | undefined;
    return {
      getToken: async (scopes, options) => {
        credential ??= import('@azure/identity').then(
          ({ ClientSecretCredential }) =>
            new ClientSecretCredential(tenantId, clientId, clientSecret, {
              authorityHost,
              retryOptions: { maxRetries: 0 },
              additionalPolicies: [
                {
                  position: 'perRetry',
                  policy: {
                    name: 'ownConnections',
                    sendRequest: (request, next) => {
                      const agent = outgoing(request.url);
                      request.agent = agent;
                      return next(request).finally(() => agent.destroy());
                    },
                  },
                },
              ],
            }),
        );
        return (await credential).getToken(scopes, options);
      },
    };
  };
}

function malformed(problem: string): EdgeSyncError {
  return new EdgeSyncError('cloud-secret-malformed', problem);
}
