/** Attack: peers that drip, vanish, crowd and collide. The node runs in a process of its own, with the real intake. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeAbort, encodeReleaseRequest } from '../../src/main/engine/dicom/pdu.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { AttackedNode, underAttack } from '../support/attacked-node.ts';
import {
  abortIn,
  associated,
  associateRq,
  echoCommand,
  pdv,
  statusIn,
  storeCommand,
  storeMessage,
} from '../support/dicom-bytes.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { BytePeer, startNode, type TestNode, until } from '../support/dicom-peers.ts';

const abort = encodeAbort({ source: 'service-user', reason: 'not-specified' });

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe('a crowd', () => {
  let node: AttackedNode;

  beforeAll(async () => {
    node = await AttackedNode.start();
  });

  afterEach(() => node.hangUp());

  afterAll(() => node.finish());

  it('of 200 that send an association request byte by byte keeps nobody else out', async () => {
    const request = associateRq();
    await underAttack(node, async (stores) => {
      const slow = await Promise.all(Array.from({ length: 200 }, () => node.connected()));
      for (let at = 0; at < 40; at += 1) {
        for (const peer of slow) if (!peer.isClosed) peer.socket.write(request.subarray(at, at + 1));
        if (at % 10 === 0) {
          await stores();
          // One who comes only now gets in as well.
          await node.storeHonestly();
        }
        await pause(20);
      }
      // The oldest had to go for the newest.
      expect(slow.filter((peer) => !peer.isClosed).length).toBeLessThanOrEqual(64);
      expect(slow.every((peer) => peer.received.length === 0)).toBe(true);
    });
  });

  it('of 200 that stop in the middle of their data leaves those alone who have a place, and holds no memory', async () => {
    const message = storeMessage(makeDicomFile({ pixelBytes: 200_000 }).dataset);
    await underAttack(node, async (stores) => {
      const slow = await Promise.all(Array.from({ length: 200 }, () => node.connected()));
      for (const peer of slow) peer.send(associateRq());
      await Promise.all(
        slow.map((peer) => Promise.race([peer.pdu(0).catch(() => undefined), peer.closed()])),
      );
      const inside = slow.filter((peer) => peer.pdus()[0]?.type === 2);
      const rejected = slow.filter((peer) => peer.pdus()[0]?.type === 3);
      // All places but the honest sender's; whoever got an answer besides was told why not.
      expect(inside.length).toBe(24);
      for (const peer of rejected) expect([...(peer.pdus()[0]?.body ?? [])]).toEqual([0, 2, 3, 2]);
      for (const peer of inside) peer.send(message.subarray(0, 100_000));
      for (let at = 100_000; at < 100_040; at += 1) {
        for (const peer of inside) peer.socket.write(message.subarray(at, at + 1));
        if (at % 10 === 0) await stores();
        await pause(20);
      }
      expect(inside.every((peer) => !peer.isClosed)).toBe(true);
    });
  });

  it('of 500 that connect and vanish, half of them with an association, leaves no descriptor behind', async () => {
    // The spool keeps blank files open, as many as were ever wanted at once: here one for each place.
    const begun = storeMessage(makeDicomFile({ pixelBytes: 200_000 }).dataset).subarray(0, 100_000);
    const held = await Promise.all(Array.from({ length: 24 }, () => node.associated()));
    for (const peer of held) peer.send(begun);
    await node.storeHonestly();
    await node.hangUp();
    const { descriptors } = await node.facts();
    await underAttack(node, async (stores) => {
      for (let turn = 0; turn < 10; turn += 1) {
        const peers = await Promise.all(Array.from({ length: 50 }, () => node.connected()));
        for (const [index, peer] of peers.entries()) {
          if (index % 2 === 0) peer.send(associateRq());
          if (index % 4 === 0) peer.send(pdv(1, 'command', storeCommand()));
          peer.vanish();
        }
        await stores();
      }
    });
    await node.factsWhere((facts) => facts.associations === 0 && facts.descriptors <= descriptors);
  });

  it('of 500 associations one after another, released in order, leaves no descriptor behind', async () => {
    const { descriptors } = await node.facts();
    await underAttack(node, async (stores) => {
      for (let turn = 0; turn < 50; turn += 1) {
        const peers = await Promise.all(Array.from({ length: 10 }, () => node.associated()));
        for (const peer of peers) peer.send(pdv(5, 'command', echoCommand), encodeReleaseRequest());
        for (const peer of peers) {
          expect(statusIn((await peer.pdu(1)).body)).toBe(0);
          expect((await peer.pdu(2)).type).toBe(6);
          peer.socket.end();
        }
        if (turn % 10 === 0) await stores();
      }
    });
    await node.factsWhere((facts) => facts.associations === 0 && facts.descriptors <= descriptors);
  });

  it('of 24 that ask for echoes without reading the answers holds no more than its buffers', async () => {
    const echoes = Buffer.concat(Array<Buffer>(1_000).fill(pdv(5, 'command', echoCommand)));
    await underAttack(node, async (stores) => {
      const peers = await Promise.all(Array.from({ length: 24 }, () => node.associated()));
      for (const peer of peers) peer.socket.pause();
      for (let turn = 0; turn < 20; turn += 1) {
        for (const peer of peers) if (peer.socket.writableLength < 1_000_000) peer.socket.write(echoes);
        await pause(10);
      }
      await stores();
    });
  });

  it('of associations that are asked for again and again after their end is answered with one abort each', async () => {
    const again = Buffer.concat(Array<Buffer>(100_000).fill(Buffer.from('010000000000', 'hex')));
    await underAttack(node, async (stores) => {
      const peers = await Promise.all(Array.from({ length: 24 }, () => node.associated()));
      for (const peer of peers) peer.socket.pause();
      for (const peer of peers) peer.send(encodeReleaseRequest(), again);
      await stores();
      for (const peer of peers) {
        peer.socket.resume();
        expect((await peer.pdu(1)).type).toBe(6);
      }
      await stores();
      await pause(200);
      for (const peer of peers)
        expect(peer.pdus().filter(({ type }) => type === 7).length).toBeLessThanOrEqual(1);
    });
  });
});

describe('a sender that vanishes', () => {
  let node: AttackedNode;

  beforeAll(async () => {
    node = await AttackedNode.start();
  });

  afterAll(() => node.finish());

  const sopInstanceUid = testUid('vanishing');
  const { dataset } = makeDicomFile({ sopInstanceUid, pixelBytes: 2 });
  const conversation = Buffer.concat([
    associateRq(),
    pdv(1, 'command', storeCommand({ sopInstanceUid })),
    pdv(1, 'dataset', dataset.subarray(0, 100), 'more'),
    pdv(1, 'dataset', dataset.subarray(100)),
  ]);

  it.each(['closes', 'resets', 'aborts'] as const)(
    'at any byte of a small store leaves no row and no file, and is told nothing (%s)',
    async (how) => {
      const group = 20;
      await underAttack(node, async (stores) => {
        // Behind half a PDU an abort is data: the last place for one is before it could make the dataset whole.
        const end = how === 'aborts' ? conversation.length - abort.length : conversation.length;
        for (let start = 0; start < end; start += group) {
          const lengths = Array.from({ length: group }, (_, n) => start + n).filter((n) => n < end);
          await Promise.all(
            lengths.map(async (length) => {
              const peer = await BytePeer.connect(node.port);
              peer.send(conversation.subarray(0, length));
              if (how === 'resets') {
                // Let it arrive first: a reset throws away what lies in the buffers.
                await pause(5);
                peer.vanish();
              } else {
                if (how === 'aborts') peer.send(abort);
                peer.socket.end();
              }
              await peer.closed();
              expect(peer.pdus().filter(({ type }) => type === 4)).toEqual([]);
            }),
          );
        }
        await stores();
      });
      const facts = await node.factsWhere(({ associations }) => associations === 0);
      expect(facts.rows).toBe(node.sent);
      expect(facts.incidents['association-aborted']).toBeGreaterThan(0);
    },
  );
});

describe('a peer that drips, on a clock of its own,', () => {
  let clock: FakeClock;
  let node: TestNode;

  beforeEach(async () => {
    clock = new FakeClock();
    node = await startNode({ clock });
  });

  afterEach(async () => {
    await node.scp.stop();
    expect(node.intake.open).toBe(0);
    expect(clock.waitingCount).toBe(0);
  });

  it.each([
    ['in the middle of a command', pdv(1, 'command', storeCommand()), 20],
    ['in the middle of a PDU header', pdv(1, 'command', storeCommand()), 3],
    ['in the middle of a dataset', storeMessage(Buffer.alloc(50_000)), 2_000],
  ])('a byte a second %s is aborted after a minute', async (_where, bytes, start) => {
    const peers = await Promise.all(Array.from({ length: 25 }, () => associated(node.port)));
    for (const peer of peers) peer.send(bytes.subarray(0, start));
    await until(() => clock.waitingCount >= 25, 'every watch');
    await pause(50);
    for (let second = 0; second < 62; second += 1) {
      for (const peer of peers)
        if (!peer.isClosed) peer.socket.write(bytes.subarray(start + second, start + second + 1));
      await pause(2);
      await clock.advance(1_000);
    }
    for (const peer of peers) {
      expect(abortIn(await peer.pdu(1))).toEqual([0, 0]);
      peer.vanish();
    }
    await until(() => node.scp.activeAssociations === 0, 'places free again');
    const next = await associated(node.port);
    next.vanish();
    await until(() => node.scp.activeAssociations === 0, 'the last one gone');
  });
});

describe('ends that collide', () => {
  let node: TestNode;

  beforeEach(async () => {
    node = await startNode();
  });

  afterEach(async () => {
    await node.scp.stop();
    expect(node.intake.open).toBe(0);
  });

  it.each([
    ['a release and an abort in one packet', [encodeReleaseRequest(), abort], [6]],
    ['an abort and a release in one packet', [abort, encodeReleaseRequest()], []],
    ['two releases in one packet', [encodeReleaseRequest(), encodeReleaseRequest()], [6]],
    ['two aborts in one packet', [abort, abort], []],
    ['a release and data in one packet', [encodeReleaseRequest(), pdv(5, 'command', echoCommand)], [6]],
    ['data and a release in one packet', [pdv(5, 'command', echoCommand), encodeReleaseRequest()], [4, 6]],
    ['a release and a new association in one packet', [encodeReleaseRequest(), associateRq()], [6, 7]],
  ])('%s', async (_what, bytes, answers) => {
    const peer = await associated(node.port);
    peer.send(Buffer.concat(bytes));
    peer.socket.end();
    await peer.closed();
    expect(
      peer
        .pdus()
        .slice(1)
        .map(({ type }) => type),
    ).toEqual(answers);
    await until(() => node.scp.activeAssociations === 0, 'the end');
  });

  it('an abort that arrives while the image is being made durable: it is kept, and nobody is told', async () => {
    const gate = Promise.withResolvers<undefined>();
    node.intake.beforeFinish = () => gate.promise;
    const peer = await associated(node.port);
    peer.send(storeMessage(Buffer.alloc(100)), abort);
    await until(() => node.intake.sizeBytes === 100, 'the dataset taken');
    peer.socket.end();
    await pause(20);
    gate.resolve(undefined);
    await peer.closed();
    expect(peer.pdus()).toHaveLength(1);
    await until(() => node.intake.finished === 1, 'the end of the image');
  });
});
