/** Storage commitment over real sockets: what is answered to N-ACTION, what results say, and how they are delivered. */
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requestLimits } from '../../src/main/engine/commitment/commitment-request.ts';
import {
  encodeCommitmentRequest,
  failureReason,
  type ReferencedInstance,
} from '../../src/main/engine/dicom/commitment-dataset.ts';
import { type DimseCommand, status } from '../../src/main/engine/dicom/dimse.ts';
import {
  storageCommitmentPushSopClass,
  storageCommitmentPushSopInstance,
  verificationSopClass,
} from '../../src/main/engine/dicom/sop-classes.ts';
import { requestCommitment } from '../../src/main/engine/send/commit.ts';
import { Requestor } from '../../src/main/engine/send/requestor.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { newInstance } from '../support/queue-kit.ts';
import { CommitmentRig, ctImage, named } from '../support/commitment-rig.ts';
import { freePort } from '../support/dicom-peers.ts';

const clock = new SystemClock();
const random = new SystemRandom();
const day = 24 * 3_600_000;
const little = { order: 'little', vr: 'implicit' } as const;
const implicit = '1.2.840.10008.1.2';

let rig: CommitmentRig;

beforeEach(async () => {
  rig = await CommitmentRig.start();
});

afterEach(() => rig.dispose());

function peer(callingAe = 'CT_ROOM_1') {
  return { host: '127.0.0.1', port: rig.port, callingAe, calledAe: 'EDGESYNC' };
}

/** Asks and waits on the same association, while the rig's time goes on. */
async function ask(references: readonly ReferencedInstance[], waitMs = 20_000) {
  const asking = requestCommitment({ peer: peer(), references, waitMs, clock, random });
  let isOver = false;
  const over = (): void => void (isOver = true);
  asking.then(over, over);
  await rig.until(() => isOver, 'the request ends');
  return asking;
}

type Action = Extract<DimseCommand, { tag: 'n-action-rq' }>;

