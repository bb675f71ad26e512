/** What docs/conformance-statement.md claims of negotiation, line by line, on a running receiver. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maxPduBytes, rejections } from '../../src/main/engine/dicom/pdu.ts';
import {
  type AssociateAccept,
  decodeAssociateAccept,
  maxPresentationContexts,
  type ProposedContext,
} from '../../src/main/engine/dicom/pdu-associate.ts';
import { Requestor } from '../../src/main/engine/send/requestor.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { FakeRandom } from '../fakes/fake-random.ts';
import { cell, claimed, column, written } from '../support/conformance-page.ts';
import {
  abortIn,
  associated,
  associateRq,
  echoCommand,
  explicitLe,
  pdu,
  pdv,
  statusIn,
  storeCommand,
  storeMessage,
  studyRootFind,
  verification,
} from '../support/dicom-bytes.ts';
import { BytePeer, runPeer, startNode, type TestNode, toNode, until } from '../support/dicom-peers.ts';
import { needs } from '../support/tools.ts';

const clock = new SystemClock();
const commitment = '1.2.840.10008.1.20.1';
const storage = [...column('storage classes', 'UID'), ...column('retired storage classes', 'UID')];
const groupOf = new Map(
  claimed('transfer syntaxes').map((row) => [cell(row, 'UID'), Number(cell(row, 'Group'))]),
);
const syntaxes = [...groupOf.keys()];
const commitmentSyntaxes = column('commitment transfer syntaxes', 'UID');
/** Of the standard, and none of them claimed: JPIP, retired JPEG, SMPTE ST 2110; and a private one. */
const unclaimed = [
  '1.2.840.10008.1.2.4.94',
  '1.2.840.10008.1.2.4.95',
  '1.2.840.10008.1.2.4.204',
  '1.2.840.10008.1.2.4.52',
  '1.2.840.10008.1.2.4.66',
  '1.2.840.10008.1.2.7.1',
  '1.2.840.113619.5.2',
];

let node: TestNode;

beforeAll(async () => {
  node = await startNode();
});

afterAll(() => node.scp.stop());

interface Proposal {
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
}

/** What each is answered with (undefined: refused), over as many associations as it takes. */
async function negotiated(proposals: readonly Proposal[]): Promise<readonly (string | undefined)[]> {
  const answers: (string | undefined)[] = [];
  for (let from = 0; from < proposals.length; from += maxPresentationContexts) {
    const contexts: ProposedContext[] = proposals
      .slice(from, from + maxPresentationContexts)
      .map((one, index) => ({ id: index * 2 + 1, ...one }));
    const peer = { host: '127.0.0.1', port: node.port, callingAe: 'CONFORMANCE', calledAe: 'EDGESYNC' };
    const requestor = await Requestor.open({ peer, contexts, clock });
    answers.push(...contexts.map(({ id }) => requestor.accepted.get(id)));
    await requestor.release();
  }
  return answers;
}

async function acceptOf(contexts: readonly ProposedContext[]): Promise<AssociateAccept> {
  const peer = await BytePeer.connect(node.port);
  peer.send(associateRq({ contexts }));
  const { type, body } = await peer.pdu(0);
  peer.vanish();
  expect(type).toBe(2);
  return decodeAssociateAccept(body);
}

/** The claim: the lowest group that was proposed, and within it the first one. */
function claimedChoice(offered: readonly string[]): string | undefined {
  const known = offered.filter((uid) => groupOf.has(uid));
  const lowest = Math.min(...known.map((uid) => groupOf.get(uid) ?? Infinity));
  return known.find((uid) => groupOf.get(uid) === lowest);
}

