import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DimseCommand, decodeCommand, encodeCommand, maxCommandBytes, status } from './dimse.ts';
import { MessageReader } from './dimse-reader.ts';
import { FloodError, ProtocolError } from './pdu.ts';

const us = fc.integer({ min: 0, max: 0xffff });
const uid = fc
  .array(fc.integer({ min: 0, max: 99_999 }), { minLength: 1, maxLength: 8 })
  .map((parts) => parts.join('.'));
const follows = fc.constantFrom('follows' as const, 'none' as const);
const comment = fc.stringMatching(/^[!-~]{1,64}$/);
const message = { messageId: us, sopClassUid: uid };
const instance = { sopInstanceUid: uid };
const response = fc.record(
  { ...message, status: us, errorComment: comment },
  { requiredKeys: ['messageId', 'sopClassUid', 'status'] },
);

const command: fc.Arbitrary<DimseCommand> = fc.oneof(
  fc.record({ tag: fc.constant('c-echo-rq' as const), ...message }),
  response.map((some) => ({ tag: 'c-echo-rsp' as const, ...some })),
  fc.record(
    {
      tag: fc.constant('c-store-rq' as const),
      ...message,
      ...instance,
      priority: fc.constantFrom(0, 1, 2),
      dataset: follows,
      moveOriginatorAeTitle: fc.stringMatching(/^[A-Z]{1,16}$/),
      moveOriginatorMessageId: us,
    },
    { requiredKeys: ['tag', 'messageId', 'sopClassUid', 'sopInstanceUid', 'priority', 'dataset'] },
  ),
  fc
    .tuple(response, uid)
    .map(([some, sopInstanceUid]) => ({ tag: 'c-store-rsp' as const, ...some, sopInstanceUid })),
  fc.record({
    tag: fc.constant('n-action-rq' as const),
    ...message,
    ...instance,
    actionTypeId: us,
    dataset: follows,
  }),
  fc.tuple(response, uid, us, follows).map(([some, sopInstanceUid, actionTypeId, dataset]) => ({
    tag: 'n-action-rsp' as const,
    ...some,
    sopInstanceUid,
    actionTypeId,
    dataset,
  })),
  fc.record({
    tag: fc.constant('n-event-report-rq' as const),
    ...message,
    ...instance,
    eventTypeId: us,
    dataset: follows,
  }),
  fc.tuple(response, uid, us, follows).map(([some, sopInstanceUid, eventTypeId, dataset]) => ({
    tag: 'n-event-report-rsp' as const,
    ...some,
    sopInstanceUid,
    eventTypeId,
    dataset,
  })),
  fc.record({ tag: fc.constant('c-cancel-rq' as const), messageId: us, dataset: follows }),
  fc.record({
    tag: fc.constant('other-rq' as const),
    commandField: fc.constantFrom(0x0010, 0x0020, 0x0021, 0x0110, 0x0120, 0x0140, 0x0150),
    ...message,
    dataset: follows,
  }),
);

function element(number: number, value: Buffer, group = 0): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16LE(group, 0);
  header.writeUInt16LE(number, 2);
  header.writeUInt32LE(value.length, 4);
  return Buffer.concat([header, value]);
}

function usBytes(value: number): Buffer {
  return Buffer.from([value & 0xff, value >> 8]);
}

describe('DIMSE commands', () => {
  it('reads back every command it writes', () => {
    fc.assert(
      fc.property(command, (given) => {
        const bytes = encodeCommand(given);
        expect(bytes.length % 2).toBe(0);
        expect(bytes.readUInt32LE(8)).toBe(bytes.length - 12);
        expect(decodeCommand(bytes)).toEqual(given);
      }),
      { numRuns: 500 },
    );
  });

  it('writes elements in ascending order, as PS3.7 6.3.1 asks', () => {
    fc.assert(
      fc.property(command, (given) => {
        const bytes = encodeCommand(given);
        let last = -1;
        for (let at = 0; at < bytes.length; at += 8 + bytes.readUInt32LE(at + 4)) {
          const number = bytes.readUInt16LE(at + 2);
          expect(number).toBeGreaterThan(last);
          last = number;
        }
      }),
    );
  });

  it('cuts an error comment to the 64 characters of its VR', () => {
    const bytes = encodeCommand({
      tag: 'c-store-rsp',
      messageId: 1,
      sopClassUid: '1.2',
      sopInstanceUid: '1.3',
      status: status.outOfResources,
      errorComment: 'x'.repeat(200),
    });
    expect(decodeCommand(bytes)).toMatchObject({ errorComment: 'x'.repeat(64) });
  });

  it('does not rely on the group length, which some peers get wrong', () => {
    const bytes = encodeCommand({ tag: 'c-echo-rq', messageId: 7, sopClassUid: '1.2.840.10008.1.1' });
    bytes.writeUInt32LE(0xffffffff, 8);
    expect(decodeCommand(bytes)).toMatchObject({ tag: 'c-echo-rq', messageId: 7 });
  });

  it('gives an empty UID for one that is missing, so that the service can answer', () => {
    const bytes = Buffer.concat([
      element(0x0100, usBytes(1)),
      element(0x0110, usBytes(9)),
      element(0x0800, usBytes(0)),
    ]);
    expect(decodeCommand(bytes)).toMatchObject({ tag: 'c-store-rq', sopClassUid: '', sopInstanceUid: '' });
  });
});

