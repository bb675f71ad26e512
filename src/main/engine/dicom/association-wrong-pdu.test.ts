/** Every PDU in every state that an association can stand still in, against PS3.8 table 9-10, bytes on the wire looked at. */
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import {
  smallAccept as accept,
  smallRequest as request,
} from '../../../../test/support/small-association.ts';
import { Association, type AssociationEnd } from './association.ts';
import { type Role, type State } from './association-states.ts';
import { encodeAssociateAccept, encodeAssociateRequest } from './pdu-associate.ts';
import {
  encodeAbort,
  encodeAssociateReject,
  encodePDataHeader,
  encodeReleaseRequest,
  encodeReleaseResponse,
  rejections,
} from './pdu.ts';

const pdus = {
  'A-ASSOCIATE-RQ': encodeAssociateRequest(request),
  'A-ASSOCIATE-AC': encodeAssociateAccept(accept),
  'A-ASSOCIATE-RJ': encodeAssociateReject(rejections.noReason),
  'P-DATA-TF': Buffer.concat([encodePDataHeader(1, 'command', 'last', 2), Buffer.from('ab')]),
  'A-RELEASE-RQ': encodeReleaseRequest(),
  'A-RELEASE-RP': encodeReleaseResponse(),
  'A-ABORT': encodeAbort({ source: 'service-user', reason: 'not-specified' }),
  unknown: Buffer.from('080000000004deadbeef', 'hex'),
  'too long': Buffer.from('0400ffffffff0000', 'hex'),
} as const;
type PduName = keyof typeof pdus;

function associationIn(state: State, role: Role) {
  const clock = new FakeClock();
  const sent: string[] = [];
  const ends: AssociationEnd[] = [];
  const fragments: string[] = [];
  const wire = { isClosed: false };
  const association = new Association({
    role,
    clock,
    transport: {
      send: (buffers) => {
        sent.push(Buffer.concat(buffers).toString('hex'));
        return undefined;
      },
      close: () => (wire.isClosed = true),
    },
    user: {
      associateRequested: () => ({ tag: 'accept', accept }),
      associateAccepted: () => undefined,
      fragment: (_contextId, _kind, _position, bytes) => {
        fragments.push(bytes.toString('latin1'));
        return undefined;
      },
      ended: (end) => void ends.push(end),
    },
  });
  for (const step of stepsTo[role][state] ?? []) step(association);
  expect(association.state).toBe(state);
  sent.length = 0;
  ends.length = 0;
  return { association, clock, sent, ends, fragments, wire };
}

type Step = (association: Association) => void;
const receive =
  (name: PduName): Step =>
  (association) =>
    void association.receive(pdus[name]);
const begin: Record<Role, readonly Step[]> = {
  acceptor: [(one) => one.accept(), receive('A-ASSOCIATE-RQ')],
  requestor: [(one) => one.request(request), receive('A-ASSOCIATE-AC')],
};
const release: Step = (one) => one.release();

/** How each state is reached. The others are left again within the call that enters them. */
const stepsTo: Record<Role, Partial<Record<State, readonly Step[]>>> = {
  acceptor: {
    sta2: [(one) => one.accept()],
    sta6: begin.acceptor,
    sta7: [...begin.acceptor, release],
    sta10: [...begin.acceptor, release, receive('A-RELEASE-RQ')],
    sta13: [...begin.acceptor, (one) => one.abort()],
  },
  requestor: {
    sta5: [(one) => one.request(request)],
    sta6: begin.requestor,
    sta7: [...begin.requestor, release],
    sta11: [...begin.requestor, release, receive('A-RELEASE-RQ')],
    sta13: [...begin.requestor, (one) => one.abort()],
  },
};

const userAbort = '07000000000400000000';
const aborts = (reason: string): string => `0700000000040000020${reason}`;
const releaseRp = '06000000000400000000';

interface Outcome {
  readonly sent: readonly string[];
  readonly next: State;
  readonly closed?: true;
  readonly data?: true;
}

const aa1: Outcome = { sent: [userAbort], next: 'sta13' };
const unexpected: Outcome = { sent: [aborts('2')], next: 'sta13' };
const peerAborted: Outcome = { sent: [], next: 'sta1', closed: true };
const ignored: Outcome = { sent: [], next: 'sta13' };

/** What PS3.8 tables 9-6 to 9-10 say for the PDUs that are wrong in any established state (AA-8), but for `right`. */
function established(right: Partial<Record<PduName, Outcome>>): Record<PduName, Outcome> {
  return {
    'A-ASSOCIATE-RQ': unexpected,
    'A-ASSOCIATE-AC': unexpected,
    'A-ASSOCIATE-RJ': unexpected,
    'P-DATA-TF': unexpected,
    'A-RELEASE-RQ': unexpected,
    'A-RELEASE-RP': unexpected,
    'A-ABORT': peerAborted,
    unknown: { sent: [aborts('1')], next: 'sta13' },
    'too long': { sent: [aborts('6')], next: 'sta13' },
    ...right,
  };
}

