import type http from 'node:http';
import { ProxyAgent } from 'proxy-agent';
import { isThisPc } from '../../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { NetworkSettings } from '../../../shared/network-settings.ts';
import type { Secret } from '../system/secret.ts';
import { trustedAuthorities } from '../system/trusted-authorities.ts';
import { boundedAgentFor, StalledError, stallTimeoutMs } from './bounded-agent.ts';
import { TunnelAgent } from './tunnel-agent.ts';

/** Makes the connections to a service at this address; whoever asked for them destroys them. */
export type Outgoing = (url: string) => http.Agent;

/** Straight to the service. */
export const direct: Outgoing = (url) => boundedAgentFor(url);

/**
 * Connections as the settings want them.
 * @param credential USER:PASSWORD for the proxy, if it asks for one.
 * @param authorities PEM; who is trusted behind the proxy (and, with https, as the proxy).
 * @throws EdgeSyncError `cloud-secret-malformed`.
 */
export function outgoingFor(
  network: NetworkSettings,
  credential: Secret | undefined,
  authorities = trustedAuthorities(),
): Outgoing {
  const { mode, address, bypass } = network.proxy;
  if (mode === 'none' || address === undefined) return direct;
  const proxy = withCredential(address, credential);
  const isHttpProxy = /^https?:/i.test(address);
  return (url) => {
    if (isBypassed(new URL(url).hostname, bypass)) return direct(url);
    if (isHttpProxy && url.startsWith('https:')) {
      return new TunnelAgent(new URL(address), credential?.revealText().trim(), authorities);
    }
    return new BoundedProxyAgent(proxy, url, authorities);
  };
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
