/** Receiving from peers that break the rules, byte by byte. Memory and streams are looked at, not only answers. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeCommand } from '../../src/main/engine/dicom/dimse.ts';
import {
  encodeAssociateRequest,
  encodeTitleBlock,
  ownUserInformation,
} from '../../src/main/engine/dicom/pdu-associate.ts';
import { encodePDataHeader, encodeReleaseRequest } from '../../src/main/engine/dicom/pdu.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { makeDicomFile } from '../support/dicom-files.ts';
import {
  BytePeer,
  endChild,
  runPeer,
  startNode,
  type TestNode,
  toNode,
  until,
} from '../support/dicom-peers.ts';
import { needs, soakCount, testSeed } from '../support/tools.ts';

const secondaryCapture = '1.2.840.10008.5.1.4.1.1.7';
const explicitLe = '1.2.840.10008.1.2.1';
const miB = 1_048_576;
/** Issue 3: growth under any of it. */
const mostGrowthBytes = 64 * miB;

let node: TestNode;

beforeEach(async () => {
  node = await startNode();
});

afterEach(async () => {
  await node.scp.stop();
  expect(node.intake.open).toBe(0);
});

function associateRq(change: { readonly abstractSyntax?: string; readonly calledAe?: string } = {}): Buffer {
  const calledAeTitle = change.calledAe ?? 'EDGESYNC';
  return encodeAssociateRequest({
    protocolVersion: 1,
    calledAeTitle,
    callingAeTitle: 'HOSTILE',
    applicationContext: '1.2.840.10008.3.1.1.1',
    contexts: [
      { id: 1, abstractSyntax: change.abstractSyntax ?? secondaryCapture, transferSyntaxes: [explicitLe] },
      { id: 3, abstractSyntax: '1.2.840.10008.5.1.4.1.2.1.1', transferSyntaxes: [explicitLe] },
    ],
    user: ownUserInformation(
      { implementationClassUid: '1.2', implementationVersionName: 'HOSTILE' },
      { roles: [], identity: 'none' },
    ),
    titleBlock: encodeTitleBlock(calledAeTitle, 'HOSTILE'),
  });
}

function pdv(
  contextId: number,
  kind: 'command' | 'dataset',
  data: Buffer,
  position = 'last' as 'more' | 'last',
) {
  return Buffer.concat([encodePDataHeader(contextId, kind, position, data.length), data]);
}

function storeCommand(
  change: { readonly sopClassUid?: string; readonly sopInstanceUid?: string } = {},
): Buffer {
  return encodeCommand({
    tag: 'c-store-rq',
    messageId: 1,
    sopClassUid: change.sopClassUid ?? secondaryCapture,
    sopInstanceUid: change.sopInstanceUid ?? '1.2.3',
    priority: 0,
    dataset: 'follows',
  });
}

/** (0000,0900) as it stands in a response. */
function statusElement(status: number): Buffer {
  return Buffer.from([0, 0, 0, 9, 2, 0, 0, 0, status & 0xff, status >> 8]);
}

async function associated(port = node.port): Promise<BytePeer> {
  const peer = await BytePeer.connect(port);
  peer.send(associateRq());
  expect((await peer.pdu(0)).type).toBe(2);
  return peer;
}

/** Source and reason of the A-ABORT that is the peer's PDU of this number. */
async function abortFrom(peer: BytePeer, number: number): Promise<[number, number]> {
  const { type, body } = await peer.pdu(number);
  expect(type).toBe(7);
  return [body.readUInt8(2), body.readUInt8(3)];
}