describe('presentation contexts that the conformance statement claims', () => {
  it('every storage class is accepted in every transfer syntax, alone in its context', async () => {
    const proposals = storage.flatMap((abstractSyntax) =>
      syntaxes.map((uid) => ({ abstractSyntax, transferSyntaxes: [uid] })),
    );
    const answers = await negotiated(proposals);
    const wrong = proposals.filter(({ transferSyntaxes: [uid] }, index) => answers[index] !== uid);
    expect(answers).toHaveLength(storage.length * syntaxes.length);
    expect(wrong).toEqual([]);
  });

  it('verification is accepted in every one of them too', async () => {
    const answers = await negotiated(
      syntaxes.map((uid) => ({ abstractSyntax: verification, transferSyntaxes: [uid] })),
    );
    expect(answers).toEqual(syntaxes);
  });

  it('storage commitment is accepted in those listed for it, and in no other', async () => {
    const answers = await negotiated(
      syntaxes.map((uid) => ({ abstractSyntax: commitment, transferSyntaxes: [uid] })),
    );
    expect(answers).toEqual(syntaxes.map((uid) => (commitmentSyntaxes.includes(uid) ? uid : undefined)));
  });

  it('a transfer syntax that is not listed is accepted for no class', async () => {
    const proposals = [...storage, verification, commitment].map((abstractSyntax) => ({
      abstractSyntax,
      transferSyntaxes: unclaimed,
    }));
    expect((await negotiated(proposals)).filter((uid) => uid !== undefined)).toEqual([]);
  });

  it('of several transfer syntaxes the lowest group is taken, and in it the first that was proposed', async () => {
    const random = new FakeRandom('conformance');
    const shuffled = (): string[] =>
      [...syntaxes, ...unclaimed]
        .map((uid) => ({ uid, at: random.fraction() }))
        .sort((a, b) => a.at - b.at)
        .map(({ uid }) => uid);
    const proposals = Array.from({ length: 1_000 }, (_, index) => ({
      abstractSyntax: storage[index % storage.length] ?? '',
      transferSyntaxes: shuffled().slice(0, 1 + (index % 12)),
    }));
    const answers = await negotiated(proposals);
    expect(answers).toEqual(proposals.map(({ transferSyntaxes }) => claimedChoice(transferSyntaxes)));
    // Every group was the best one somewhere, or this shows nothing.
    const seen = new Set(answers.flatMap((uid) => (uid === undefined ? [] : [groupOf.get(uid)])));
    expect([...seen].sort()).toEqual([...new Set(groupOf.values())].sort());
  });

  it('the results are those listed', async () => {
    const [ct = ''] = storage;
    const { contexts } = await acceptOf([
      { id: 1, abstractSyntax: ct, transferSyntaxes: [explicitLe] },
      { id: 3, abstractSyntax: studyRootFind, transferSyntaxes: [explicitLe] },
      { id: 5, abstractSyntax: ct, transferSyntaxes: unclaimed },
    ]);
    const results = written('Of each presentation context:', 'Result').map((row) => cell(row, 'In words'));
    expect(results).toHaveLength(3);
    expect(contexts.map(({ result }) => (result === 'accepted' ? 'acceptance' : result)).sort()).toEqual(
      [...results].sort(),
    );
  });

  it.each([
    ['Query/Retrieve', ['1.2.840.10008.5.1.4.1.2.1.1', '1.2.840.10008.5.1.4.1.2.2.2']],
    [
      'Modality Worklist',
      ['1.2.840.10008.5.1.4.31', '1.2.840.10008.3.1.2.3.3', '1.2.840.10008.5.1.4.34.6.1'],
    ],
    ['Instance Availability Notification', ['1.2.840.10008.5.1.4.33', '1.2.840.10008.5.1.1.9']],
  ])('%s and what stands beside it are refused, as it says', async (service, uids) => {
    const row = claimed('services').find((one) => cell(one, 'Network service').startsWith(service));
    expect(row?.['Provider of service (SCP)']).toBe('No');
    const answers = await negotiated(
      uids.map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: [explicitLe] })),
    );
    expect(answers).toEqual(uids.map(() => undefined));
  });

  it('so are a private class, one newer than this version, and a DICOMDIR', async () => {
    const uids = ['1.3.46.670589.5.0.1', '1.2.840.10008.5.1.4.1.1.9999', '1.2.840.10008.1.3.10'];
    const answers = await negotiated(
      uids.map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: [explicitLe] })),
    );
    expect(answers).toEqual(uids.map(() => undefined));
  });

  it('a private class that was allowed is accepted', async () => {
    const privateClass = '1.3.46.670589.5.0.1';
    const allowing = await startNode({
      authorize: () => ({ tag: 'accept', deviceId: null, allowsClass: (uid) => uid === privateClass }),
    });
    const peer = await associated(allowing.port, {
      contexts: [{ id: 1, abstractSyntax: privateClass, transferSyntaxes: [explicitLe] }],
    });
    const [accept] = peer.pdus();
    expect(decodeAssociateAccept(accept?.body ?? Buffer.alloc(0)).contexts).toMatchObject([
      { result: 'accepted' },
    ]);
    peer.vanish();
    await allowing.scp.stop();
  });
});

describe('who the conformance statement says it is', () => {
  it('is what an association says, with the length of PDUs', async () => {
    const { user } = await acceptOf([
      { id: 1, abstractSyntax: verification, transferSyntaxes: [explicitLe] },
    ]);
    const identity = new Map(claimed('identity').map((row) => [row['What'], row['Value']]));
    const limits = new Map(claimed('association limits').map((row) => [row['What'], row['Limit']]));
    expect(user.implementationClassUid).toBe(identity.get('Implementation Class UID'));
    expect(user.implementationVersionName).toBe(identity.get('Implementation Version Name'));
    expect(user.maxPduBytes).toBe(maxPduBytes);
    expect(limits.get('Maximum length received, P-DATA-TF')).toBe('131,072 bytes');
  });
});

