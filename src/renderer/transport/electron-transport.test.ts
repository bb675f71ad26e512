import { oc } from '@orpc/contract';
import { implement } from '@orpc/server';
import { RPCHandler } from '@orpc/server/message-port';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { status } from '../../../test/support/agent-states.ts';
import { electronTransport } from './electron-transport.ts';

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** The shell's side: each request for a port gets one end of a new channel, with the contract at the other. */
function arrange(answer: unknown = status({ recovery: 'created' })) {
  const page = new EventTarget();
  // Lets everything out, so that only the page's own check can refuse it.
  const os = implement({ agent: { status: oc.output(z.unknown()) } });
  const handler = new RPCHandler({ agent: { status: os.agent.status.handler(() => answer) } });
  const send = (source: unknown, data: unknown, sent: readonly MessagePort[]) => {
    page.dispatchEvent(Object.assign(new Event('message'), { source, data, ports: sent }));
  };
  const newPort = () => {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1, port2);
    handler.upgrade(port1);
    port1.start();
    return port2;
  };
  return { page: page as unknown as Window, send, newPort };
}

const soon = () => AbortSignal.timeout(200);

describe('the way to the engine in the app', () => {
  it('asks for a port and speaks the contract over it, again after a loss', async () => {
    const { page, send, newPort } = arrange();
    let asked = 0;
    const transport = electronTransport(page, {
      connect() {
        asked += 1;
        queueMicrotask(() => send(page, 'edge-sync:port', [newPort()]));
      },
    });
    const first = await transport.open(soon());
    expect((await first.agent.status()).recovery).toBe('created');
    const second = await transport.open(soon());
    expect((await second.agent.status()).recovery).toBe('created');
    expect(asked).toBe(2);
  });

  it('takes no port from another window or under another name', async () => {
    const { page, send, newPort } = arrange();
    const transport = electronTransport(page, {
      connect() {
        queueMicrotask(() => {
          send({}, 'edge-sync:port', [newPort()]);
          send(page, 'something-else', [newPort()]);
          send(page, 'edge-sync:port', []);
        });
      },
    });
    await expect(transport.open(soon())).rejects.toThrow('no port');
  });

  it('refuses an answer that is not what the contract says', async () => {
    const { page, send, newPort } = arrange({ ...status(), headline: 'perhaps' });
    const transport = electronTransport(page, {
      connect: () => queueMicrotask(() => send(page, 'edge-sync:port', [newPort()])),
    });
    const client = await transport.open(soon());
    await expect(client.agent.status()).rejects.toThrow();
  });
});