describe('a sender that vanishes', () => {
  const dataset = makeDicomFile({ pixelBytes: 64 }).dataset;
  const requestEnd = associateRq().length;
  const commandEnd = requestEnd + pdv(1, 'command', storeCommand()).length;
  /** The headers of its PDU (6 bytes) and PDV (6), and one byte: PS3.8 9.3.5. */
  const firstDatasetByte = commandEnd + 6 + 6 + 1;
  const conversation = Buffer.concat([
    associateRq(),
    pdv(1, 'command', storeCommand()),
    pdv(1, 'dataset', dataset.subarray(0, 100), 'more'),
    pdv(1, 'dataset', dataset.subarray(100)),
  ]);

  it.each(['closes', 'resets'] as const)(
    'at any byte of a small store leaves nothing stored and no stream open (%s)',
    async (how) => {
      node.intake.keeps = false;
      // Fewer than there are places: each is let in.
      const step = 20;
      for (let start = 0; start < conversation.length; start += step) {
        const lengths = Array.from({ length: step }, (_, n) => start + n).filter(
          (n) => n < conversation.length,
        );
        await Promise.all(
          lengths.map(async (length) => {
            const peer = await BytePeer.connect(node.port);
            peer.send(conversation.subarray(0, Math.min(length, requestEnd)));
            // As every sender does: what comes before the answer may end while the connection waits for its turn.
            if (length > requestEnd) {
              expect((await peer.pdu(0)).type).toBe(2);
              peer.send(conversation.subarray(requestEnd, length));
            }
            if (how === 'closes') peer.socket.end();
            else {
              // Let it arrive first: a reset throws away what lies in the buffers.
              await new Promise((resolve) => setTimeout(resolve, 10));
              peer.vanish();
            }
            await peer.closed();
            for (const { type, body } of peer.pdus()) expect(type === 4 ? body.toString('hex') : '').toBe('');
          }),
        );
      }
      await until(() => node.intake.open === 0 && node.scp.activeAssociations === 0, 'everything given up');
      expect(node.intake.finished).toBe(0);
      // A stream begins with the first byte of its dataset; a reset may overtake what was sent before it.
      if (how === 'closes') expect(node.intake.begun).toBe(conversation.length - firstDatasetByte);
      else expect(node.intake.begun).toBeGreaterThan(0);
      expect(node.intake.aborted).toBe(node.intake.begun);
      expect(node.incidents.length).toBeGreaterThan(0);
      expect(new Set(node.incidents.map((one) => one.code))).toEqual(new Set(['association-aborted']));
    },
  );

  it('is stored and acknowledged when every byte has come, in one-byte pieces too', async () => {
    const peer = await BytePeer.connect(node.port);
    for (const byte of conversation) peer.socket.write(Buffer.from([byte]));
    const answer = await peer.pdu(1);
    expect(answer.body.includes(statusElement(0x0000))).toBe(true);
    peer.vanish();
  });
});