describe('a hostile command set', () => {
  const good = encodeCommand({
    tag: 'c-store-rq',
    messageId: 1,
    sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
    sopInstanceUid: '1.2.3',
    priority: 0,
    dataset: 'follows',
  });

  it('never causes anything but a ProtocolError, cut at any byte or changed anywhere', () => {
    const mayRefuse = (bytes: Buffer): void => {
      try {
        decodeCommand(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    };
    for (let length = 0; length < good.length; length += 1) mayRefuse(good.subarray(0, length));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        mayRefuse(bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['an element of 4 GiB', Buffer.from('00000001ffffffff0100', 'hex')],
    ['an element of another group', Buffer.concat([good, element(0x0010, Buffer.alloc(2), 8)])],
    ['an element given twice', Buffer.concat([good, element(0x0110, usBytes(2))])],
    ['a number of four bytes', element(0x0100, Buffer.alloc(4))],
    [
      'a flood of elements',
      Buffer.concat(Array.from({ length: 65 }, (_, n) => element(0x4000 + n, Buffer.alloc(0)))),
    ],
    ['more bytes than a command has', Buffer.alloc(maxCommandBytes + 2)],
  ])('is refused: %s', (_what, bytes) => {
    expect(() => decodeCommand(bytes)).toThrow(ProtocolError);
  });
});

describe('MessageReader', () => {
  const store = encodeCommand({
    tag: 'c-store-rq',
    messageId: 1,
    sopClassUid: '1.2',
    sopInstanceUid: '1.3',
    priority: 0,
    dataset: 'follows',
  });

  function reader(): { readonly messages: MessageReader; readonly log: string[] } {
    const log: string[] = [];
    const messages = new MessageReader({
      command: (contextId, one) => {
        log.push(`${one.tag} on ${contextId}`);
        return undefined;
      },
      dataset: (position, bytes) => {
        log.push(`${position} ${bytes.toString('latin1')}`);
        return undefined;
      },
    });
    return { messages, log };
  }

  it('puts a command together from fragments of any size and streams its dataset', () => {
    const { messages, log } = reader();
    for (const byte of store.subarray(0, -1))
      void messages.fragment(1, 'command', 'more', Buffer.from([byte]));
    void messages.fragment(1, 'command', 'last', store.subarray(-1));
    expect(messages.midMessage).toBe(true);
    void messages.fragment(1, 'dataset', 'more', Buffer.from('ab'));
    void messages.fragment(1, 'dataset', 'last', Buffer.alloc(0));
    expect(log).toEqual(['c-store-rq on 1', 'more ab', 'last ']);
    expect(messages.midMessage).toBe(false);
  });

  it('refuses a dataset where a command is due, and a command inside a dataset', () => {
    const { messages } = reader();
    expect(() => messages.fragment(1, 'dataset', 'last', Buffer.from('x'))).toThrow(ProtocolError);
    void messages.fragment(1, 'command', 'last', store);
    expect(() => messages.fragment(1, 'command', 'last', store)).toThrow(ProtocolError);
  });

  it('refuses a message that changes its context half-way', () => {
    const { messages } = reader();
    void messages.fragment(1, 'command', 'last', store);
    expect(() => messages.fragment(3, 'dataset', 'last', Buffer.from('x'))).toThrow(ProtocolError);
  });

  it('takes a long command byte by byte, and a few empty fragments', () => {
    const { messages, log } = reader();
    const uids = { sopClassUid: `1.2.${'3'.repeat(60)}`, sopInstanceUid: `1.2.${'4'.repeat(60)}` };
    const long = encodeCommand({ tag: 'c-store-rq', messageId: 1, ...uids, priority: 0, dataset: 'follows' });
    for (let empty = 0; empty < 20; empty += 1) void messages.fragment(1, 'command', 'more', Buffer.alloc(0));
    for (const byte of long.subarray(0, -1))
      void messages.fragment(1, 'command', 'more', Buffer.from([byte]));
    void messages.fragment(1, 'command', 'last', long.subarray(-1));
    expect(log).toEqual(['c-store-rq on 1']);
  });

  it.each(['command', 'dataset'] as const)('refuses a %s of nothing but empty fragments early', (kind) => {
    const { messages } = reader();
    if (kind === 'dataset') void messages.fragment(1, 'command', 'last', store);
    const empties = (count: number): void => {
      for (let sent = 0; sent < count; sent += 1) void messages.fragment(1, kind, 'more', Buffer.alloc(0));
    };
    empties(64);
    expect(() => empties(1)).toThrow(FloodError);
  });

  it('refuses a command of one byte after the other before it is long', () => {
    const { messages } = reader();
    const crumbs = (count: number): void => {
      for (let sent = 0; sent < count; sent += 1)
        void messages.fragment(1, 'command', 'more', Buffer.alloc(1));
    };
    crumbs(384);
    expect(() => crumbs(40)).toThrow(FloodError);
  });

  it('refuses endless fragments of a command', () => {
    const { messages } = reader();
    expect(() => {
      for (let turn = 0; turn < 1_000; turn += 1)
        void messages.fragment(1, 'command', 'more', Buffer.alloc(1_000));
    }).toThrow(ProtocolError);
  });
});
