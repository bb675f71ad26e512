/** Every status that docs/conformance-statement.md claims, provoked on real sockets, a real intake and a real queue. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  encodeCommitmentRequest,
  failureReason,
  type ReferencedInstance,
} from '../../src/main/engine/dicom/commitment-dataset.ts';
import { requestLimits } from '../../src/main/engine/commitment/commitment-request.ts';
import { type DimseCommand, encodeCommand } from '../../src/main/engine/dicom/dimse.ts';
import type { ProposedContext } from '../../src/main/engine/dicom/pdu-associate.ts';
import type { Authorize } from '../../src/main/engine/receive/authorize.ts';
import { StorageScp } from '../../src/main/engine/receive/storage-scp.ts';
import { requestCommitment } from '../../src/main/engine/send/commit.ts';
import { Requestor } from '../../src/main/engine/send/requestor.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { SystemRandom } from '../../src/main/engine/system/random.ts';
import { CommitmentRig, ctImage, named } from '../support/commitment-rig.ts';
import { cell, claimed, column } from '../support/conformance-page.ts';
import { associated, pdv, statusIn, storeMessage } from '../support/dicom-bytes.ts';
import { makeDicomFile, secondaryCapture } from '../support/dicom-files.ts';
import { type IntakeRigOptions, makeIntakeRig } from '../support/intake-rig.ts';
import { FakeLogger } from '../fakes/fake-logger.ts';

const clock = new SystemClock();
const commitment = '1.2.840.10008.1.20.1';
const wellKnown = '1.2.840.10008.1.20.1.1';
const implicit = '1.2.840.10008.1.2';
const explicit = '1.2.840.10008.1.2.1';
const day = 24 * 3_600_000;

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const everything: Authorize = () => ({ tag: 'accept', deviceId: null, allowsClass: () => true });

/** A receiver in front of a real intake; its port, and what the intake has recorded. */
async function receiver(options: IntakeRigOptions = {}, authorize = everything) {
  const rig = await makeIntakeRig(options);
  const scp = new StorageScp({
    intake: rig.intake,
    clock,
    logger: new FakeLogger(),
    reportIncident: () => undefined,
    settings: { host: '127.0.0.1', port: 0, aeTitle: 'EDGESYNC', maxAssociations: 5 },
    authorize,
  });
  ends.push(rig.dispose, () => scp.stop());
  return { port: (await scp.start()).port, rows: rig.queue.rows };
}

const image = makeDicomFile({ sopInstanceUid: '1.2.3.4' });
const contexts: readonly ProposedContext[] = [
  { id: 1, abstractSyntax: secondaryCapture, transferSyntaxes: [explicit] },
];

/** The status of one message; the last PDU is its answer. */
async function answered(port: number, message: Buffer): Promise<number | undefined> {
  const peer = await associated(port, { contexts });
  peer.send(message);
  const { body } = await peer.pdu(1);
  peer.vanish();
  return statusIn(body);
}

const store = (uid = '1.2.3.4'): Buffer => storeMessage(image.dataset, { sopInstanceUid: uid });

/** C-STORE, by status. */
const stores: Readonly<Record<string, () => Promise<number | undefined>>> = {
  '0000': async () => {
    const { port, rows } = await receiver();
    const status = await answered(port, store());
    expect(rows).toHaveLength(1);
    return status;
  },
  A700: async () => {
    const { port, rows } = await receiver({
      freeBytes: () => Promise.resolve(1),
      refuseBelowBytes: 1_000_000,
    });
    const status = await answered(port, store());
    expect(rows).toHaveLength(0);
    return status;
  },
  A900: async () => answered((await receiver()).port, store('1.2.3.5')),
  C000: async () =>
    answered((await receiver()).port, storeMessage(Buffer.alloc(64, 0xff), { sopInstanceUid: '1.2.3.4' })),
  '0122': async () =>
    answered((await receiver()).port, storeMessage(image.dataset, { sopClassUid: '1.2.840.10008.1.1' })),
  '0124': async () => {
    let isAllowed = true;
    const { port } = await receiver({}, () => ({
      tag: 'accept',
      deviceId: null,
      allowsClass: () => isAllowed,
    }));
    const peer = await associated(port, { contexts });
    isAllowed = false;
    peer.send(store());
    const { body } = await peer.pdu(1);
    peer.vanish();
    return statusIn(body);
  },
  '0110': async () => {
    const { port } = await receiver({
      sealers: () => {
        throw new Error('something unforeseen');
      },
    });
    return answered(port, store());
  },
  '0211': async () => {
    const find = encodeCommand({
      tag: 'other-rq',
      commandField: 0x0020,
      messageId: 1,
      sopClassUid: secondaryCapture,
      dataset: 'none',
    });
    return answered((await receiver()).port, pdv(1, 'command', find));
  },
};