describe('a peer that breaks the protocol', () => {
  it.each([
    ['data before an association', pdv(1, 'command', storeCommand()), [0, 0]],
    ['a release before an association', encodeReleaseRequest(), [0, 0]],
    ['a PDU of 4 GiB', Buffer.from('0100ffffffff', 'hex'), [0, 0]],
    ['TLS on the plain port', Buffer.from('16030102000100', 'hex'), [0, 0]],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), [0, 0]],
    ['an association request of 0 bytes', Buffer.from('010000000000', 'hex'), [0, 0]],
  ])('is aborted for %s', async (_what, bytes, expected) => {
    const peer = await BytePeer.connect(node.port);
    peer.send(bytes);
    expect(await abortFrom(peer, 0)).toEqual(expected);
    expect(node.intake.begun).toBe(0);
    peer.vanish();
  });

  it('is refused for a calling title with an escape in it, which is shown to nobody', async () => {
    const peer = await BytePeer.connect(node.port);
    const request = associateRq();
    encodeTitleBlock('EDGESYNC', 'CT\x1b[2J\r\nFAKE').copy(request, 10);
    peer.send(request);
    const { type, body } = await peer.pdu(0);
    expect([type, body.readUInt8(1), body.readUInt8(2), body.readUInt8(3)]).toEqual([3, 1, 1, 3]);
    expect(node.incidents).toMatchObject([
      { code: 'association-refused', subject: 'unreadable AE title@127.0.0.1' },
    ]);
    peer.vanish();
  });

  it.each([
    ['a P-DATA-TF of 4 GiB', Buffer.from('0400ffffffff', 'hex'), 6],
    ['a P-DATA-TF one byte too long', Buffer.from('040000020001', 'hex'), 6],
    ['a PDV of 4 GiB', Buffer.from('040000000010ffffffff0103', 'hex'), 6],
    ['a PDV of 0 bytes', Buffer.from('040000000010000000000103', 'hex'), 6],
    ['an unknown PDU', Buffer.from('ff0000000004', 'hex'), 1],
    ['a second association request', associateRq(), 2],
    ['data on a context that was rejected', pdv(3, 'command', storeCommand()), 6],
    ['data on a context that was never asked for', pdv(99, 'command', storeCommand()), 6],
    ['a dataset without a command', pdv(1, 'dataset', Buffer.from('xx')), 5],
    ['a command that is no command', pdv(1, 'command', Buffer.from('not a command')), 6],
    [
      'an answer nobody asked for',
      pdv(1, 'command', encodeCommand({ tag: 'c-echo-rsp', messageId: 1, sopClassUid: '1.2', status: 0 })),
      5,
    ],
    [
      'a command UID of 4 MB',
      Buffer.concat(Array.from({ length: 64 }, () => pdv(1, 'command', Buffer.alloc(65_536), 'more'))),
      6,
    ],
  ])('is aborted with a reason for %s', async (_what, bytes, reason) => {
    const peer = await associated();
    peer.send(bytes);
    expect(await abortFrom(peer, 1)).toEqual([2, reason]);
    expect(node.intake.begun).toBe(0);
    peer.vanish();
  });

  it.each([
    ['a command inside a dataset', pdv(1, 'command', storeCommand())],
    ['a dataset that changes its context', pdv(3, 'dataset', Buffer.from('xx'))],
    ['a lying PDV length', Buffer.from('040000000008000000090102aabb', 'hex')],
    ['a second association request', associateRq()],
    ['an abort', Buffer.from('07000000000400000000', 'hex')],
    ['a release request', encodeReleaseRequest()],
  ])('has its image thrown away for %s in the middle of it', async (_what, bytes) => {
    const peer = await associated();
    peer.send(pdv(1, 'command', storeCommand()), pdv(1, 'dataset', Buffer.from('begin '), 'more'), bytes);
    await until(() => node.intake.aborted === 1, 'the stream aborted');
    expect(node.intake.finished).toBe(0);
    expect(node.incidents.map((one) => one.code)).toEqual(['association-aborted']);
    expect(peer.pdus().some(({ type }) => type === 4)).toBe(false);
    peer.vanish();
  });

  it.each([
    ['another class than the one negotiated', { sopClassUid: '1.2.840.10008.5.1.4.1.1.2' }, 0x0122],
    ['an instance UID with a NUL inside', { sopInstanceUid: '1.2\0.3' }, 0xc000],
    ['an instance UID of 65 characters', { sopInstanceUid: '1'.repeat(65) }, 0xc000],
    ['no instance UID', { sopInstanceUid: '' }, 0xc000],
  ])('is answered, not aborted, for %s', async (_what, change, expected) => {
    const peer = await associated();
    peer.send(pdv(1, 'command', storeCommand(change)), pdv(1, 'dataset', Buffer.alloc(1_000)));
    const { type, body } = await peer.pdu(1);
    expect(type).toBe(4);
    expect(body.includes(statusElement(expected))).toBe(true);
    expect(node.intake.begun).toBe(0);
    peer.send(encodeReleaseRequest());
    expect((await peer.pdu(2)).type).toBe(6);
  });

  it('is told that an operation is not recognised, after its dataset, and may go on', async () => {
    const peer = await associated();
    const find = encodeCommand({
      tag: 'other-rq',
      commandField: 0x0020,
      messageId: 5,
      sopClassUid: secondaryCapture,
      dataset: 'follows',
    });
    peer.send(pdv(1, 'command', find), pdv(1, 'dataset', Buffer.alloc(500)));
    expect((await peer.pdu(1)).body.includes(statusElement(0x0211))).toBe(true);
    peer.send(pdv(1, 'command', storeCommand()), pdv(1, 'dataset', Buffer.from('data')));
    await peer.pdu(2);
    expect(node.intake.stored).toHaveLength(1);
    peer.vanish();
  });
});

