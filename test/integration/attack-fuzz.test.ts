/**
 * Mutated PDU streams: a slice in each run, 1,000,000 of each kind under test:soak. A stream that breaks something is
 * named by seed and number, which make it again.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Association } from '../../src/main/engine/dicom/association.ts';
import { MessageReader } from '../../src/main/engine/dicom/dimse-reader.ts';
import { decodeCommand } from '../../src/main/engine/dicom/dimse.ts';
import { createHeaderScanner } from '../../src/main/engine/dicom/header-scanner.ts';
import { decodeAssociateRequest } from '../../src/main/engine/dicom/pdu-associate.ts';
import { ProtocolError, rejections } from '../../src/main/engine/dicom/pdu.ts';
import { transferSyntaxes } from '../../src/main/engine/dicom/transfer-syntaxes.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { AttackedNode, mostGrowthBytes } from '../support/attacked-node.ts';
import { associateRq, echoCommand, storeCommand } from '../support/dicom-bytes.ts';
import { BytePeer } from '../support/dicom-peers.ts';
import { Dice, mutatedConversation, mutatedDataset } from '../support/mutations.ts';
import { soakCount, testSeed } from '../support/tools.ts';

const anHourMs = 3_600_000;
const full = 1_000_000;

/** Fails with the seed and number that make the input again. */
function broken(seed: number, number: number, error: unknown): Error {
  return new Error(`broken by seed ${seed}, number ${number}`, { cause: error });
}

describe('mutated streams', () => {
  it(
    'end every association of the protocol layers in order',
    { timeout: soakCount(120_000, anHourMs) },
    async () => {
      const seed = testSeed();
      const count = soakCount(20_000, full);
      const seen = new Map<string, number>();
      for (let number = 0; number < count; number += 1) {
        const how = await converse(mutatedConversation(seed, number), new Dice(seed, number)).catch(
          (error: unknown) => {
            throw broken(seed, number, error);
          },
        );
        seen.set(how, (seen.get(how) ?? 0) + 1);
      }
      console.log(`${count} mutated streams, seed ${seed}: ${JSON.stringify(Object.fromEntries(seen))}`);
      // A fuzzer that finds every stream right, or every one wrong, looks at nothing.
      expect(seen.get('released') ?? 0).toBeGreaterThan(count / 50);
      expect(seen.get('protocol-error') ?? 0).toBeGreaterThan(count / 50);
    },
  );

  it(
    'are understood or refused by the decoders, never anything else',
    { timeout: soakCount(120_000, anHourMs) },
    async () => {
      const seed = testSeed();
      const count = soakCount(20_000, full);
      const request = associateRq().subarray(6);
      for (let number = 0; number < count; number += 1) {
        const dice = new Dice(seed, number);
        try {
          refused(() => void decodeCommand(changed(dice.of([storeCommand(), echoCommand]), dice)));
          refused(() => void decodeAssociateRequest(changed(request, dice)));
          const scanner = createHeaderScanner(dice.of(plainSyntaxes));
          const dataset = mutatedDataset(dice);
          const middle = dice.below(dataset.length);
          await scanner.push(dataset.subarray(0, middle));
          await scanner.push(dataset.subarray(middle));
          await scanner.finish();
          scanner.close();
        } catch (error) {
          throw broken(seed, number, error);
        }
      }
    },
  );
});

