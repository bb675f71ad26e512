import type http from 'node:http';
import { isIPv4 } from 'node:net';
import { ProxyAgent } from 'proxy-agent';
import { assertNever } from '../../../shared/assert-never.ts';
import { isThisPc } from '../../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { NetworkSettings } from '../../../shared/network-settings.ts';
import type { Clock, NetworkInterfaces } from '../ports.ts';
import { SystemClock } from '../system/clock.ts';
import { environmentProxy } from '../system/environment-proxy.ts';
import { SystemNetworkInterfaces } from '../system/network-interfaces.ts';
import { Secret } from '../system/secret.ts';
import { trustedAuthorities } from '../system/trusted-authorities.ts';
import { boundedAgentFor, StalledError, stallTimeoutMs } from './bounded-agent.ts';
import { chosenAgent } from './chosen-agent.ts';
import { PacScript } from './pac-script.ts';
import { TunnelAgent } from './tunnel-agent.ts';

/** Makes the connections to a service at this address; whoever asked for them destroys them. */
export type Outgoing = (url: string) => http.Agent;

/** What choosing by a script needs. */
export interface OutgoingParts {
  readonly clock: Clock;
  readonly interfaces: NetworkInterfaces;
}

/** Straight to the service. */
export const direct: Outgoing = (url) => boundedAgentFor(url);

/**
 * Connections as the settings want them.
 * @param credential USER:PASSWORD for the proxy, if it asks for one.
 * @param authorities PEM; who is trusted behind the proxy (and, with https, as the proxy).
 * @throws EdgeSyncError `cloud-secret-malformed`. Requests fail with proxy-script-unreadable or proxy-script-failed where a
 * PAC script is to choose and does not.
 */
export function outgoingFor(
  network: NetworkSettings,
  credential: Secret | undefined,
  authorities = trustedAuthorities(),
  parts: OutgoingParts = { clock: new SystemClock(), interfaces: new SystemNetworkInterfaces() },
): Outgoing {
  const { bypass } = network.proxy;
  const straight: Outgoing = (url) => boundedAgentFor(url, authorities);
  const through = throughProxy(network, credential, authorities, parts);
  if (through === undefined) return straight;
  return (url) => (isBypassed(new URL(url).hostname, bypass) ? straight(url) : through(url));
}

/** undefined: no proxy is set. */
function throughProxy(
  { proxy: { mode, address, pac } }: NetworkSettings,
  credential: Secret | undefined,
  authorities: readonly string[] | undefined,
  parts: OutgoingParts,
): Outgoing | undefined {
  // Looked at now, so that an odd one is told before anything is sent.
  if (credential !== undefined) withCredential('http://proxy', credential);
  switch (mode) {
    case 'none':
      return undefined;
    case 'manual':
      return address === undefined ? undefined : (url) => agentBy(address, credential, url, authorities);
    case 'system':
      return (url) => {
        const found = environmentProxy(url);
        if (found === undefined) return boundedAgentFor(url, authorities);
        const { address: bare, credential: own } = partsOf(found);
        return agentBy(bare, credential ?? own, url, authorities);
      };
    case 'pac': {
      if (pac === undefined) return undefined;
      const script = pacScript(pac, authorities, parts);
      return (url) => {
        const agents = new Map<string, http.Agent>();
        return chosenAgent(url, async () => {
          const way = await script.wayTo(url);
          const key = way.tag === 'direct' ? '' : way.proxy;
          const known = agents.get(key);
          if (known !== undefined) return known;
          const agent =
            way.tag === 'direct'
              ? boundedAgentFor(url, authorities)
              : agentBy(way.proxy, credential, url, authorities);
          agents.set(key, agent);
          return agent;
        });
      };
    }
    default:
      return assertNever(mode);
  }
}

