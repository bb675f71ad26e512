import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PduReader, type PduSink, type Wait } from './pdu-reader.ts';
import { encodePDataHeader, maxAssociatePduBytes, maxPduBytes, ProtocolError } from './pdu.ts';

interface Seen {
  readonly log: string[];
  readonly sink: PduSink;
}

/** Notes what comes; consecutive bytes of one PDV are put together, so that chunking does not show. */
function recorder(onFragment: () => Wait = () => undefined): Seen {
  const log: string[] = [];
  let open = '';
  return {
    log,
    sink: {
      pduBegins: (type) => (type === 4 ? 'stream' : 'gather'),
      pdu: (type, body) => {
        log.push(`pdu ${type} ${body.toString('hex')}`);
        return undefined;
      },
      fragment: (contextId, kind, position, bytes) => {
        open += bytes.toString('hex');
        if (position === 'last') {
          log.push(`${kind} ${contextId} ${open}`);
          open = '';
        }
        return onFragment();
      },
    },
  };
}

function header(type: number, length: number): Buffer {
  const bytes = Buffer.from([type, 0, 0, 0, 0, 0]);
  bytes.writeUInt32BE(length, 2);
  return bytes;
}

const release = Buffer.from('05000000000400000000', 'hex');

function pData(contextId: number, kind: 'command' | 'dataset', data: Buffer, pieceBytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at === 0 || at < data.length; at += pieceBytes) {
    const piece = data.subarray(at, at + pieceBytes);
    const position = at + pieceBytes >= data.length ? 'last' : 'more';
    parts.push(encodePDataHeader(contextId, kind, position, piece.length), piece);
  }
  return Buffer.concat(parts);
}

describe('PduReader', () => {
  it('gives the same result however the stream is cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
        (data, pieceBytes, cuts) => {
          const stream = Buffer.concat([
            pData(3, 'command', Buffer.from(data), pieceBytes),
            release,
            pData(5, 'dataset', Buffer.from(data), pieceBytes),
          ]);
          const whole = recorder();
          void new PduReader(whole.sink).push(stream);
          const cut = recorder();
          const reader = new PduReader(cut.sink);
          for (let at = 0, turn = 0; at < stream.length; turn += 1) {
            const size = cuts[turn % cuts.length] ?? 1;
            void reader.push(stream.subarray(at, at + size));
            at += size;
          }
          expect(cut.log).toEqual(whole.log);
          expect(whole.log).toEqual([
            `command 3 ${Buffer.from(data).toString('hex')}`,
            'pdu 5 00000000',
            `dataset 5 ${Buffer.from(data).toString('hex')}`,
          ]);
          expect(reader.midPdu).toBe(false);
        },
      ),
    );
  });

  it('waits for the sink in the middle of a chunk and goes on by itself', async () => {
    const gate = Promise.withResolvers<undefined>();
    let calls = 0;
    const seen = recorder(() => {
      calls += 1;
      return calls === 1 ? gate.promise : undefined;
    });
    const stream = Buffer.concat([
      pData(1, 'command', Buffer.from('aa'), 100),
      pData(1, 'dataset', Buffer.from('bb'), 100),
    ]);
    const wait = new PduReader(seen.sink).push(stream);
    expect(seen.log).toHaveLength(1);
    gate.resolve(undefined);
    await wait;
    expect(seen.log).toHaveLength(2);
  });

  it.each([
    ['a P-DATA-TF above what we declare', header(4, maxPduBytes + 1)],
    ['a P-DATA-TF of 4 GiB', header(4, 0xffffffff)],
    ['a P-DATA-TF of 0 bytes', header(4, 0)],
    ['a P-DATA-TF of 1 byte', header(4, 1)],
    ['an A-ASSOCIATE-RQ above its limit', header(1, maxAssociatePduBytes + 1)],
    ['an A-ASSOCIATE-RQ of 4 GiB', header(1, 0xffffffff)],
    ['a release of 5 bytes', header(5, 5)],
    ['an abort of 0 bytes', header(7, 0)],
    ['an unknown type', header(0x16, 4)],
    ['type 0', header(0, 4)],
  ])('refuses %s by its header alone', (_what, bytes) => {
    const seen = recorder();
    expect(() => new PduReader(seen.sink).push(bytes)).toThrow(ProtocolError);
    expect(seen.log).toEqual([]);
  });

  it.each([
    ['a PDV length of 0', '040000000008' + '00000000' + '0103' + '0000'],
    ['a PDV length of 1', '040000000008' + '00000001' + '0103' + '0000'],
    ['a PDV longer than its PDU', '040000000008' + '00000005' + '0103' + '0000'],
    ['a PDV of 4 GiB', '040000000008' + 'ffffffff' + '0103' + '0000'],
    ['bytes left over behind the last PDV', '040000000009' + '00000002' + '0103' + '000000'],
  ])('refuses %s', (_what, hex) => {
    expect(() => new PduReader(recorder().sink).push(Buffer.from(hex, 'hex'))).toThrow(ProtocolError);
  });

  it('takes several PDVs in one PDU', () => {
    const seen = recorder();
    void new PduReader(seen.sink).push(
      Buffer.from('040000000010' + '00000004' + '0103' + 'aabb' + '00000004' + '0102' + 'ccdd', 'hex'),
    );
    expect(seen.log).toEqual(['command 1 aabb', 'dataset 1 ccdd']);
  });

  it('buffers no more of a long association request than has arrived', () => {
    const reader = new PduReader(recorder().sink);
    const before = process.memoryUsage().arrayBuffers;
    void reader.push(header(1, maxAssociatePduBytes));
    void reader.push(Buffer.alloc(10));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(maxAssociatePduBytes);
    expect(reader.midPdu).toBe(true);
  });

  it('drops everything once told to', () => {
    const seen = recorder();
    const reader = new PduReader(seen.sink);
    reader.discard();
    void reader.push(Buffer.concat([header(0x99, 7), release]));
    expect(seen.log).toEqual([]);
  });
});