describe('a peer that stands still', () => {
  let clock: FakeClock;
  let timed: TestNode;

  beforeEach(async () => {
    clock = new FakeClock();
    timed = await startNode({ clock });
  });

  afterEach(async () => {
    await timed.scp.stop();
    expect(timed.intake.open).toBe(0);
  });

  it('is cut 30 s after connecting when it asks for no association, however it drips', async () => {
    const peer = await BytePeer.connect(timed.port);
    peer.send(associateRq().subarray(0, 20));
    await until(() => clock.waitingCount > 0, 'the ARTIM timer');
    await clock.advance(29_000);
    peer.send(associateRq().subarray(20, 21));
    expect(peer.isClosed).toBe(false);
    await clock.advance(1_000);
    await peer.closed();
  });

  it('is aborted after 60 s of silence in an association', async () => {
    const peer = await associated(timed.port);
    await clock.advance(60_000);
    expect(await abortFrom(peer, 1)).toEqual([0, 0]);
    peer.vanish();
  });

  it('has its image thrown away when less than 4 KB/s of it come over 60 s', async () => {
    const peer = await associated(timed.port);
    peer.send(pdv(1, 'command', storeCommand()));
    for (let second = 0; second <= 60; second += 2) {
      const before = timed.intake.sizeBytes;
      peer.send(pdv(1, 'dataset', Buffer.alloc(1_000), 'more'));
      await until(() => timed.intake.sizeBytes > before || timed.intake.aborted > 0, 'the piece taken');
      await clock.advance(2_000);
    }
    expect(await abortFrom(peer, 1)).toEqual([0, 0]);
    expect(timed.intake.aborted).toBe(1);
    expect(timed.incidents.map((one) => one.code)).toEqual(['association-aborted']);
    peer.vanish();
  });

  it('is not blamed for an intake that takes an hour', async () => {
    const peer = await associated(timed.port);
    const gate = Promise.withResolvers<undefined>();
    timed.intake.beforeFinish = () => gate.promise;
    peer.send(pdv(1, 'command', storeCommand()), pdv(1, 'dataset', Buffer.from('data')));
    await until(() => timed.intake.sizeBytes > 0, 'the dataset taken');
    await clock.advance(3_600_000);
    gate.resolve(undefined);
    expect((await peer.pdu(1)).body.includes(statusElement(0x0000))).toBe(true);
    peer.vanish();
  });
});

