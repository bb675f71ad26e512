/**
 * One attacker in a process of its own: `node attacker.ts NAME PORT`, until it is ended. Says `attacking` when it is, and at
 * its end one line of JSON about what it got through (`AttackerTally`).
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import { encodeCommand } from '../../src/main/engine/dicom/dimse.ts';
import {
  encodeAssociateRequest,
  encodeTitleBlock,
  ownUserInformation,
} from '../../src/main/engine/dicom/pdu-associate.ts';
import { encodePDataHeader } from '../../src/main/engine/dicom/pdu.ts';

const secondaryCapture = '1.2.840.10008.5.1.4.1.1.7';
const verification = '1.2.840.10008.1.1';
const most = 131_066;

function associateRq(calledAe = 'EDGESYNC'): Buffer {
  const usual = ['1.2.840.10008.1.2.1'];
  return encodeAssociateRequest({
    protocolVersion: 1,
    calledAeTitle: calledAe,
    callingAeTitle: 'ATTACKER',
    applicationContext: '1.2.840.10008.3.1.1.1',
    contexts: [
      { id: 1, abstractSyntax: secondaryCapture, transferSyntaxes: usual },
      { id: 5, abstractSyntax: verification, transferSyntaxes: usual },
      { id: 7, abstractSyntax: secondaryCapture, transferSyntaxes: ['1.2.840.10008.1.2.1.99'] },
    ],
    user: ownUserInformation(
      { implementationClassUid: '1.2', implementationVersionName: 'ATTACKER' },
      { roles: [], identity: 'none' },
    ),
    titleBlock: encodeTitleBlock(calledAe, 'ATTACKER'),
  });
}

function pdv(
  context: number,
  kind: 'command' | 'dataset',
  data: Buffer,
  position: 'more' | 'last' = 'last',
): Buffer {
  return Buffer.concat([encodePDataHeader(context, kind, position, data.length), data]);
}

const storeCommand = encodeCommand({
  tag: 'c-store-rq',
  messageId: 1,
  sopClassUid: secondaryCapture,
  sopInstanceUid: '1.2.3',
  priority: 0,
  dataset: 'follows',
});
const echo = pdv(5, 'command', encodeCommand({ tag: 'c-echo-rq', messageId: 1, sopClassUid: verification }));

function store(dataset: Buffer, context = 1, command = storeCommand): Buffer {
  const pieces = [pdv(context, 'command', command)];
  for (let at = 0; at < dataset.length; at += most)
    pieces.push(
      pdv(context, 'dataset', dataset.subarray(at, at + most), at + most < dataset.length ? 'more' : 'last'),
    );
  return Buffer.concat(pieces);
}

function element(group: number, number: number, vr: string, value: Buffer): Buffer {
  const header = Buffer.from([group & 255, group >> 8, number & 255, number >> 8, 0, 0, 0, 0]);
  header.write(vr, 4);
  header.writeUInt16LE(value.length, 6);
  return Buffer.concat([header, value]);
}

const identity = Buffer.concat([
  element(8, 0x16, 'UI', Buffer.from(`${secondaryCapture}\0`)),
  element(8, 0x18, 'UI', Buffer.from('1.2.3\0')),
]);

/** What the attack came to, so that a good ratio is not that of an attacker who did nothing. */
export interface AttackerTally {
  readonly connections: number;
  readonly sentBytes: number;
  readonly seconds: number;
}

let connections = 0;
let sentBytes = 0;
const openNow = new Set<Socket>();

/** A whole attack, played by one of its lanes, again and again. */
interface Attack {
  readonly lanes: number;
  readonly lane: (port: number) => Promise<void>;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  socket.on('connect', () => (connections += 1));
  socket.on('close', () => (sentBytes += socket.bytesWritten - socket.writableLength));
  openNow.add(socket);
  socket.on('close', () => openNow.delete(socket));
  socket.resume();
  await Promise.race([once(socket, 'connect').catch(() => undefined), once(socket, 'close')]);
  return socket;
}

async function associated(port: number): Promise<Socket> {
  const socket = await open(port);
  socket.write(associateRq());
  await Promise.race([once(socket, 'data').catch(() => undefined), once(socket, 'close')]);
  return socket;
}

async function roomOrEnd(socket: Socket): Promise<void> {
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([
    once(socket, 'drain', { signal }).catch(() => undefined),
    once(socket, 'close', { signal }).catch(() => undefined),
  ]);
  settled.abort();
}

/** As fast as it is taken, until hung up on. */
async function flood(socket: Socket, bytes: Uint8Array): Promise<void> {
  while (!socket.destroyed && socket.writable) if (!socket.write(bytes)) await roomOrEnd(socket);
  socket.destroy();
}

async function drip(socket: Socket, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length && socket.writable; at += 1) {
    socket.write(bytes.subarray(at, at + 1));
    await sleep(20);
  }
  socket.destroy();
}

function floodOf(bytes: Uint8Array, first: Uint8Array = Buffer.alloc(0)): (port: number) => Promise<void> {
  return async (port) => {
    const socket = await associated(port);
    socket.write(first);
    await flood(socket, bytes);
  };
}

/** Connects, sends, takes the first answer, hangs up. */
function once1(bytes: Buffer): (port: number) => Promise<void> {
  return async (port) => {
    const socket = await open(port);
    socket.write(bytes);
    const settled = new AbortController();
    const { signal } = settled;
    await Promise.race([
      once(socket, 'data', { signal }).catch(() => undefined),
      once(socket, 'close', { signal }).catch(() => undefined),
      sleep(1_000, undefined, { signal }).catch(() => undefined),
    ]);
    settled.abort();
    socket.resetAndDestroy();
  };
}

