import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import {
  smallAccept as accept,
  smallRequest as request,
} from '../../../../test/support/small-association.ts';
import { type AssociateAnswer, Association, type AssociationEnd, artimMs } from './association.ts';
import { encodeAssociateAccept, encodeAssociateRequest } from './pdu-associate.ts';
import {
  encodeAbort,
  encodeAssociateReject,
  encodePDataHeader,
  encodeReleaseRequest,
  encodeReleaseResponse,
  FloodError,
  rejections,
} from './pdu.ts';

const associateRq = encodeAssociateRequest(request);
const associateAc = encodeAssociateAccept(accept);
const pData = Buffer.concat([encodePDataHeader(1, 'command', 'last', 2), Buffer.from('ab')]);

function setUp(role: 'acceptor' | 'requestor', answer: AssociateAnswer = { tag: 'accept', accept }) {
  const clock = new FakeClock();
  const sent: string[] = [];
  const ends: AssociationEnd[] = [];
  const fragments: string[] = [];
  let isClosed = false;
  const association = new Association({
    role,
    clock,
    transport: {
      send: (buffers) => {
        sent.push(Buffer.concat(buffers).toString('hex'));
        return undefined;
      },
      close: () => (isClosed = true),
    },
    user: {
      associateRequested: () => answer,
      associateAccepted: () => undefined,
      fragment: (_contextId, _kind, _position, bytes) => {
        fragments.push(bytes.toString('latin1'));
        if (bytes.toString('latin1') === 'xx') throw new Error('a fault of ours');
        if (bytes.toString('latin1') === 'ff') throw new FloodError('invalid-parameter', 'an attack');
        return undefined;
      },
      ended: (end) => void ends.push(end),
    },
  });
  return { association, clock, sent, ends, fragments, isClosed: () => isClosed };
}

function acceptor(answer?: AssociateAnswer) {
  const all = setUp('acceptor', answer);
  all.association.accept();
  return all;
}

function established() {
  const all = acceptor();
  void all.association.receive(associateRq);
  all.sent.length = 0;
  return all;
}

const userAbort = '07000000000400000000';
const providerAbort = (reason: string): string => `0700000000040000020${reason}`;
const releaseRp = '06000000000400000000';