describe('limits', () => {
  it('reject the association after the last allowed one with 2/3/2 and take one again when a place is free', async () => {
    const small = await startNode({ maxAssociations: 3 });
    try {
      const peers = await Promise.all([0, 1, 2].map(() => associated(small.port)));
      const fourth = await BytePeer.connect(small.port);
      fourth.send(associateRq());
      const { type, body } = await fourth.pdu(0);
      expect([type, ...body]).toEqual([3, 0, 2, 3, 2]);
      expect(small.incidents).toMatchObject([{ code: 'association-limit', subject: 'HOSTILE@127.0.0.1' }]);
      peers[0]!.send(encodeReleaseRequest());
      await peers[0]!.pdu(1);
      const fifth = await associated(small.port);
      for (const peer of [...peers, fourth, fifth]) peer.vanish();
    } finally {
      await small.scp.stop();
    }
  });

  it('keep room for honest callers while 200 connections say nothing', async () => {
    const silent = await Promise.all(Array.from({ length: 200 }, () => BytePeer.connect(node.port)));
    for (const peer of silent) peer.send(Buffer.from([1]));
    const honest = await associated();
    honest.send(pdv(1, 'command', storeCommand()), pdv(1, 'dataset', Buffer.from('data')));
    await honest.pdu(1);
    expect(node.intake.stored).toHaveLength(1);
    await until(() => silent.filter((peer) => !peer.isClosed).length <= 64, 'the oldest cut');
    for (const peer of [...silent, honest]) peer.vanish();
  });

  it('leave nothing behind after 500 rapid reconnects', async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      const peers = await Promise.all(Array.from({ length: 50 }, () => BytePeer.connect(node.port)));
      for (const [index, peer] of peers.entries()) {
        if (index % 2 === 0) peer.send(associateRq());
        peer.vanish();
      }
    }
    await until(() => node.scp.activeAssociations === 0, 'no association left');
    const honest = await associated();
    honest.vanish();
  });

  it('hold the memory of a peer that asks without ever reading the answers', async () => {
    const peer = await associated();
    peer.socket.pause();
    const echo = pdv(
      1,
      'command',
      encodeCommand({ tag: 'c-echo-rq', messageId: 1, sopClassUid: '1.2.840.10008.1.1' }),
    );
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => echo));
    const before = process.memoryUsage().rss;
    let isFull = false;
    for (let turn = 0; turn < 2_000 && !isFull; turn += 1) {
      if (!peer.socket.write(many)) {
        isFull = await Promise.race([
          new Promise<boolean>((resolve) => peer.socket.once('drain', () => resolve(false))),
          new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 500)),
        ]);
      }
    }
    expect(isFull).toBe(true);
    expect(process.memoryUsage().rss - before).toBeLessThan(mostGrowthBytes);
    peer.vanish();
  });
});

needs('dcmtk')('a slow intake', () => {
  it('holds a fast sender back: 200 MB pass through less than 64 MB', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'edge-sync-slow-'));
    // In a process of its own, whose memory nothing else moves.
    const child = spawn(process.execPath, [join(import.meta.dirname, '../support/slow-node.ts')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const port = Number((await lines.next()).value);
      const file = makeDicomFile({ pixelBytes: 200 * miB });
      await writeFile(join(folder, 'big.dcm'), file.bytes);
      const run = await runPeer('storescu', [...toNode(port), join(folder, 'big.dcm')]);
      expect(run.exitCode).toBe(0);
      child.stdin.end();
      const seen = JSON.parse((await lines.next()).value ?? '') as { sizeBytes: number; growthBytes: number };
      console.log(`slow intake: resident growth ${Math.round(seen.growthBytes / miB)} MiB for 200 MiB`);
      expect(seen.sizeBytes).toBe(file.dataset.length);
      expect(seen.growthBytes).toBeLessThan(mostGrowthBytes);
    } finally {
      await endChild(child);
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('mutated streams', () => {
  it('never crash the node or leak a stream', { timeout: soakCount(120_000, 3_600_000) }, async () => {
    const good = Buffer.concat([
      associateRq(),
      pdv(1, 'command', storeCommand()),
      pdv(1, 'dataset', Buffer.alloc(300), 'more'),
      pdv(1, 'dataset', Buffer.alloc(100)),
      encodeReleaseRequest(),
    ]);
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    const seed = testSeed();
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.nat(good.length),
        async (changes, cut) => {
          const bytes = Buffer.from(good);
          for (const [at, value] of changes) bytes[at] = value;
          const peer = await BytePeer.connect(node.port);
          peer.socket.end(cut % 2 === 0 ? bytes : bytes.subarray(0, cut));
          await peer.closed();
        },
      ),
      { numRuns: soakCount(400, 100_000), seed },
    );
    await until(() => node.scp.activeAssociations === 0, 'no association left');
    expect(node.logger.lines.filter((line) => line.level === 'error')).toEqual([]);
  });
});
