/** The page in the app's window: the preload script asks the shell for a MessagePort to the engine. */
import { RPCLink } from '@orpc/client/message-port';
import { answersAreChecked, clientOver } from './client.ts';
import type { Transport } from './transport.ts';

const portMessage = 'edge-sync:port';
/** Longer than an engine needs to start; the caller tries again after it. */
const portTimeoutMs = 15_000;

export function electronTransport(page: Window, bridge: Pick<EdgeSyncBridge, 'connect'>): Transport {
  let current: MessagePort | undefined;
  return {
    async open(signal) {
      current?.close();
      current = await nextPort(page, bridge, AbortSignal.any([signal, AbortSignal.timeout(portTimeoutMs)]));
      const link = new RPCLink({ port: current, plugins: [answersAreChecked()] });
      current.start();
      return clientOver(link);
    },
  };
}

function nextPort(
  page: Window,
  bridge: Pick<EdgeSyncBridge, 'connect'>,
  signal: AbortSignal,
): Promise<MessagePort> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      page.removeEventListener('message', onMessage);
      signal.removeEventListener('abort', onAbort);
    };
    const onAbort = () => {
      finish();
      reject(new Error('no port from the app'));
    };
    const onMessage = (event: MessageEvent<unknown>) => {
      // The preload script posts from this very window; a frame or another window does not get in.
      const port = event.ports[0];
      if (event.source !== page || event.data !== portMessage || port === undefined) return;
      finish();
      resolve(port);
    };
    page.addEventListener('message', onMessage);
    signal.addEventListener('abort', onAbort);
    bridge.connect();
  });
}
