import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { eventPort } from '../../../../test/support/event-port.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { PortPipe, type PipePort } from '../../../shared/port-pipe.ts';
import { decodersOfShell } from './shell-decoder.ts';

/** A shell that does what the test says. */
function arrange(find: () => string = () => 'decoder.mjs') {
  const asked: unknown[] = [];
  let say: (event: { readonly data: unknown; readonly ports: readonly PipePort[] }) => void = () => undefined;
  const start = decodersOfShell(
    {
      on: (_event, listener) => {
        say = listener;
      },
      postMessage: (message) => asked.push(message),
    },
    find,
  );
  /** Tells that a decoder runs; gives its end of the channel. */
  const started = (life: number): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    say({ data: { tag: 'decoder-started', life, pid: 40 + life }, ports: [eventPort(port1)] });
    return port2;
  };
  const tell = (data: unknown) => say({ data, ports: [] });
  return { asked, start, started, tell };
}

const closed = (port: MessagePort): Promise<unknown> =>
  new Promise((done) => {
    port.on('message', () => undefined);
    port.once('close', () => done('closed'));
  });

describe('a decoder that the shell starts', () => {
  it('is asked for, talked to through its port, and ended', async () => {
    const { asked, start, started, tell } = arrange();
    const child = start();
    expect(asked).toEqual([{ tag: 'decoder-start', life: 1 }]);
    // Written before it runs: waits.
    const written = child.write(Buffer.from('file'));
    const decoder = new PortPipe(eventPort(started(1)));
    await written;
    expect(child.pid).toBe(41);
    for await (const piece of decoder.chunks) {
      expect(Buffer.from(piece).toString()).toBe('file');
      break;
    }
    await decoder.write(Buffer.from('answer'));
    for await (const piece of child.chunks) {
      expect(Buffer.from(piece).toString()).toBe('answer');
      break;
    }

    child.kill();
    child.kill();
    expect(asked.slice(1)).toEqual([{ tag: 'decoder-kill', life: 1 }]);
    tell({ tag: 'decoder-ended', life: 1 });
    await child.exited;
    await expect(child.write(Buffer.from('more'))).rejects.toThrow();
  });

  it('that never came to run ends without a word', async () => {
    const { start, tell } = arrange();
    const child = start();
    const written = child.write(Buffer.from('file'));
    tell({ tag: 'decoder-ended', life: 1 });
    await expect(written).rejects.toMatchObject({ code: 'preview-decoder-stopped' });
    for await (const piece of child.chunks) expect(piece).toBeUndefined();
    await child.exited;
  });

  it('and runs only when nobody wants it any more gets nothing', async () => {
    const { start, started } = arrange();
    const child = start();
    child.kill();
    await expect(closed(started(1))).resolves.toBe('closed');
  });

  it('and nobody asked for is left alone', async () => {
    const { start, started, tell } = arrange();
    const child = start();
    for (const data of [undefined, 'text', { tag: 'decoder-ended' }, { tag: 'decoder-ended', life: 9 }])
      tell(data);
    await expect(closed(started(9))).resolves.toBe('closed');
    const written = child.write(Buffer.from('file'));
    started(1).close();
    await written.catch(() => undefined);
    child.kill();
  });

  it('is not asked for when its script is missing', () => {
    const { asked, start } = arrange(() => {
      throw new EdgeSyncError('preview-missing');
    });
    expect(() => start()).toThrow(expect.objectContaining({ code: 'preview-missing' }) as Error);
    expect(asked).toEqual([]);
  });
});