/** By which proxy `url` is reached, without its credential; undefined: straight. Throws proxy-script-*. */
export async function proxyFor(
  { proxy }: NetworkSettings,
  url: string,
  authorities: readonly string[] | undefined,
  parts: OutgoingParts,
): Promise<string | undefined> {
  if (isBypassed(new URL(url).hostname, proxy.bypass)) return undefined;
  switch (proxy.mode) {
    case 'none':
      return undefined;
    case 'manual':
      return proxy.address;
    case 'system': {
      const found = environmentProxy(url);
      return found === undefined ? undefined : partsOf(found).address;
    }
    case 'pac': {
      if (proxy.pac === undefined) return undefined;
      const way = await pacScript(proxy.pac, authorities, parts).wayTo(url);
      return way.tag === 'direct' ? undefined : way.proxy;
    }
    default:
      return assertNever(proxy.mode);
  }
}

function pacScript(
  from: string,
  authorities: readonly string[] | undefined,
  parts: OutgoingParts,
): PacScript {
  const ownAddress = (): string =>
    parts.interfaces.list().find(({ address }) => isIPv4(address) && !address.startsWith('127.'))?.address ??
    '127.0.0.1';
  return new PacScript({ from, authorities, ownAddress, clock: parts.clock });
}

function agentBy(
  address: string,
  credential: Secret | undefined,
  url: string,
  authorities: readonly string[] | undefined,
): http.Agent {
  if (/^https?:/i.test(address) && url.startsWith('https:')) {
    return new TunnelAgent(new URL(address), credential?.revealText().trim(), authorities);
  }
  return new BoundedProxyAgent(withCredential(address, credential), url, authorities);
}

/** Environments hold the credential in the address. */
function partsOf(found: string): { readonly address: string; readonly credential: Secret | undefined } {
  const url = new URL(found);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { address: url.href, credential: username === '' ? undefined : Secret.fromText(text) };
}

/** True for this PC itself and for what `bypass` names: a host, or `.domain` for all hosts in it. */
export function isBypassed(host: string, bypass: readonly string[]): boolean {
  const name = host.toLowerCase();
  return (
    isThisPc(name) ||
    bypass.some((one) => {
      const entry = one.toLowerCase();
      return entry.startsWith('.') ? name.endsWith(entry) || name === entry.slice(1) : name === entry;
    })
  );
}

/** Connections through one proxy, each ended when nothing moves on it. */
class BoundedProxyAgent extends ProxyAgent {
  constructor(proxy: string, url: string, authorities: readonly string[] | undefined) {
    super({
      getProxyForUrl: () => proxy,
      // A tunnel is kept for further requests; a plain request has to be made out to the proxy each time.
      keepAlive: url.startsWith('https:'),
      maxSockets: 64,
      timeout: stallTimeoutMs,
      ...(authorities === undefined ? {} : { ca: [...authorities] }),
    });
  }

  override connect(
    request: Parameters<ProxyAgent['connect']>[0],
    options: Parameters<ProxyAgent['connect']>[1],
  ): ReturnType<ProxyAgent['connect']> {
    request.once('socket', (socket) => {
      if (socket.listenerCount('timeout') > 0) return;
      socket.setTimeout(stallTimeoutMs);
      socket.on('timeout', () => socket.destroy(new StalledError('nothing moved on the connection')));
    });
    return super.connect(request, options);
  }
}

function withCredential(address: string, credential: Secret | undefined): string {
  if (credential === undefined) return address;
  if (credential.sizeBytes > 1024) throw malformed();
  const text = credential.revealText().trim();
  const colon = text.indexOf(':');
  if (colon <= 0) throw malformed();
  const url = new URL(address);
  url.username = encodeURIComponent(text.slice(0, colon));
  url.password = encodeURIComponent(text.slice(colon + 1));
  return url.href;
}

function malformed(): EdgeSyncError {
  return new EdgeSyncError('cloud-secret-malformed', 'the credential of the proxy is USER:PASSWORD');
}
