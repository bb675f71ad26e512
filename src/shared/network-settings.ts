/** How this PC gets out to the clouds. Part of the settings schema. */
import { z } from 'zod';

const proxySchemes = ['http:', 'https:', 'socks5:'];

function isProxyAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isBare = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return (
    isBare && proxySchemes.includes(url.protocol) && url.hostname !== '' && ['', '/'].includes(url.pathname)
  );
}

export const networkSchema = z.strictObject({
  proxy: z
    .strictObject({
      mode: z
        .enum(['none', 'manual'])
        .default('none')
        .describe('manual: every connection to a cloud goes through proxy.address'),
      address: z
        .string()
        .max(300)
        .refine(isProxyAddress, 'a proxy is http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT')
        .optional()
        .describe('Without user and password: these are stored as secret.proxy, USER:PASSWORD'),
      bypass: z
        .array(z.string().regex(/^\.?[A-Za-z0-9.-]{1,253}$/, 'a host, or .DOMAIN for all hosts in it'))
        .max(100)
        .default([])
        .describe('Hosts that are reached without the proxy; this PC always is'),
    })
    .refine(({ mode, address }) => mode === 'none' || address !== undefined, 'manual needs an address')
    .prefault({}),
});

export type NetworkSettings = Readonly<z.output<typeof networkSchema>>;

/** Under which name the proxy's credential is stored; no destination may have it. */
export const proxySecretName = 'proxy';