/** One N-ACTION as given, over an association of its own; the association ends after the answer. */
async function act(
  wishes: Partial<Action>,
  dataset: Buffer | undefined,
  callingAe?: string,
): Promise<number> {
  const contexts = [
    { id: 1, abstractSyntax: storageCommitmentPushSopClass, transferSyntaxes: [implicit] },
    { id: 3, abstractSyntax: ctImage, transferSyntaxes: [implicit] },
    { id: 5, abstractSyntax: verificationSopClass, transferSyntaxes: [implicit] },
  ];
  const requestor = await Requestor.open({ peer: peer(callingAe), contexts, clock });
  try {
    const command: Action = {
      tag: 'n-action-rq',
      messageId: requestor.nextMessageId,
      sopClassUid: storageCommitmentPushSopClass,
      sopInstanceUid: storageCommitmentPushSopInstance,
      actionTypeId: 1,
      dataset: dataset === undefined ? 'none' : 'follows',
      ...wishes,
    };
    const answer = await requestor.request(1, command, dataset && pieces(dataset), undefined);
    return 'status' in answer ? answer.status : -1;
  } finally {
    await requestor.release();
  }
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

function request(transactionUid: string, references: readonly ReferencedInstance[]): Buffer {
  return encodeCommitmentRequest(little, transactionUid, references);
}

describe('an N-ACTION', () => {
  it('is answered at once, before its images are verified, and is kept', async () => {
    await rig.receive('1');
    expect(await act({}, request('1.2.9.1', named('1')))).toBe(status.success);
    expect(await rig.queue.commitments.open()).toMatchObject([{ callingAeTitle: 'CT_ROOM_1', total: 1 }]);
  });

  it.each([
    ['another action type', { actionTypeId: 2 }, 0x0123],
    ['another SOP Instance', { sopInstanceUid: '1.2.840.10008.1.20.1.2' }, 0x0112],
    ['another SOP Class', { sopClassUid: ctImage }, 0x0118],
  ] as const)('with %s is refused', async (_what, wishes, expected) => {
    expect(await act(wishes, request('1.2.9.1', named('1')))).toBe(expected);
    expect(await rig.queue.commitments.open()).toEqual([]);
  });

  it.each([
    ['no dataset', undefined, 0x0120],
    ['an empty dataset', Buffer.alloc(0), 0x0120],
    ['no Referenced SOP Sequence', request('1.2.9.1', []), 0x0120],
    ['an empty Referenced SOP Sequence', Buffer.concat([request('1.2.9.1', []), emptySequence()]), 0x0115],
    ['no Transaction UID', request('1.2.9.1', named('1')).subarray(8 + 8), 0x0120],
    ['an empty Transaction UID', request('', named('1')), 0x0121],
    ['a Transaction UID that is none', request('../etc/passwd \u0001', named('1')), 0x0115],
    ['an instance without a class', request('1.2.9.1', [{ sopClassUid: '', sopInstanceUid: '1.2' }]), 0x0121],
    ['an element too long for any request', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 0x0213],
    ['a sequence of something else than items', notItems(), 0x0110],
    ['a dataset that is cut off', request('1.2.9.1', named('1')).subarray(0, -3), 0x0110],
  ] as const)('with %s is refused', async (_what, dataset, expected) => {
    expect(await act({}, dataset)).toBe(expected);
    expect(await rig.queue.commitments.open()).toEqual([]);
  });

  it('that names more instances than fit is refused for lack of resources', async () => {
    const many = Array.from(
      { length: requestLimits.maxReferences + 1 },
      (_, index) => named(String(index))[0]!,
    );
    expect(await act({}, request('1.2.9.1', many))).toBe(0x0213);
    expect(rig.incidents).toMatchObject([{ code: 'commitment-refused', subject: 'CT_ROOM_1@127.0.0.1' }]);
    expect(await act({}, request('1.2.9.1', many.slice(1)))).toBe(status.success);
    expect(await rig.queue.commitments.open()).toMatchObject([{ total: requestLimits.maxReferences }]);
  });

  it('may come again under its Transaction UID and is one request', async () => {
    await rig.receive('1');
    const dataset = request('1.2.9.1', named('1'));
    expect(await act({}, dataset)).toBe(status.success);
    expect(await act({}, dataset)).toBe(status.success);
    expect(await rig.queue.commitments.open()).toHaveLength(1);
  });

  it('does not end the association when it is refused, and storing goes on', async () => {
    const contexts = [
      { id: 1, abstractSyntax: storageCommitmentPushSopClass, transferSyntaxes: [implicit] },
      { id: 3, abstractSyntax: verificationSopClass, transferSyntaxes: [implicit] },
    ];
    const requestor = await Requestor.open({ peer: peer(), contexts, clock });
    const command: Action = {
      ...{ tag: 'n-action-rq', messageId: 7, sopClassUid: storageCommitmentPushSopClass },
      ...{ sopInstanceUid: storageCommitmentPushSopInstance, actionTypeId: 9, dataset: 'none' },
    };
    await expect(requestor.request(1, command, undefined, undefined)).resolves.toMatchObject({
      status: 0x0123,
    });
    const echo = { tag: 'c-echo-rq', messageId: 8, sopClassUid: verificationSopClass } as const;
    await expect(requestor.request(3, echo, undefined, undefined)).resolves.toMatchObject({ status: 0 });
    await requestor.release();
  });
});

function notItems(): Buffer {
  return Buffer.concat([
    Buffer.from([0x08, 0x00, 0x99, 0x11, 16, 0, 0, 0]),
    Buffer.from([0x08, 0x00, 0x50, 0x11, 8, 0, 0, 0]),
    Buffer.from('1.2.3.4\0'),
  ]);
}

function emptySequence(): Buffer {
  return Buffer.from([0x08, 0x00, 0x99, 0x11, 0, 0, 0, 0]);
}

describe('a result on the association that asked', () => {
  it('commits what is verified', async () => {
    await rig.receive('1', '2');
    await rig.kit.verifyAll();
    expect(await ask(named('1', '2'))).toEqual({ tag: 'answered', committed: named('1', '2'), failed: [] });
    expect(rig.incidents).toEqual([]);
    await rig.until(() => rig.service.openCount === 0, 'the request ends');
    expect(rig.queue.commitments.committedBySource()).toEqual(new Map([['CT_ROOM_1', 2]]));
  });

  it('comes only after the last image is verified', async () => {
    await rig.receive('1');
    await rig.kit.verifyAll();
    await rig.receive('2');
    const asking = requestCommitment({
      ...{ peer: peer(), references: named('1', '2'), waitMs: 30_000, clock, random },
    });
    await rig.until(() => rig.service.openCount === 1, 'the request is recorded');
    await rig.kit.clock.advance(60_000);
    expect(rig.logger.lines.some(({ event }) => event === 'commitment delivered')).toBe(false);
    await rig.kit.verifyAll();
    await rig.until(() => rig.service.openCount === 0, 'the answer is delivered');
    expect(await asking).toMatchObject({ tag: 'answered', failed: [] });
  });

  it('says per instance why it is not committed, and staff hear of it', async () => {
    await rig.receive('1', '2');
    await rig.kit.verifyAll();
    const otherClass = { sopClassUid: '1.2.840.10008.5.1.4.1.1.6.1', sopInstanceUid: '1.2.3.2' };
    const noStorage = { sopClassUid: '1.2.840.10008.5.1.4.34.6.1', sopInstanceUid: '1.2.3.77' };
    const report = await ask([...named('1', 'unknown'), otherClass, noStorage]);
    expect(report).toEqual({
      tag: 'answered',
      committed: named('1'),
      failed: [
        { ...named('unknown')[0], failureReason: failureReason.noSuchInstance },
        { ...otherClass, failureReason: failureReason.classInstanceConflict },
        { ...noStorage, failureReason: failureReason.sopClassNotSupported },
      ],
    });
    expect(rig.incidents).toMatchObject([
      {
        code: 'commitment-failed',
        subject: 'CT_ROOM_1@127.0.0.1',
        detail: '3 of 4 images that CT_ROOM_1 asked about',
      },
    ]);
    expect(JSON.stringify([rig.incidents, rig.logger.lines])).not.toContain('1.2.3.');
  });

  it('waits for an image that comes while the device asks already', async () => {
    const asking = requestCommitment({
      ...{ peer: peer(), references: named('late'), waitMs: 30_000, clock, random },
    });
    await rig.until(() => rig.service.openCount === 1, 'the request is recorded');
    await rig.receive('late');
    await rig.kit.verifyAll();
    await rig.until(() => rig.service.openCount === 0, 'the answer is delivered');
    expect(await asking).toEqual({ tag: 'answered', committed: named('late'), failed: [] });
  });

  it('fails what is not verified after seven days, and not an hour before', async () => {
    await rig.receive('1', '2');
    expect(await act({}, request('1.2.9.1', named('1', '2', 'unknown')))).toBe(status.success);
    await rig.until(() => rig.service.openCount === 1, 'the request is recorded');
    await rig.kit.clock.advance(7 * day - 3_600_000);
    expect(await rig.queue.commitments.open()).toMatchObject([{ readyAtMs: null }]);
    const asking = Requestor.open({
      peer: peer(),
      contexts: [{ id: 1, abstractSyntax: storageCommitmentPushSopClass, transferSyntaxes: [implicit] }],
      clock,
      eventReports: inbox(),
    });
    const requestor = await asking;
    await rig.kit.clock.advance(2 * 3_600_000);
    await rig.until(() => rig.service.openCount === 0, 'the answer is delivered');
    await requestor.release();
    expect(events).toEqual([2]);
    expect(rig.incidents).toMatchObject([{ code: 'commitment-failed' }]);
    expect(rig.queue.commitments.days('2026-01-01')).toMatchObject([{ named: 2, committed: 0 }]);
  });

  it('refuses another request under a Transaction UID in use, instance by instance', async () => {
    await rig.receive('1', '2');
    expect(await act({}, request('1.2.9.1', named('1')))).toBe(status.success);
    await rig.kit.verifyAll();
    const requestor = await Requestor.open({
      peer: peer(),
      contexts: [{ id: 1, abstractSyntax: storageCommitmentPushSopClass, transferSyntaxes: [implicit] }],
      clock,
      eventReports: inbox(),
    });
    const command: Action = {
      ...{ tag: 'n-action-rq', messageId: 1, sopClassUid: storageCommitmentPushSopClass },
      ...{ sopInstanceUid: storageCommitmentPushSopInstance, actionTypeId: 1, dataset: 'follows' },
    };
    const dataset = pieces(request('1.2.9.1', named('2')));
    await expect(requestor.request(1, command, dataset, undefined)).resolves.toMatchObject({ status: 0 });
    await rig.until(() => events.length === 2, 'both results are delivered');
    expect(events.sort()).toEqual([1, 2]);
    await requestor.release();
  });
});

let events: number[] = [];

/** Takes every result and notes its event type. */
function inbox() {
  events = [];
  return {
    begin: (_contextId: number, { eventTypeId }: { readonly eventTypeId: number }) =>
      void events.push(eventTypeId),
    dataset: () => undefined,
    end: () => status.success,
  };
}

describe('delivery', () => {
  it('goes on after a restart, with what was asked before it', async () => {
    await rig.receive('1');
    expect(await act({}, request('1.2.9.1', named('1')))).toBe(status.success);
    await rig.restart();
    expect(rig.service.openCount).toBe(1);
    await rig.kit.verifyAll();
    const requestor = await Requestor.open({
      peer: peer(),
      contexts: [{ id: 1, abstractSyntax: storageCommitmentPushSopClass, transferSyntaxes: [implicit] }],
      clock,
      eventReports: inbox(),
    });
    await rig.until(() => rig.service.openCount === 0, 'the answer is delivered');
    expect(events).toEqual([1]);
    await requestor.release();
  });

  it('tells nobody but the device that asked', async () => {
    await rig.receive('1');
    await rig.kit.verifyAll();
    expect(await act({}, request('1.2.9.1', named('1')))).toBe(status.success);
    const requestor = await Requestor.open({
      peer: peer('OTHER'),
      contexts: [{ id: 1, abstractSyntax: storageCommitmentPushSopClass, transferSyntaxes: [implicit] }],
      clock,
      eventReports: inbox(),
    });
    await rig.kit.clock.advance(10 * 60_000);
    expect(rig.service.openCount).toBe(1);
    expect(events).toEqual([]);
    await requestor.release();
  });

  it('is tried with growing pauses while the device is away, and given up after seven more days', async () => {
    await rig.receive('1');
    await rig.kit.verifyAll();
    rig.endpoint = { host: '127.0.0.1', port: await freePort(), channel: 'plain' };
    expect(await act({}, request('1.2.9.1', named('1')))).toBe(status.success);
    await rig.until(() => rig.connections === 5, 'five attempts', 10_000);
    const [open] = await rig.queue.commitments.open();
    expect((open?.nextAttemptAtMs ?? 0) - rig.kit.clock.nowMs()).toBeGreaterThan(60_000);
    await rig.until(() => rig.service.openCount === 0, 'it is given up', 3_600_000);
    expect(rig.incidents).toMatchObject([{ code: 'commitment-undelivered', subject: 'CT_ROOM_1@127.0.0.1' }]);
    expect(rig.queue.commitments.days('2026-01-01')).toEqual([]);
  });

  it('falls back to the association that asked when the device refuses our role', async () => {
    await rig.receive('1');
    await rig.kit.verifyAll();
    // Another node of our kind takes storage commitment, and nobody else as its provider.
    const other = await CommitmentRig.start();
    try {
      rig.endpoint = { host: '127.0.0.1', port: other.port, channel: 'plain', aeTitle: 'EDGESYNC' };
      expect(await ask(named('1'))).toEqual({ tag: 'answered', committed: named('1'), failed: [] });
      expect(rig.connections).toBe(1);
      expect(other.logger.lines.some(({ event }) => event === 'association ended')).toBe(true);
    } finally {
      await other.dispose();
    }
  });

  it('falls back to the association that asked when nobody is at the endpoint', async () => {
    await rig.receive('1');
    await rig.kit.verifyAll();
    rig.endpoint = { host: '127.0.0.1', port: await freePort(), channel: 'plain' };
    expect(await ask(named('1'))).toMatchObject({ tag: 'answered', failed: [] });
  });

  it('says what is true when it is delivered: a cloud copy found damaged meanwhile is not committed', async () => {
    await rig.receive('1');
    await rig.kit.verifyAll();
    rig.endpoint = { host: '127.0.0.1', port: await freePort(), channel: 'plain' };
    expect(await act({}, request('1.2.9.1', named('1')))).toBe(status.success);
    await rig.until(() => rig.connections >= 1, 'one attempt');
    const [row] = [...rig.queue.instances({ tag: 'all' })];
    await rig.queue.markParked(row?.instanceId ?? 0, 'cloud', 'object-tampered', undefined);
    const [{ id } = { id: 0 }] = await rig.queue.commitments.open();
    await rig.until(() => rig.queue.commitments.facts(id)?.readyAtMs === null, 'it is waited for again');
    expect(rig.queue.commitments.facts(id)).toMatchObject({ unsettled: 1 });
  });

  it('does not hang on a device that takes the connection and says nothing', async () => {
    const silent: Server = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      await rig.receive('1');
      await rig.kit.verifyAll();
      rig.endpoint = { host: '127.0.0.1', port, channel: 'plain' };
      expect(await act({}, request('1.2.9.1', named('1')))).toBe(status.success);
      await rig.until(() => rig.connections === 2, 'a second attempt', 1_000);
      await rig.restart();
      expect(rig.service.openCount).toBe(1);
    } finally {
      silent.close();
    }
  });

  it('takes images under one UID with two contents only when both are verified', async () => {
    await rig.receive('1');
    await rig.kit.verifyAll();
    await rig.queue.recordReceived(newInstance('1b', 'study-1', { details: { sopInstanceUid: '1.2.3.1' } }));
    const asking = requestCommitment({
      ...{ peer: peer(), references: named('1'), waitMs: 30_000, clock, random },
    });
    await rig.until(() => rig.service.openCount === 1, 'the request is recorded');
    await rig.kit.clock.advance(60_000);
    expect(rig.service.openCount).toBe(1);
    await rig.kit.verifyAll();
    await rig.until(() => rig.service.openCount === 0, 'the answer is delivered');
    expect(await asking).toMatchObject({ tag: 'answered', failed: [] });
  });
});

