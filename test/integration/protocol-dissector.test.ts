/** A recorded exchange of ours, read by Wireshark's DICOM dissector: no packet of it may be malformed. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { encodeAbort, encodeReleaseRequest } from '../../src/main/engine/dicom/pdu.ts';
import { associateRq, echoCommand, pdv, storeCommand, storeMessage } from '../support/dicom-bytes.ts';
import { makeDicomFile } from '../support/dicom-files.ts';
import { BytePeer, runPeer, startNode, type TestNode } from '../support/dicom-peers.ts';
import { needs } from '../support/tools.ts';

let node: TestNode;
let folder: string;

beforeEach(async () => {
  node = await startNode();
  folder = await mkdtemp(join(tmpdir(), 'edge-sync-dissect-'));
});

afterEach(async () => {
  await node.scp.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Packet {
  readonly from: 'peer' | 'node';
  readonly bytes: Buffer;
}

/** Plays a conversation through a relay that keeps what went each way, in order. */
async function record(play: (peer: BytePeer) => Promise<void>): Promise<readonly Packet[]> {
  const packets: Packet[] = [];
  const sockets: Socket[] = [];
  const relay = createServer((inside) => {
    const outside = connect(node.port, '127.0.0.1');
    sockets.push(inside, outside);
    for (const [socket, other, from] of [
      [inside, outside, 'peer'],
      [outside, inside, 'node'],
    ] as const) {
      socket.on('data', (bytes: Buffer) => {
        packets.push({ from, bytes });
        other.write(bytes);
      });
      socket.on('end', () => other.end());
      socket.on('error', () => undefined);
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const address = relay.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const peer = await BytePeer.connect(address.port);
  try {
    await play(peer);
  } finally {
    peer.vanish();
    for (const socket of sockets) socket.destroy();
    relay.close();
  }
  return packets;
}

/** A capture file (libpcap, Ethernet, IPv4, TCP) of the packets, as if recorded on the wire at port 11112. */
function capture(packets: readonly Packet[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20);
  const sequence = { peer: 1, node: 1 };
  const most = 16_000;
  const frames: Buffer[] = [];
  for (const { from, bytes } of packets) {
    for (let at = 0; at < bytes.length; at += most) {
      const data = bytes.subarray(at, at + most);
      frames.push(frame(from, sequence, data, frames.length));
      sequence[from] += data.length;
    }
  }
  return Buffer.concat([header, ...frames]);
}

function frame(
  from: Packet['from'],
  sequence: Readonly<Record<Packet['from'], number>>,
  data: Buffer,
  number: number,
): Buffer {
  const other = from === 'peer' ? 'node' : 'peer';
  const ethernet = Buffer.from('020000000001020000000002' + '0800', 'hex');
  const ip = Buffer.alloc(20);
  ip.writeUInt8(0x45, 0);
  ip.writeUInt16BE(40 + data.length, 2);
  ip.writeUInt8(64, 8);
  ip.writeUInt8(6, 9);
  ip.writeUInt32BE(from === 'peer' ? 0x0a000001 : 0x0a000002, 12);
  ip.writeUInt32BE(from === 'peer' ? 0x0a000002 : 0x0a000001, 16);
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(from === 'peer' ? 40_000 : 11_112, 0);
  tcp.writeUInt16BE(from === 'peer' ? 11_112 : 40_000, 2);
  tcp.writeUInt32BE(sequence[from], 4);
  tcp.writeUInt32BE(sequence[other], 8);
  tcp.writeUInt16BE(0x5018, 12);
  tcp.writeUInt16BE(0xffff, 14);
  const packet = Buffer.concat([ethernet, ip, tcp, data]);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(1_800_000_000, 0);
  header.writeUInt32LE(number, 4);
  header.writeUInt32LE(packet.length, 8);
  header.writeUInt32LE(packet.length, 12);
  return Buffer.concat([header, packet]);
}

/** What the dissector says of each packet, one line each. */
async function dissect(
  packets: readonly Packet[],
): Promise<{ readonly lines: string[]; readonly problems: string }> {
  const file = join(folder, 'exchange.pcap');
  await writeFile(file, capture(packets));
  const as = ['-r', file, '-d', 'tcp.port==11112,dicom'];
  const { output, exitCode } = await runPeer('tshark', [
    ...as,
    '-T',
    'fields',
    '-e',
    'tcp.srcport',
    '-e',
    '_ws.col.Protocol',
    '-e',
    '_ws.col.Info',
  ]);
  expect(exitCode).toBe(0);
  const problems = await runPeer('tshark', [
    ...as,
    ...['-Y', '_ws.malformed || (_ws.expert.severity >= 0x600000 && _ws.expert.group == 0x7000000)'],
  ]);
  return {
    lines: output.split('\n').filter((line) => line.includes('DICOM')),
    problems: problems.output
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('Running as'))
      .join('\n'),
  };
}

/** Of the lines that the node sent, those that say this. */
function said(lines: readonly string[], what: string): number {
  return lines.filter((line) => line.startsWith('11112') && line.includes(what)).length;
}

needs('tshark')("an exchange, seen by Wireshark's dissector,", () => {
  const { dataset, sopInstanceUid } = makeDicomFile({ pixelBytes: 40_000 });

  it('is whole: associate, echo, store, a refused store, release', async () => {
    const packets = await record(async (peer) => {
      peer.send(associateRq());
      expect((await peer.pdu(0)).type).toBe(2);
      peer.send(pdv(5, 'command', echoCommand));
      await peer.pdu(1);
      peer.send(storeMessage(dataset, { sopInstanceUid }));
      await peer.pdu(2);
      peer.send(
        pdv(1, 'command', storeCommand({ sopClassUid: '1.2.840.10008.5.1.4.1.1.2' })),
        pdv(1, 'dataset', dataset),
      );
      await peer.pdu(3);
      peer.send(encodeReleaseRequest());
      expect((await peer.pdu(4)).type).toBe(6);
    });
    const { lines, problems } = await dissect(packets);
    expect(problems).toBe('');
    expect(said(lines, 'A-ASSOCIATE accept')).toBe(1);
    expect(said(lines, 'C-ECHO-RSP')).toBe(1);
    expect(said(lines, 'C-STORE-RSP')).toBe(2);
    expect(said(lines, 'A-RELEASE response')).toBe(1);
  });

  it('is whole: a rejection', async () => {
    const packets = await record(async (peer) => {
      peer.send(associateRq({ calledAe: 'SOMEONE' }));
      expect((await peer.pdu(0)).type).toBe(3);
    });
    const { lines, problems } = await dissect(packets);
    expect(problems).toBe('');
    expect(said(lines, 'A-ASSOCIATE reject')).toBe(1);
  });

  it('is whole: an abort of ours for one that breaks the protocol', async () => {
    const packets = await record(async (peer) => {
      peer.send(associateRq());
      await peer.pdu(0);
      peer.send(associateRq());
      expect((await peer.pdu(1)).type).toBe(7);
    });
    const { lines, problems } = await dissect(packets);
    expect(problems).toBe('');
    expect(said(lines, 'ABORT')).toBe(1);
  });

  it('would be found malformed if it were: an acceptance with an item that is too long', async () => {
    const packets = await record(async (peer) => {
      peer.send(associateRq());
      await peer.pdu(0);
      peer.send(encodeAbort({ source: 'service-user', reason: 'not-specified' }));
    });
    const broken = packets.map((packet) => {
      const bytes = Buffer.from(packet.bytes);
      if (packet.from === 'node' && bytes[0] === 2) bytes.writeUInt16BE(0xfff0, 76);
      return { ...packet, bytes };
    });
    const whole = await dissect(packets);
    const damaged = await dissect(broken);
    expect(damaged.problems === '' && damaged.lines.join() === whole.lines.join()).toBe(false);
  });
});