/** Sta13, on either side: what comes is ignored, or answered by an abort. */
const awaitingClose: Record<PduName, Outcome> = {
  'A-ASSOCIATE-RQ': { sent: [aborts('2')], next: 'sta13' },
  'A-ASSOCIATE-AC': ignored,
  'A-ASSOCIATE-RJ': ignored,
  'P-DATA-TF': ignored,
  'A-RELEASE-RQ': ignored,
  'A-RELEASE-RP': ignored,
  'A-ABORT': peerAborted,
  unknown: { sent: [aborts('1')], next: 'sta13' },
  'too long': { sent: [aborts('6')], next: 'sta13' },
};

const expected: Record<Role, Partial<Record<State, Record<PduName, Outcome>>>> = {
  acceptor: {
    sta2: {
      'A-ASSOCIATE-RQ': { sent: [pdus['A-ASSOCIATE-AC'].toString('hex')], next: 'sta6' },
      'A-ASSOCIATE-AC': aa1,
      'A-ASSOCIATE-RJ': aa1,
      'P-DATA-TF': aa1,
      'A-RELEASE-RQ': aa1,
      'A-RELEASE-RP': aa1,
      'A-ABORT': peerAborted,
      unknown: aa1,
      'too long': aa1,
    },
    sta6: established({
      'P-DATA-TF': { sent: [], next: 'sta6', data: true },
      'A-RELEASE-RQ': { sent: [releaseRp], next: 'sta13' },
    }),
    sta7: established({
      'P-DATA-TF': { sent: [], next: 'sta7', data: true },
      'A-RELEASE-RQ': { sent: [], next: 'sta10' },
      'A-RELEASE-RP': { sent: [], next: 'sta1', closed: true },
    }),
    sta10: established({ 'A-RELEASE-RP': { sent: [releaseRp], next: 'sta13' } }),
    sta13: awaitingClose,
  },
  requestor: {
    sta5: established({
      'A-ASSOCIATE-AC': { sent: [], next: 'sta6' },
      'A-ASSOCIATE-RJ': { sent: [], next: 'sta1', closed: true },
    }),
    sta6: established({
      'P-DATA-TF': { sent: [], next: 'sta6', data: true },
      'A-RELEASE-RQ': { sent: [releaseRp], next: 'sta13' },
    }),
    sta7: established({
      'P-DATA-TF': { sent: [], next: 'sta7', data: true },
      'A-RELEASE-RQ': { sent: [releaseRp], next: 'sta11' },
      'A-RELEASE-RP': { sent: [], next: 'sta1', closed: true },
    }),
    sta11: established({ 'A-RELEASE-RP': { sent: [], next: 'sta1', closed: true } }),
    sta13: awaitingClose,
  },
};

const cases = (['acceptor', 'requestor'] as const).flatMap((role) =>
  Object.entries(expected[role]).flatMap(([state, byPdu]) =>
    Object.entries(byPdu).map(([name, outcome]) => ({
      role,
      state: state as State,
      name: name as PduName,
      outcome,
    })),
  ),
);

describe('a PDU in a state', () => {
  it.each(cases)('$name in $state of the $role', async ({ role, state, name, outcome }) => {
    const { association, clock, sent, ends, fragments, wire } = associationIn(state, role);
    // In one piece and cut at every byte: the same.
    const bytes = pdus[name];
    const inPieces = associationIn(state, role);
    await association.receive(bytes);
    for (const byte of bytes) await inPieces.association.receive(Buffer.from([byte]));

    expect(sent).toEqual(outcome.sent);
    expect(inPieces.sent).toEqual(outcome.sent);
    expect(association.state).toBe(outcome.next);
    expect(inPieces.association.state).toBe(outcome.next);
    expect(wire.isClosed).toBe(outcome.closed === true);
    expect(fragments.join('')).toBe(outcome.data === true ? 'ab' : '');
    // The user hears of the end once, and not again after it.
    const endsNow = state !== 'sta13' && (outcome.next === 'sta13' || outcome.next === 'sta1');
    expect(ends).toHaveLength(endsNow ? 1 : 0);
    if (outcome.next === 'sta13') {
      await clock.advance(30_000);
      expect(wire.isClosed).toBe(true);
    }
    association.transportClosed();
    expect(clock.waitingCount).toBe(0);
  });

  it('is looked at in every state that an association can stand still in', () => {
    const seen = new Set(cases.map(({ state }) => state));
    expect([...seen].sort()).toEqual(['sta10', 'sta11', 'sta13', 'sta2', 'sta5', 'sta6', 'sta7']);
  });

  it('asking for an association again and again after the end is answered once', async () => {
    const { association, sent } = associationIn('sta13', 'acceptor');
    for (let turn = 0; turn < 100; turn += 1) await association.receive(pdus['A-ASSOCIATE-RQ']);
    expect(sent).toEqual([aborts('2')]);
  });
});