describe('a node under mutated streams', () => {
  let node: AttackedNode;

  beforeAll(async () => {
    node = await AttackedNode.start();
  });

  afterEach(() => node.hangUp());

  it(
    'goes on: no crash, no error, no memory kept, no descriptor left',
    { timeout: soakCount(120_000, anHourMs) },
    async () => {
      const seed = testSeed();
      const count = soakCount(20_000, full);
      const lanes = 20;
      const { descriptors } = await node.facts();
      // The spool keeps some files open for what comes next, more after a busy time.
      const spare = 64;
      node.measureFromHere();
      await Promise.all(
        Array.from({ length: lanes }, async (_, lane) => {
          for (let number = lane; number < count; number += lanes) {
            const peer = await BytePeer.connect(node.port).catch((error: unknown) => {
              throw broken(seed, number, error);
            });
            peer.socket.end(mutatedConversation(seed, number));
            await peer.closed();
          }
        }),
      );
      const growthBytes = node.growthBytes;
      const facts = await node.factsWhere(
        (one) => one.associations === 0 && one.descriptors <= descriptors + spare,
      );
      expect(facts.errors, `seed ${seed}`).toEqual([]);
      expect(growthBytes, `seed ${seed}`).toBeLessThan(mostGrowthBytes);
      await node.storeHonestly();
      // What was whole and acknowledged is there too: how much, the mutations decide.
      node.alsoStored(facts.rows + 1 - node.sent);
    },
  );

  afterAll(() => node.finish());
});

const plainSyntaxes = transferSyntaxes.filter(({ family }) => family !== 'deflated').map(({ uid }) => uid);

function refused(decode: () => void): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

function changed(bytes: Buffer, dice: Dice): Buffer {
  const copy = Buffer.from(bytes.subarray(0, dice.below(4) === 0 ? dice.below(bytes.length) : bytes.length));
  for (let left = dice.below(4); left >= 0 && copy.length > 0; left -= 1)
    copy.writeUInt8(dice.of([0, 1, 2, 4, 0x10, 0x7f, 0x80, 0xff, dice.below(256)]), dice.below(copy.length));
  return copy;
}

/** One connection through association, messages and header scanner, as the acceptor strings them together. */
async function converse(bytes: Buffer, dice: Dice): Promise<string> {
  const clock = new FakeClock();
  const ends: string[] = [];
  let scanner = createHeaderScanner('1.2.840.10008.1.2.1');
  const messages = new MessageReader({
    command: (_contextId, command) => {
      if (command.tag === 'c-store-rq') {
        scanner.close();
        scanner = createHeaderScanner('1.2.840.10008.1.2.1');
      }
      return undefined;
    },
    dataset: (_position, piece) => scanner.push(piece),
  });
  const wire = { isClosed: false };
  const association = new Association({
    role: 'acceptor',
    clock,
    transport: {
      send: () => undefined,
      close: () => {
        wire.isClosed = true;
      },
    },
    user: {
      associateRequested: (request) =>
        request.calledAeTitle === 'EDGESYNC'
          ? {
              tag: 'accept',
              accept: {
                protocolVersion: 1,
                applicationContext: request.applicationContext,
                contexts: request.contexts.map(({ id, transferSyntaxes: [first = ''] }) => ({
                  id,
                  result: 'accepted',
                  transferSyntax: first,
                })),
                user: request.user,
                titleBlock: request.titleBlock,
              },
            }
          : { tag: 'reject', reject: rejections.calledAeTitleNotRecognized },
      associateAccepted: () => undefined,
      fragment: (contextId, kind, position, piece) => messages.fragment(contextId, kind, position, piece),
      ended: (end) => {
        ends.push(end.tag);
        if (end.tag === 'internal-error') throw end.cause;
      },
    },
  });
  association.accept();
  // Packets of any size.
  for (let at = 0; at < bytes.length && !wire.isClosed;) {
    const size = dice.below(4) === 0 ? bytes.length : 1 + dice.below(400);
    const wait = association.receive(bytes.subarray(at, at + size));
    if (wait !== undefined) await wait;
    at += size;
  }
  await scanner.finish();
  scanner.close();
  association.transportClosed();
  if (association.state !== 'sta1') throw new Error(`left in ${association.state}`);
  if (clock.waitingCount > 0) throw new Error('a timer is left');
  if (ends.length > 1) throw new Error(`ended ${ends.length} times`);
  return ends[0] ?? 'nothing';
}
