import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { eventPort } from '../../test/support/event-port.ts';
import { PortPipe, portPieceBytes, portPiecesUnderWay } from './port-pipe.ts';

/** `came`: resolves when that many messages have reached ours. */
function pair() {
  const { port1, port2 } = new MessageChannel();
  const ours = new PortPipe(eventPort(port1));
  let count = 0;
  let wake: () => void = () => undefined;
  port1.on('message', () => {
    count += 1;
    wake();
  });
  const came = async (messages: number): Promise<void> => {
    while (count < messages)
      await new Promise<void>((next) => {
        wake = next;
      });
  };
  return { ours, raw: port2, came };
}

describe('a pipe over a message port', () => {
  it('brings bytes over whole and in order, in pieces of bounded size', async () => {
    const { port1, port2 } = new MessageChannel();
    const [here, there] = [new PortPipe(eventPort(port1)), new PortPipe(eventPort(port2))];
    const sent = Buffer.from(Uint8Array.from({ length: 5_000_000 }, (_, at) => at * 31));
    // A view into a larger memory: the rest of it must stay here.
    const writing = here.write(sent.subarray(1000)).then(() => here.close());

    const pieces: Uint8Array[] = [];
    for await (const piece of there.chunks) {
      expect(piece.buffer.byteLength).toBeLessThanOrEqual(portPieceBytes);
      pieces.push(piece);
    }
    await writing;
    expect(Buffer.concat(pieces).equals(sent.subarray(1000))).toBe(true);
  });

  it('waits for who reads: no more is under way than was agreed', async () => {
    const { ours, raw } = pair();
    let arrived = 0;
    const enough = Promise.withResolvers<void>();
    raw.on('message', () => {
      arrived += 1;
      if (arrived === portPiecesUnderWay) enough.resolve();
    });
    let isWritten = false;
    const writing = ours.write(new Uint8Array(portPieceBytes * (portPiecesUnderWay + 1))).then(() => {
      isWritten = true;
    });
    await enough.promise;
    // A turn of the loop, in which a message too many would have come.
    await new Promise((next) => setImmediate(next));
    expect([arrived, isWritten]).toEqual([portPiecesUnderWay, false]);

    raw.postMessage({ tag: 'taken' });
    await writing;
    ours.close();
  });

  it('ends what is read, and refuses what is written, when the other side is gone', async () => {
    const { ours, raw } = pair();
    const writing = ours.write(new Uint8Array(portPieceBytes * 100));
    raw.close();
    await expect(writing).rejects.toThrow('closed');
    for await (const piece of ours.chunks) expect(piece).toBeUndefined();
    await expect(ours.write(new Uint8Array(1))).rejects.toThrow('closed');
  });

  it.each([
    ['sends what is no message', ['text']],
    ['sends nothing', [null]],
    ['sends a piece of something else', [{ tag: 'piece', bytes: 'text' }]],
    ['sends a piece that is too large', [{ tag: 'piece', bytes: new Uint8Array(portPieceBytes + 1) }]],
    ['took what was never sent', [{ tag: 'taken' }]],
    [
      'does not wait',
      Array.from({ length: portPiecesUnderWay + 1 }, () => ({ tag: 'piece', bytes: new Uint8Array(1) })),
    ],
  ])('is broken by an other side that %s', async (_what, messages) => {
    const { ours, raw, came } = pair();
    for (const message of messages) raw.postMessage(message);
    // All before the first is read.
    await came(messages.length);
    const reading = (async () => {
      for await (const piece of ours.chunks) expect(piece).toBeUndefined();
    })();
    await expect(reading).rejects.toThrow(RangeError);
    await expect(ours.write(new Uint8Array(1))).rejects.toThrow(RangeError);
    raw.close();
  });
});
