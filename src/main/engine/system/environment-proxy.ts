/** The proxy that the environment names, as command line programs understand it. */
import { getProxyForUrl } from 'proxy-from-env';

/**
 * What HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY (in small letters too) say of `url`.
 * @returns the proxy's address, which may hold a credential; undefined: straight.
 */
export function environmentProxy(url: string): string | undefined {
  const proxy = getProxyForUrl(url);
  return proxy === '' || !URL.canParse(proxy) ? undefined : proxy;
}