/** Each way to be rejected, with what came of it. */
const provoked: Readonly<Record<string, () => Promise<readonly number[]>>> = {
  applicationContextNotSupported: () => rejectionOf({ applicationContext: '1.2.840.10008.3.1.1.2' }),
  callingAeTitleNotRecognized: async () => {
    const strict = await startNode({ authorize: () => ({ tag: 'reject', reason: 'unknown-title' }) });
    const answer = await rejectionOf({}, strict.port);
    await strict.scp.stop();
    return answer;
  },
  calledAeTitleNotRecognized: () => rejectionOf({ calledAe: 'SOMEONE' }),
  protocolVersionNotSupported: () => rejectionOf({ protocolVersion: 2 }),
  localLimitExceeded: async () => {
    const small = await startNode({ maxAssociations: 1 });
    const first = await associated(small.port);
    const answer = await rejectionOf({}, small.port);
    first.vanish();
    await small.scp.stop();
    return answer;
  },
  temporaryCongestion: async () => {
    const stopping = await startNode();
    const gate = Promise.withResolvers<undefined>();
    stopping.intake.beforeFinish = () => gate.promise;
    const busy = await associated(stopping.port);
    const late = await BytePeer.connect(stopping.port);
    busy.send(storeMessage(Buffer.alloc(100)));
    await until(() => stopping.intake.sizeBytes > 0, 'the store is under way');
    const stopped = stopping.scp.stop();
    late.send(associateRq());
    const { type, body } = await late.pdu(0);
    gate.resolve(undefined);
    await stopped;
    busy.vanish();
    return [type, ...body];
  },
};

async function rejectionOf(
  change: Parameters<typeof associateRq>[0],
  port = node.port,
): Promise<readonly number[]> {
  const peer = await BytePeer.connect(port);
  peer.send(associateRq(change));
  const { type, body } = await peer.pdu(0);
  peer.vanish();
  return [type, ...body];
}

describe('rejections that the conformance statement claims', () => {
  const rows = claimed('rejections').map((row) =>
    ['Result', 'Source', 'Reason'].map((name) => Number(cell(row, name))),
  );

  it.each(rows.map((row) => [row.join('/'), row] as const))('%s is answered', async (_name, row) => {
    const [name = ''] =
      Object.entries(rejections).find(
        ([, { result, source, reason }]) => [result, source, reason].join() === row.join(),
      ) ?? [];
    expect(await provoked[name]?.()).toEqual([3, 0, ...row]);
  });

  it('are all that can be had', () => {
    expect(rows).toHaveLength(Object.keys(provoked).length);
  });
});

describe('aborts that the conformance statement claims', () => {
  const ways: Readonly<Record<string, (peer: BytePeer, on: TestNode) => void>> = {
    '0/0': (_peer, on) => void on.scp.stop(),
    '2/1': (peer) => peer.send(pdu(0x55, Buffer.alloc(4))),
    '2/2': (peer) => peer.send(associateRq()),
    '2/5': (peer) => peer.send(pdv(5, 'dataset', Buffer.alloc(2))),
    '2/6': (peer) => peer.send(pdv(3, 'command', storeCommand())),
  };
  const rows = claimed('aborts')
    // Not to be had from outside: faults of our own, and what it says is never sent.
    .filter((row) => !['not-specified', 'unrecognized-parameter'].includes(cell(row, 'In words')))
    .map((row) => `${cell(row, 'Source')}/${cell(row, 'Reason')}`);

  it.each(rows)('%s is sent', async (row) => {
    const on = await startNode();
    const peer = await associated(on.port);
    ways[row]?.(peer, on);
    expect(abortIn(await peer.pdu(1))?.join('/')).toBe(row);
    peer.vanish();
    await on.scp.stop();
  });

  it('are as many as are tried here', () => expect(rows.sort()).toEqual(Object.keys(ways).sort()));
});

describe('what else it says of messages', () => {
  it('C-ECHO succeeds on every context that was accepted', async () => {
    const peer = await associated(node.port);
    for (const [index, context] of [1, 5, 7].entries()) {
      peer.send(pdv(context, 'command', echoCommand));
      expect(statusIn((await peer.pdu(index + 1)).body)).toBe(0);
    }
    peer.vanish();
  });
});

needs('dcmtk')('DCMTK', () => {
  it('is told the rejection in the words of the statement', async () => {
    const { exitCode, output } = await runPeer('echoscu', ['-v', ...toNode(node.port, 'SOMEONE')]);
    expect(exitCode).not.toBe(0);
    expect(output).toContain('Rejected Permanent');
    expect(output).toContain('Called AE Title Not Recognized');
  });

  it('verifies the connection with as many transfer syntaxes and contexts as it can propose', async () => {
    const { exitCode, output } = await runPeer('echoscu', [
      '-pts',
      '38',
      '-ppc',
      '128',
      ...toNode(node.port),
    ]);
    expect(output).not.toContain('E:');
    expect(exitCode).toBe(0);
  });
});
