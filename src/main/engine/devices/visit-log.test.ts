import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { ctStorage, plain, verification } from '../../../../test/support/devices.ts';
import { mostVisits } from '../../../shared/pairing.ts';
import type { AssociateAccept, AssociateRequest } from '../dicom/pdu-associate.ts';
import { oddAeTitle } from '../dicom/pdu-associate.ts';
import { VisitLog } from './visit-log.ts';

function arrange() {
  const clock = new FakeClock();
  const log = new VisitLog({ clock, isOwnAddress: (address) => address === '192.168.1.2' });
  const arrive = (remoteAddress = '192.168.1.20') => log.arrived({ remoteAddress, channel: plain });
  return { clock, log, arrive };
}

function request(change: Partial<AssociateRequest> = {}): AssociateRequest {
  return {
    protocolVersion: 1,
    calledAeTitle: 'EDGESYNC',
    callingAeTitle: 'CT1',
    applicationContext: '1.2.840.10008.3.1.1.1',
    contexts: [{ id: 1, abstractSyntax: verification, transferSyntaxes: ['1.2.840.10008.1.2'] }],
    user: {
      maxPduBytes: 16_384,
      implementationClassUid: '1.2',
      implementationVersionName: 'CT_5',
      roles: [],
      identity: 'none',
    },
    titleBlock: Buffer.alloc(64),
    ...change,
  };
}

function accept(change: Partial<AssociateAccept> = {}): AssociateAccept {
  return {
    ...request(),
    contexts: [{ id: 1, result: 'accepted', transferSyntax: '1.2.840.10008.1.2' }],
    ...change,
  };
}

describe('the log of visits', () => {
  it('tells of a device from its request to its end', () => {
    const { log, arrive } = arrange();
    let changes = 0;
    const stop = log.onChange(() => (changes += 1));
    const visit = arrive('::ffff:192.168.1.20');
    expect(log.list()).toEqual([]);
    visit.asked(request());
    expect(log.list()).toMatchObject([
      { address: '192.168.1.20', callingAeTitle: 'CT1', software: 'CT_5', state: 'open' },
    ]);
    visit.admitted('d'.repeat(32), accept());
    visit.echoed();
    visit.ended({ tag: 'released' });
    expect(log.list()).toMatchObject([
      {
        deviceId: 'd'.repeat(32),
        echoes: 1,
        problem: null,
        state: 'over',
        proposals: [{ answer: 'accepted' }],
      },
    ]);
    expect(changes).toBe(4);
    stop();
    arrive().asked(request());
    expect(changes).toBe(4);
  });

  it('takes alike ones that follow each other for one, and counts', () => {
    const { log, arrive } = arrange();
    for (let round = 0; round < 300; round += 1) {
      const visit = arrive();
      visit.asked(request());
      visit.refused('unknown-title');
      visit.ended({ tag: 'rejected', reject: { result: 1, source: 1, reason: 3 } });
    }
    expect(log.list()).toMatchObject([{ count: 300, problem: { tag: 'refused', because: 'unknown-title' } }]);
  });

  it('sums the images of a device that opens an association for each', () => {
    const { log, arrive } = arrange();
    for (let round = 0; round < 5; round += 1) {
      const visit = arrive();
      visit.asked(request());
      visit.admitted(null, accept());
      visit.stored();
      visit.ended({ tag: 'released' });
    }
    expect(log.list()).toMatchObject([{ images: 5, count: 5 }]);
  });

  it('is bounded for one address and for all, whoever calls', () => {
    const { log, arrive } = arrange();
    const call = (address: string, callingAeTitle: string) => {
      const visit = arrive(address);
      visit.asked(request({ callingAeTitle }));
      visit.refused('unknown-title');
      visit.ended({ tag: 'connection-lost' });
    };
    call('192.168.1.20', 'CT1');
    for (let round = 0; round < 200; round += 1) call('192.168.1.66', `X${round}`);
    expect(log.list().filter(({ address }) => address === '192.168.1.66')).toHaveLength(25);
    expect(log.list().some(({ callingAeTitle }) => callingAeTitle === 'CT1')).toBe(true);
    for (let round = 0; round < 200; round += 1) call(`10.0.0.${round}`, 'Y');
    expect(log.list()).toHaveLength(mostVisits);
  });

  it('keeps nothing of a stranger’s that could draw on a terminal or a page', () => {
    const { log, arrive } = arrange();
    arrive().asked(
      request({
        callingAeTitle: oddAeTitle,
        contexts: [
          { id: 1, abstractSyntax: '<b>\u001b[2J', transferSyntaxes: ['1.2'] },
          {
            id: 3,
            abstractSyntax: ctStorage,
            transferSyntaxes: ['1.2\n', ...Array<string>(50).fill('1.2.3')],
          },
        ],
        user: { ...request().user, implementationVersionName: '\u0000\u001bA\u202eB' + 'C'.repeat(40) },
      }),
    );
    expect(log.list()).toMatchObject([
      {
        callingAeTitle: null,
        software: 'ABCCCCCCCCCCCCCC',
        proposals: [{ uid: ctStorage, syntaxes: [{ uid: '1.2.3', keyword: null }] }],
      },
    ]);
  });

  it('keeps the first cause: how it ended is only what came of it', () => {
    const { log, arrive } = arrange();
    const tls = arrive();
    tls.spokeTls();
    tls.ended({ tag: 'protocol-error', reason: 'unrecognized-pdu', message: '' });
    const stalled = arrive('192.168.1.21');
    stalled.asked(request());
    stalled.stalled();
    stalled.ended({ tag: 'aborted-by-us' });
    expect(
      log
        .list()
        .map(({ problem }) => problem?.tag)
        .sort(),
    ).toEqual(['stalled', 'tls-on-plain-port']);
  });

  it('tells a port test of somebody else from this PC’s own', () => {
    const { log, arrive } = arrange();
    arrive('192.168.1.2').ended({ tag: 'connection-lost' });
    expect(log.list()).toEqual([]);
    arrive('192.168.1.9').ended({ tag: 'connection-lost' });
    arrive('192.168.1.10').ended({ tag: 'timed-out' });
    expect(
      log
        .list()
        .map(({ problem }) => problem?.tag)
        .sort(),
    ).toEqual(['hung-up', 'silent']);
  });
});