/** An association on which results are taken. */
async function listening(callingAe?: string): Promise<Requestor> {
  const syntaxes = [storageCommitmentPushSopClass, verificationSopClass];
  return Requestor.open({
    peer: peer(callingAe),
    contexts: syntaxes.map((abstractSyntax, index) => ({
      ...{ id: index * 2 + 1, abstractSyntax, transferSyntaxes: [implicit] },
    })),
    clock,
    eventReports: inbox(),
  });
}

async function actOn(requestor: Requestor, dataset: Buffer): Promise<number> {
  const command: Action = {
    ...{ tag: 'n-action-rq', messageId: requestor.nextMessageId, actionTypeId: 1, dataset: 'follows' },
    ...{ sopClassUid: storageCommitmentPushSopClass, sopInstanceUid: storageCommitmentPushSopInstance },
  };
  const answer = await requestor.request(1, command, pieces(dataset), undefined);
  return 'status' in answer ? answer.status : -1;
}

describe('while a result waits for a pause of the device', () => {
  it('it says what is true when it is sent: a second content that came meanwhile is not committed', async () => {
    await rig.receive('1');
    await rig.kit.verifyAll();
    const requestor = await listening();
    expect(await actOn(requestor, request('1.2.9.1', named('1')))).toBe(status.success);
    // Busy for longer than it takes to look at the request and to begin its delivery.
    for (let turn = 0; turn < 8; turn += 1) {
      const echo = { tag: 'c-echo-rq', sopClassUid: verificationSopClass, dataset: 'none' } as const;
      await requestor.request(3, { ...echo, messageId: requestor.nextMessageId }, undefined, undefined);
      await rig.kit.clock.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(events).toEqual([]);
    await rig.queue.recordReceived(newInstance('1b', 'study-1', { details: { sopInstanceUid: '1.2.3.1' } }));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(events).toEqual([]);
    await rig.kit.verifyAll();
    await rig.until(() => rig.service.openCount === 0, 'the answer is delivered');
    expect(events).toEqual([1]);
    await requestor.release();
  });
});

describe('a device whose pairing ended while its association is open', () => {
  it('is served no longer, and told nothing', async () => {
    rig.deviceId = 'd'.repeat(32);
    await rig.receive('1');
    await rig.kit.verifyAll();
    const requestor = await listening();
    expect(await actOn(requestor, request('1.2.9.1', named('1')))).toBe(status.success);
    rig.isWelcome = false;
    expect(await actOn(requestor, request('1.2.9.2', named('1')))).toBe(0x0124);
    await rig.until(
      () => rig.logger.lines.some(({ event }) => event === 'commitment not delivered'),
      'the delivery is refused',
    );
    expect(events).toEqual([]);
    expect(rig.service.openCount).toBe(1);
    await requestor.release();
  });
});

describe('a caller that asks for too much', () => {
  const many = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => named(`9${from + index}`)[0]!);

  it('has a share, and leaves room for others', async () => {
    rig.deviceId = 'e'.repeat(32);
    const codes: number[] = [];
    // A quarter of the 500,000 instances that may be open.
    const { maxReferences } = requestLimits;
    const fitting = 125_000 / maxReferences;
    for (let turn = 0; turn <= fitting; turn += 1)
      codes.push(await act({}, request(`1.2.9.${turn}`, many(turn * maxReferences, maxReferences)), 'EVIL'));
    expect(codes).toEqual([...Array<number>(fitting).fill(status.success), 0x0213]);
    expect(rig.incidents).toMatchObject([{ code: 'commitment-refused', subject: 'EVIL@127.0.0.1' }]);
    rig.deviceId = 'f'.repeat(32);
    expect(await act({}, request('1.2.9.1', named('1')), 'GOOD')).toBe(status.success);
  }, 120_000);

  it('does not keep its place for weeks with images that nobody knows', async () => {
    expect(await act({}, request('1.2.9.1', named('unknown')))).toBe(status.success);
    await rig.until(() => rig.incidents.length === 1, 'staff hear of it');
    await rig.kit.clock.advance(day - 10 * 60_000);
    expect(rig.service.openCount).toBe(1);
    await rig.until(() => rig.service.openCount === 0, 'it is forgotten', 60_000);
    expect(rig.incidents).toMatchObject([{ code: 'commitment-failed' }]);
  });
});