describe('C-STORE statuses that the conformance statement claims', () => {
  const claims = column('store statuses', 'Status');

  it.each(claims)('%s is answered', async (claim) => {
    expect(hex(await stores[claim]?.())).toBe(claim);
  });

  it('are all that are tried here', () => expect([...claims].sort()).toEqual(Object.keys(stores).sort()));

  it('Success is the answer to the same image again, which is stored once', async () => {
    const { port, rows } = await receiver();
    expect(await answered(port, store())).toBe(0);
    expect(await answered(port, store())).toBe(0);
    expect(rows).toHaveLength(1);
  });
});

async function commitmentRig(): Promise<CommitmentRig> {
  const rig = await CommitmentRig.start();
  ends.push(() => rig.dispose());
  return rig;
}

function peerOf(rig: CommitmentRig) {
  return { host: '127.0.0.1', port: rig.port, callingAe: 'CT_ROOM_1', calledAe: 'EDGESYNC' };
}

type Action = Extract<DimseCommand, { tag: 'n-action-rq' }>;

const right: Action = {
  tag: 'n-action-rq',
  messageId: 1,
  sopClassUid: commitment,
  sopInstanceUid: wellKnown,
  actionTypeId: 1,
  dataset: 'follows',
};

async function acted(requestor: Requestor, wishes: Partial<Action>, dataset: Buffer): Promise<number> {
  const command = { ...right, messageId: requestor.nextMessageId, ...wishes };
  const whole = command.dataset === 'none' ? undefined : inPieces(dataset);
  const answer = await requestor.request(1, command, whole, undefined);
  return 'status' in answer ? answer.status : -1;
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

function request(transactionUid: string, references: Iterable<ReferencedInstance>): Buffer {
  return encodeCommitmentRequest({ order: 'little', vr: 'implicit' }, transactionUid, references);
}

const asked = request('1.2.9.1', named('1'));
const emptySequence = Buffer.from([0x08, 0x00, 0x99, 0x11, 0, 0, 0, 0]);

function* tooMany(): Generator<ReferencedInstance> {
  for (let index = 0; index <= requestLimits.maxReferences; index += 1)
    yield { sopClassUid: ctImage, sopInstanceUid: `1.2.3.${index}` };
}

/** N-ACTION, by status: what is wrong with it. */
const actions: Readonly<Record<string, () => readonly [Partial<Action>, Buffer]>> = {
  '0000': () => [{}, asked],
  '0110': () => [{}, asked.subarray(0, -3)],
  '0112': () => [{ sopInstanceUid: '1.2.840.10008.1.20.1.2' }, asked],
  '0115': () => [{}, Buffer.concat([request('1.2.9.1', []), emptySequence])],
  '0118': () => [{ sopClassUid: ctImage }, asked],
  '0120': () => [{ dataset: 'none' }, asked],
  '0121': () => [{}, request('', named('1'))],
  '0123': () => [{ actionTypeId: 2 }, asked],
  '0124': () => [{}, asked],
  '0213': () => [{}, request('1.2.9.1', tooMany())],
};

describe('N-ACTION statuses that the conformance statement claims', () => {
  const claims = column('action statuses', 'Status');

  it.each(claims)('%s is answered', async (claim) => {
    const rig = await commitmentRig();
    const requestor = await Requestor.open({ peer: peerOf(rig), contexts: commitmentContext, clock });
    rig.isWelcome = claim !== '0124';
    const [wishes, dataset] = actions[claim]?.() ?? [{}, Buffer.alloc(0)];
    expect(hex(await acted(requestor, wishes, dataset))).toBe(claim);
    await requestor.release();
    expect(rig.service.openCount).toBe(claim === '0000' ? 1 : 0);
  });

  it('are all that are tried here', () => expect([...claims].sort()).toEqual(Object.keys(actions).sort()));
});

const commitmentContext: readonly ProposedContext[] = [
  { id: 1, abstractSyntax: commitment, transferSyntaxes: [implicit] },
];

describe('failure reasons that the conformance statement claims', () => {
  const rows = claimed('failure reasons').map((row) => ({
    reason: cell(row, 'Failure Reason'),
    isSaid: !cell(row, 'When').startsWith('never'),
  }));
  const said = rows.filter(({ isSaid }) => isSaid).map(({ reason }) => reason);

  async function reasonsOf(
    rig: CommitmentRig,
    references: readonly ReferencedInstance[],
    stepMs: number,
  ): Promise<readonly string[]> {
    const asking = requestCommitment({
      ...{ peer: peerOf(rig), references, waitMs: 60_000, clock, random: new SystemRandom() },
    });
    let isOver = false;
    const over = (): void => void (isOver = true);
    asking.then(over, over);
    await rig.until(() => isOver, 'the result is told', stepMs);
    const report = await asking;
    return report.tag === 'answered' ? report.failed.map((one) => hex(one.failureReason)) : [];
  }

  const ways: Readonly<Record<string, () => Promise<readonly string[]>>> = {
    '0110': async () => {
      const rig = await commitmentRig();
      await rig.receive('1');
      return reasonsOf(rig, named('1'), day / 4);
    },
    '0112': async () => reasonsOf(await commitmentRig(), named('unknown'), 1_000),
    '0119': async () => {
      const rig = await commitmentRig();
      await rig.receive('1');
      await rig.kit.verifyAll();
      const otherClass = { sopClassUid: '1.2.840.10008.5.1.4.1.1.6.1', sopInstanceUid: '1.2.3.1' };
      return reasonsOf(rig, [otherClass], 100);
    },
    '0122': async () => {
      const notStored = { sopClassUid: '1.2.840.10008.5.1.4.34.6.1', sopInstanceUid: '1.2.3.77' };
      return reasonsOf(await commitmentRig(), [notStored], 100);
    },
    '0131': async () => {
      const rig = await commitmentRig();
      await rig.receive('1', '2');
      const inbox = new Inbox();
      const requestor = await Requestor.open({
        ...{ peer: peerOf(rig), contexts: commitmentContext, clock, eventReports: inbox },
      });
      // The first stays open: its image is not verified. The second says something else under the same UID.
      expect(await acted(requestor, {}, request('1.2.9.1', named('1')))).toBe(0);
      expect(await acted(requestor, {}, request('1.2.9.1', named('2')))).toBe(0);
      await rig.until(() => inbox.datasets.length > 0, 'the second is told');
      await requestor.release();
      return [hex(reasonIn(inbox.datasets[0] ?? Buffer.alloc(0)))];
    },
  };

  it.each(said)('%s is told', async (reason) => {
    expect(await ways[reason]?.()).toEqual([reason]);
  });

  it('are all that are tried here, and the others are known and never told', () => {
    expect([...said].sort()).toEqual(Object.keys(ways).sort());
    const known = Object.values(failureReason).map(hex);
    expect(rows.map(({ reason }) => reason).sort()).toEqual(known.sort());
  });
});

/** Takes results as they are. */
class Inbox {
  readonly datasets: Buffer[] = [];
  #pieces: Buffer[] = [];

  begin(): void {
    this.#pieces = [];
  }

  dataset(bytes: Buffer): void {
    this.#pieces.push(Buffer.from(bytes));
  }

  end(): number {
    this.datasets.push(Buffer.concat(this.#pieces));
    return 0;
  }
}

/** (0008,1197) in Implicit VR Little Endian. */
function reasonIn(dataset: Buffer): number {
  return dataset.readUInt16LE(dataset.indexOf(Buffer.from([0x08, 0x00, 0x97, 0x11, 2, 0, 0, 0])) + 8);
}

function hex(code: number | undefined): string {
  return (code ?? -1).toString(16).toUpperCase().padStart(4, '0');
}
