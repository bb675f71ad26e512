import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeLogger } from '../../../../test/fakes/fake-logger.ts';
import { MemoryIntake } from '../../../../test/support/dicom-peers.ts';
import { soakCount, testSeed } from '../../../../test/support/tools.ts';
import { encodeCommand } from '../dicom/dimse.ts';
import { encodeAssociateRequest, encodeTitleBlock, ownUserInformation } from '../dicom/pdu-associate.ts';
import { encodePDataHeader, encodeReleaseRequest } from '../dicom/pdu.ts';
import { FairTurns } from './fair-turns.ts';
import { Acceptor } from './acceptor.ts';
import { loopbackOnly } from './admission.ts';
import { reportingWatch } from './caller-watch.ts';

const ct = '1.2.840.10008.5.1.4.1.1.2';

function pdv(kind: 'command' | 'dataset', position: 'more' | 'last', data: Buffer): Buffer {
  return Buffer.concat([encodePDataHeader(1, kind, position, data.length), data]);
}

function store(messageId: number): Buffer {
  const command = encodeCommand({
    tag: 'c-store-rq',
    messageId,
    sopClassUid: ct,
    sopInstanceUid: `1.2.${messageId}`,
    priority: 0,
    dataset: 'follows',
  });
  return Buffer.concat([
    pdv('command', 'last', command),
    pdv('dataset', 'more', Buffer.alloc(40)),
    pdv('dataset', 'last', Buffer.alloc(20)),
  ]);
}

const conversation = Buffer.concat([
  encodeAssociateRequest({
    protocolVersion: 1,
    calledAeTitle: 'EDGESYNC',
    callingAeTitle: 'CT1',
    applicationContext: '1.2.840.10008.3.1.1.1',
    contexts: [{ id: 1, abstractSyntax: ct, transferSyntaxes: ['1.2.840.10008.1.2.1'] }],
    user: ownUserInformation(
      { implementationClassUid: '1.2', implementationVersionName: 'TEST' },
      { roles: [], identity: 'none' },
    ),
    titleBlock: encodeTitleBlock('EDGESYNC', 'CT1'),
  }),
  store(1),
  pdv('command', 'last', encodeCommand({ tag: 'c-echo-rq', messageId: 2, sopClassUid: '1.2.840.10008.1.1' })),
  store(3),
  encodeReleaseRequest(),
]);

/** Plays a conversation to an acceptor over a pair of streams and hangs up. Returns what was left. */
async function play(
  chunks: readonly Buffer[],
): Promise<{ intake: MemoryIntake; clock: FakeClock; logger: FakeLogger }> {
  const [ours, theirs] = duplexPair();
  const clock = new FakeClock();
  const logger = new FakeLogger();
  const intake = new MemoryIntake();
  const work: Promise<unknown>[] = [];
  const closed = Promise.withResolvers<undefined>();
  const acceptor = new Acceptor(
    ours,
    { remoteAddress: '127.0.0.1', channel: { tag: 'plain' } },
    {
      intake,
      clock,
      logger,
      reportIncident: () => undefined,
      refusedClasses: { tell: () => undefined },
      callers: reportingWatch(() => undefined),
      aeTitle: 'EDGESYNC',
      authorize: loopbackOnly,
      turns: new FairTurns(clock, () => 1),
    },
    {
      claimPlace: () => undefined,
      associationEnded: () => undefined,
      connectionClosed: () => closed.resolve(undefined),
      settles: (one) => work.push(one),
    },
  );
  acceptor.start();
  theirs.resume();
  theirs.on('error', () => undefined);
  for (const chunk of chunks) theirs.write(chunk);
  // Time to be answered: hanging up ends the association at once, whatever is still under way.
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  theirs.end();
  await closed.promise;
  await Promise.allSettled(work);
  return { intake, clock, logger };
}

it('stores what an honest conversation sends', async () => {
  const { intake } = await play([conversation]);
  expect(intake.stored).toHaveLength(2);
});

it(
  'survives mutated conversations: no fault of ours, no open stream, no timer left',
  { timeout: soakCount(60_000, 4 * 3_600_000) },
  async () => {
    const mutation = fc.oneof(
      fc.record({ at: fc.nat(conversation.length - 1), value: fc.nat(255) }),
      fc.record({ at: fc.nat(conversation.length - 1), value: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(mutation, { maxLength: 5 }),
        fc.nat(conversation.length),
        fc.nat(conversation.length),
        async (mutations, cut, end) => {
          const bytes = Buffer.from(conversation);
          for (const { at, value } of mutations) bytes[at] = value;
          const { intake, clock, logger } = await play([
            bytes.subarray(0, cut),
            bytes.subarray(cut, cut + end),
          ]);
          expect(intake.open).toBe(0);
          expect(clock.waitingCount).toBe(0);
          expect(logger.lines.filter((line) => line.level === 'error')).toEqual([]);
        },
      ),
      { numRuns: soakCount(3_000, 1_000_000), seed: testSeed() },
    );
  },
);
