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

function isScriptPlace(text: string): boolean {
  if (/^(\/|[A-Za-z]:[\\/]|\\\\)/.test(text)) return true;
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

export const networkSchema = z.strictObject({
  proxy: z
    .strictObject({
      mode: z
        .enum(['none', 'manual', 'pac', 'system'])
        .default('none')
        .describe(
          'manual: every connection to a cloud goes through proxy.address. pac: a script chooses, proxy.pac. system: the environment says (HTTPS_PROXY, NO_PROXY)',
        ),
      address: z
        .string()
        .max(300)
        .refine(isProxyAddress, 'a proxy is http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT')
        .optional()
        .describe('Without user and password: these are stored as secret.proxy, USER:PASSWORD'),
      pac: z
        .string()
        .max(1000)
        .refine(isScriptPlace, 'a PAC script is a whole path, or an address http://... or https://...')
        .optional()
        .describe('Where the script is that chooses the proxy (PAC): a file, or an http(s) address'),
      bypass: z
        .array(z.string().regex(/^\.?[A-Za-z0-9.-]{1,253}$/, 'a host, or .DOMAIN for all hosts in it'))
        .max(100)
        .default([])
        .describe('Hosts that are reached without the proxy; this PC always is'),
    })
    .refine(({ mode, address }) => mode !== 'manual' || address !== undefined, 'manual needs an address')
    .refine(({ mode, pac }) => mode !== 'pac' || pac !== undefined, 'pac needs the place of the script, pac')
    .prefault({}),
});

export type NetworkSettings = Readonly<z.output<typeof networkSchema>>;

/** Under which name the proxy's credential is stored; no destination may have it. */
export const proxySecretName = 'proxy';