describe('an acceptor', () => {
  it('accepts, takes data, agrees to the release and waits for the transport to close', async () => {
    const all = acceptor();
    await all.association.receive(associateRq);
    expect(all.sent).toEqual([associateAc.toString('hex')]);
    await all.association.receive(pData);
    expect(all.fragments).toEqual(['ab']);
    await all.association.receive(encodeReleaseRequest());
    expect(all.sent[1]).toBe(releaseRp);
    expect(all.ends).toEqual([{ tag: 'released' }]);
    expect(all.association.state).toBe('sta13');
    all.association.transportClosed();
    expect(all.association.state).toBe('sta1');
    expect(all.clock.waitingCount).toBe(0);
  });

  it('closes the connection when no association is asked for within ARTIM', async () => {
    const all = acceptor();
    await all.clock.advance(artimMs - 1);
    expect(all.isClosed()).toBe(false);
    await all.clock.advance(1);
    expect(all.isClosed()).toBe(true);
    expect(all.ends).toEqual([{ tag: 'timed-out' }]);
  });

  it('closes the connection when the peer does not, ARTIM after a rejection', async () => {
    const all = acceptor({ tag: 'reject', reject: rejections.localLimitExceeded });
    await all.association.receive(associateRq);
    expect(all.sent).toEqual([encodeAssociateReject(rejections.localLimitExceeded).toString('hex')]);
    expect(all.ends).toEqual([{ tag: 'rejected', reject: rejections.localLimitExceeded }]);
    await all.clock.advance(artimMs);
    expect(all.isClosed()).toBe(true);
  });

  it.each([
    ['data', pData],
    ['a release request', encodeReleaseRequest()],
    ['a release response', encodeReleaseResponse()],
    ['an acceptance', associateAc],
    ['an unknown PDU', Buffer.from('160301020001', 'hex')],
  ])('aborts as the service user on %s before an association (AA-1)', async (_what, bytes) => {
    const all = acceptor();
    await all.association.receive(bytes);
    expect(all.sent).toEqual([userAbort]);
    expect(all.association.state).toBe('sta13');
    expect(all.fragments).toEqual([]);
  });

  it.each([
    ['a second association request', associateRq, '2'],
    ['an acceptance', associateAc, '2'],
    ['a release response nobody asked for', encodeReleaseResponse(), '2'],
    ['an unknown PDU', Buffer.from('080000000004', 'hex'), '1'],
    ['a PDU longer than allowed', Buffer.from('0400ffffffff', 'hex'), '6'],
  ])('aborts as the service provider on %s in an association (AA-8)', async (_what, bytes, reason) => {
    const all = established();
    await all.association.receive(bytes);
    expect(all.sent).toEqual([providerAbort(reason)]);
    expect(all.ends[0]?.tag).toBe('protocol-error');
    expect(all.association.state).toBe('sta13');
  });

  it('hands on no data after it has aborted, and ignores PDUs until the transport closes (AA-6)', async () => {
    const all = established();
    all.association.abort();
    await all.association.receive(Buffer.concat([pData, encodeReleaseRequest(), pData]));
    expect(all.fragments).toEqual([]);
    expect(all.sent).toEqual([userAbort]);
    expect(all.ends).toEqual([{ tag: 'aborted-by-us' }]);
  });

  it('closes at once when the peer aborts, also after its own abort', async () => {
    const all = established();
    await all.association.receive(encodeAbort({ source: 'service-user', reason: 'not-specified' }));
    expect(all.isClosed()).toBe(true);
    expect(all.ends[0]?.tag).toBe('aborted-by-peer');
    const after = established();
    after.association.abort();
    await after.association.receive(encodeAbort({ source: 'service-user', reason: 'not-specified' }));
    expect(after.isClosed()).toBe(true);
    expect(after.ends).toHaveLength(1);
  });

  it('cuts a peer that goes on sending after the end', async () => {
    const all = established();
    await all.association.receive(Buffer.from('99000000000f', 'hex'));
    expect(all.isClosed()).toBe(false);
    for (let turn = 0; turn < 17; turn += 1) await all.association.receive(Buffer.alloc(65_536));
    expect(all.isClosed()).toBe(true);
  });

  it('cuts a flood at once, with a word but without reading on', async () => {
    const all = established();
    const bytes = Buffer.concat([encodePDataHeader(1, 'command', 'last', 2), Buffer.from('ff'), pData]);
    await all.association.receive(bytes);
    expect(all.sent).toEqual([providerAbort('6')]);
    expect(all.ends).toEqual([{ tag: 'protocol-error', reason: 'invalid-parameter', message: 'an attack' }]);
    expect(all.isClosed()).toBe(true);
    expect(all.fragments).toEqual(['ff']);
    expect(all.clock.waitingCount).toBe(0);
  });

  it('answers a release collision in the order of PS3.8 9.2.3', async () => {
    const all = established();
    all.association.release();
    expect(all.association.state).toBe('sta7');
    await all.association.receive(encodeReleaseRequest());
    expect(all.association.state).toBe('sta10');
    expect(all.sent).toHaveLength(1);
    await all.association.receive(encodeReleaseResponse());
    expect(all.sent[1]).toBe(releaseRp);
    expect(all.association.state).toBe('sta13');
    expect(all.ends).toEqual([{ tag: 'released' }]);
  });

  it('aborts without a reason of the peer when the fault is ours, and says whose it was', async () => {
    const all = established();
    const bytes = Buffer.concat([encodePDataHeader(1, 'command', 'last', 2), Buffer.from('xx')]);
    await all.association.receive(bytes);
    expect(all.sent).toEqual([providerAbort('0')]);
    expect(all.ends[0]?.tag).toBe('internal-error');
  });

  it('refuses a peer whose maximum PDU length leaves no room for data', async () => {
    const all = acceptor();
    const tiny = { ...request, user: { ...request.user, maxPduBytes: 6 } };
    await all.association.receive(encodeAssociateRequest(tiny));
    expect(all.sent).toEqual([providerAbort('6')]);
  });

  it('cuts what it sends to the length the peer takes', async () => {
    const all = acceptor();
    await all.association.receive(
      encodeAssociateRequest({ ...request, user: { ...request.user, maxPduBytes: 16 } }),
    );
    all.sent.length = 0;
    await all.association.send(1, 'command', 'last', Buffer.from('0123456789abcdefghi'));
    const pieces = ['0123456789', 'abcdefghi'].map((text, index) => {
      const position = index === 1 ? 'last' : 'more';
      return Buffer.concat([encodePDataHeader(1, 'command', position, text.length), Buffer.from(text)]);
    });
    expect(all.sent).toEqual([Buffer.concat(pieces).toString('hex')]);
  });
});

describe('a requestor', () => {
  function requested() {
    const all = setUp('requestor');
    all.association.request(request);
    return all;
  }

  it('asks, is accepted, asks for release and closes', async () => {
    const all = requested();
    expect(all.sent).toEqual([associateRq.toString('hex')]);
    await all.association.receive(associateAc);
    expect(all.association.state).toBe('sta6');
    all.association.release();
    await all.association.receive(encodeReleaseResponse());
    expect(all.isClosed()).toBe(true);
    expect(all.ends).toEqual([{ tag: 'released' }]);
  });

  it('closes when it is rejected, and passes on why', async () => {
    const all = requested();
    await all.association.receive(encodeAssociateReject(rejections.calledAeTitleNotRecognized));
    expect(all.isClosed()).toBe(true);
    expect(all.ends).toEqual([{ tag: 'rejected', reject: rejections.calledAeTitleNotRecognized }]);
  });

  it('answers a release collision at once and closes after the answer of the other', async () => {
    const all = requested();
    await all.association.receive(associateAc);
    all.association.release();
    await all.association.receive(encodeReleaseRequest());
    expect(all.association.state).toBe('sta11');
    expect(all.sent.at(-1)).toBe(releaseRp);
    await all.association.receive(encodeReleaseResponse());
    expect(all.isClosed()).toBe(true);
    expect(all.ends).toEqual([{ tag: 'released' }]);
  });

  it('still takes data after it has asked for release (AR-6)', async () => {
    const all = requested();
    await all.association.receive(associateAc);
    all.association.release();
    await all.association.receive(pData);
    expect(all.fragments).toEqual(['ab']);
  });
});
