/** Attack: storage commitment about more than fits. The node runs in a process of its own, with the real queue. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestLimits } from '../../src/main/engine/commitment/commitment-request.ts';
import { encodeCommitmentRequest } from '../../src/main/engine/dicom/commitment-dataset.ts';
import { status } from '../../src/main/engine/dicom/dimse.ts';
import {
  storageCommitmentPushSopClass,
  storageCommitmentPushSopInstance,
} from '../../src/main/engine/dicom/sop-classes.ts';
import { Requestor } from '../../src/main/engine/send/requestor.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { AttackedNode, underAttack } from '../support/attacked-node.ts';
import { ctImage } from '../support/commitment-rig.ts';
import { implicitLe } from '../support/dicom-bytes.ts';

const clock = new SystemClock();
let node: AttackedNode;

beforeAll(async () => {
  node = await AttackedNode.start();
  // Hot code is compiled and the database has its cache before anything is measured.
  expect(await asked('WARM', 1, 2_000)).toBe(status.success);
});

afterAll(() => node.finish());

/** UIDs of full length, as a hostile device would make them. */
function* references(first: number, count: number) {
  for (let index = first; index < first + count; index += 1)
    yield { sopClassUid: ctImage, sopInstanceUid: `1.2.3.${'9'.repeat(40)}.${1_000_000 + index}` };
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

/** One N-ACTION on an association of its own; the status of its answer. */
async function asked(callingAe: string, turn: number, count: number): Promise<number> {
  const requestor = await Requestor.open({
    peer: { host: '127.0.0.1', port: node.port, callingAe, calledAe: 'EDGESYNC' },
    contexts: [{ id: 1, abstractSyntax: storageCommitmentPushSopClass, transferSyntaxes: [implicitLe] }],
    clock,
  });
  try {
    const little = { order: 'little', vr: 'implicit' } as const;
    const dataset = encodeCommitmentRequest(little, `1.2.9.${turn}`, references(turn * 100_000, count));
    const answer = await requestor.request(
      1,
      {
        ...{ tag: 'n-action-rq', messageId: requestor.nextMessageId, actionTypeId: 1, dataset: 'follows' },
        ...{ sopClassUid: storageCommitmentPushSopClass, sopInstanceUid: storageCommitmentPushSopInstance },
      },
      pieces(dataset),
      undefined,
    );
    return 'status' in answer ? answer.status : -1;
  } finally {
    await requestor.release();
  }
}

describe('storage commitment under attack', () => {
  it('takes the largest request in bounded memory', async () => {
    await underAttack(node, async (stores) => {
      const asking = asked('CT_ROOM_1', 2, requestLimits.maxReferences);
      await stores();
      expect(await asking).toBe(status.success);
    });
  });

  it('refuses a hundred thousand instances in one request in bounded memory', async () => {
    await underAttack(node, async (stores) => {
      const asking = asked('CT_ROOM_1', 3, 100_000);
      await stores();
      expect(await asking).toBe(status.resourceLimitation);
    });
    expect((await node.facts()).incidents).toMatchObject({ 'commitment-refused': 1 });
  });

  it('takes what fits of many large requests at once in bounded memory', async () => {
    await underAttack(node, async (stores) => {
      const asking = [4, 5, 6, 7, 8, 9].map((turn) =>
        asked(`EVIL${turn}`, turn, requestLimits.maxReferences),
      );
      await stores();
      const codes = await Promise.all(asking);
      expect(codes).toContain(status.success);
      for (const code of codes) expect([status.success, status.resourceLimitation]).toContain(code);
    });
  });
});
