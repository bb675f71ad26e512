import tls from 'node:tls';

let merged: readonly string[] | undefined;

/**
 * Certificates (PEM) of the authorities trusted for outgoing connections: those of the runtime and those of the operating
 * system, where companies put the ones of their own proxies. undefined where the runtime cannot say: then its own apply.
 */
export function trustedAuthorities(): readonly string[] | undefined {
  // Older runtimes lack it although the types have it.
  const list = (tls as { readonly getCACertificates?: (kind: 'default' | 'system') => readonly string[] })
    .getCACertificates;
  if (list === undefined) return undefined;
  merged ??= [...new Set([...list('default'), ...list('system')])];
  return merged;
}
