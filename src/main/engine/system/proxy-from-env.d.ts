declare module 'proxy-from-env' {
  /** The address of the proxy that the environment names for `url`; empty: none. */
  export function getProxyForUrl(url: string): string;
}