/** Stores again and again on one association, each after the answer to the one before. */
function stores(message: Buffer): (port: number) => Promise<void> {
  return async (port) => {
    const socket = await associated(port);
    while (socket.writable) {
      socket.write(message);
      await Promise.race([once(socket, 'data').catch(() => undefined), once(socket, 'close')]);
    }
  };
}

function repeat(count: number, bytes: Buffer): Buffer {
  return Buffer.concat(Array<Buffer>(count).fill(bytes));
}

const begun = pdv(1, 'command', storeCommand);
const tooLong = Buffer.concat([Buffer.from([1, 0, 0, 3, 0xff, 0xff]), Buffer.alloc(262_143 - 6)]);
const sequences = Buffer.concat([
  identity,
  repeat(10_000, Buffer.from('09000110535100 00ffffffff feff00e0ffffffff'.replaceAll(' ', ''), 'hex')),
]);

/** Hangs up at the first bytes, as the engine does on a flood. In the attacker's own process. */
async function ownSink(): Promise<number> {
  const sink = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.destroy());
  });
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  return (sink.address() as AddressInfo).port;
}

export const attacks: Readonly<Record<string, () => Attack>> = {
  /** No attack on us: what a busy neighbour on the same machine costs a sender in any case. */
  'control-own-sink': () => {
    const sink = ownSink();
    return {
      lanes: 20,
      lane: async () => {
        const socket = await open(await sink);
        await flood(socket, repeat(5_000, pdv(1, 'dataset', Buffer.alloc(0), 'more')));
      },
    };
  },
  'drip-200-sockets': () => ({ lanes: 200, lane: async (port) => drip(await open(port), associateRq()) }),
  'drip-20-mid-data': () => ({
    lanes: 20,
    lane: async (port) => {
      const socket = await associated(port);
      socket.write(begun);
      await drip(socket, pdv(1, 'dataset', Buffer.alloc(10_000)));
    },
  }),
  'garbage-before-association': () => ({ lanes: 20, lane: once1(Buffer.from('GET / HTTP/1.1\r\n\r\n')) }),
  'lying-lengths': () => ({ lanes: 20, lane: once1(Buffer.from('0100ffffffff', 'hex')) }),
  'requests-of-256-kb': () => ({ lanes: 20, lane: once1(tooLong) }),
  'rapid-reconnects': () => ({ lanes: 20, lane: once1(associateRq()) }),
  'rejected-callers': () => ({ lanes: 20, lane: once1(associateRq('SOMEONE')) }),
  'empty-fragments': () => ({
    lanes: 20,
    lane: floodOf(repeat(5_000, pdv(1, 'dataset', Buffer.alloc(0), 'more')), begun),
  }),
  'one-byte-commands': () => ({
    lanes: 20,
    lane: floodOf(repeat(5_000, pdv(1, 'command', Buffer.alloc(1), 'more'))),
  }),
  'pipelined-echoes': () => ({ lanes: 20, lane: floodOf(repeat(1_000, echo)) }),
  'refused-stores': () => ({
    lanes: 20,
    lane: floodOf(repeat(100, store(Buffer.alloc(100), 5))),
  }),
  'tiny-stores': () => ({ lanes: 10, lane: stores(store(identity)) }),
  'deflate-bombs': () => ({
    lanes: 4,
    lane: stores(
      store(deflateRawSync(Buffer.concat([identity, repeat(200, Buffer.alloc(1_000_000))]), { level: 9 }), 7),
    ),
  }),
  'sequences-10000-deep': () => ({ lanes: 10, lane: stores(store(sequences)) }),
  'endless-dataset': () => ({
    lanes: 1,
    lane: floodOf(pdv(1, 'dataset', Buffer.alloc(most), 'more'), begun),
  }),
  'four-endless-datasets': () => ({
    lanes: 4,
    lane: floodOf(pdv(1, 'dataset', Buffer.alloc(most), 'more'), begun),
  }),
};

/** So far, with what the system has taken of the connections still open. */
function counted(): Pick<AttackerTally, 'connections' | 'sentBytes'> {
  let bytes = sentBytes;
  for (const socket of openNow) bytes += socket.bytesWritten - socket.writableLength;
  return { connections, sentBytes: bytes };
}

async function main(name: string, port: number): Promise<void> {
  const make = attacks[name];
  if (make === undefined) throw new Error(`no such attack: ${name}`);
  const { lanes, lane } = make();
  for (let number = 0; number < lanes; number += 1) {
    void (async () => {
      for (;;) {
        await lane(port);
        // A lane that is refused at once must not spin without letting the others in.
        await sleep(1);
      }
    })();
  }
  await sleep(300);
  const startMs = performance.now();
  const before = counted();
  process.once('SIGTERM', () => {
    const after = counted();
    const tally: AttackerTally = {
      connections: after.connections - before.connections,
      sentBytes: after.sentBytes - before.sentBytes,
      seconds: (performance.now() - startMs) / 1000,
    };
    process.stdout.write(`${JSON.stringify(tally)}\n`, () => process.exit());
  });
  console.log('attacking');
}

if (process.argv[1] === import.meta.filename) await main(process.argv[2] ?? '', Number(process.argv[3]));
