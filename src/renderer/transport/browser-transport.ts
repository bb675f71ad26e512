/**
 * The page in a browser on this PC. A one-time token in the address opens a session; the session travels in a
 * header, never a cookie (cookies ignore ports), and lives as long as the tab.
 */
import { RPCLink } from '@orpc/client/fetch';
import { z } from 'zod';
import { answersAreChecked, clientOver } from './client.ts';
import { SessionRefusedError } from './session-refused.ts';
import type { Transport } from './transport.ts';

const sessionHeader = 'x-edge-sync-session';
const storageKey = 'edge-sync-session';
const sessionAnswer = z.object({ session: z.string().min(1).max(512) });

export function browserTransport(page: Window): Transport {
  let token = takeToken(page);

  const session = async (signal: AbortSignal): Promise<string> => {
    const stored = page.sessionStorage.getItem(storageKey);
    if (token === null) {
      if (stored === null) throw new SessionRefusedError();
      return stored;
    }
    const answer = await fetch(new URL('/session', page.location.origin), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
      signal,
    });
    if (isRefusal(answer.status)) {
      // A link used twice: the session this tab already has may still be good.
      token = null;
      if (stored === null) throw new SessionRefusedError();
      return stored;
    }
    if (!answer.ok) throw new Error(`session: status ${answer.status}`);
    const opened = sessionAnswer.parse(await answer.json()).session;
    page.sessionStorage.setItem(storageKey, opened);
    token = null;
    return opened;
  };

  return {
    async open(signal) {
      const current = await session(signal);
      const link = new RPCLink({
        url: new URL('/rpc', page.location.origin).href,
        headers: { [sessionHeader]: current },
        plugins: [answersAreChecked()],
        fetch: async (request, init) => {
          const response = await fetch(request, init);
          if (isRefusal(response.status)) {
            page.sessionStorage.removeItem(storageKey);
            throw new SessionRefusedError();
          }
          return response;
        },
      });
      return clientOver(link);
    },
  };
}

/** Reads the token and takes it out of the address bar and the history before anything else runs. */
function takeToken(page: Window): string | null {
  const address = new URL(page.location.href);
  const token = address.searchParams.get('token');
  if (token === null) return null;
  address.searchParams.delete('token');
  page.history.replaceState(null, '', address.pathname + address.search + address.hash);
  return token;
}

function isRefusal(status: number): boolean {
  return status === 401 || status === 403;
}
