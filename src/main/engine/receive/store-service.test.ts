import { describe, expect, it } from 'vitest';
import type { Announcement, IntakeStream } from '../intake/intake-port.ts';
import { StoreInProgress, type StoreRequest } from './store-service.ts';

const ct = '1.2.840.10008.5.1.4.1.1.2';
const request: StoreRequest = {
  tag: 'c-store-rq',
  messageId: 1,
  priority: 0,
  sopClassUid: ct,
  sopInstanceUid: '1.2.3',
  dataset: 'follows',
};

function begin() {
  const begun: Announcement[] = [];
  const calls: string[] = [];
  const stream: IntakeStream = {
    write: (chunk) => void calls.push(`write ${chunk.length}`),
    finish: () => {
      calls.push('finish');
      return Promise.resolve({ tag: 'stored', objectName: '', sizeBytes: 0, flags: [] });
    },
    abort: () => {
      calls.push('abort');
      return Promise.resolve();
    },
  };
  const store = StoreInProgress.begin(
    request,
    {
      context: { abstractSyntax: ct, transferSyntax: '1.2.840.10008.1.2.1' },
      origin: { tag: 'association', callingAeTitle: 'CT', remoteAddress: '192.168.1.7' },
      allowsClass: () => true,
    },
    {
      begin: (announcement) => {
        begun.push(announcement);
        return stream;
      },
      refusal: () => undefined,
    },
  );
  return { store, begun, calls };
}

describe('a store', () => {
  it('takes no file, key or buffer for a command that no byte follows', async () => {
    const { store, begun } = begin();
    for (let sent = 0; sent < 64; sent += 1) void store.write(Buffer.alloc(0));
    await store.abort();
    expect(begun).toEqual([]);
  });

  it('is begun once, at its first byte, and thrown away when it does not become whole', async () => {
    const { store, begun, calls } = begin();
    void store.write(Buffer.alloc(2));
    void store.write(Buffer.alloc(3));
    await store.abort();
    expect(begun).toMatchObject([{ sopInstanceUid: '1.2.3', transferSyntaxUid: '1.2.840.10008.1.2.1' }]);
    expect(calls).toEqual(['write 2', 'write 3', 'abort']);
  });

  it('begins nothing any more after its end, and is not told Success', async () => {
    const { store, begun } = begin();
    await store.abort();
    void store.write(Buffer.alloc(2));
    expect((await store.finish()).status).toBe(0x0110);
    expect(begun).toEqual([]);
  });

  it('asks the intake what it says of a dataset without a byte', async () => {
    const { store, begun, calls } = begin();
    await store.finish();
    expect(begun).toHaveLength(1);
    expect(calls).toEqual(['finish']);
  });
});
