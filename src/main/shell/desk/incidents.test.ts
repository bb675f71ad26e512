import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { stubState } from '../../../../test/e2e/stub-state.ts';
import { reportFor, type ErrorCode } from '../../../shared/errors.ts';
import { esErrors } from '../../../shared/es-errors.ts';
import type { Failure, StatusReport } from '../../../shared/status.ts';
import { Incidents, type Notice } from './incidents.ts';
import { textsFor } from './texts.ts';

const calm = stubState('all-safe').status;

function failure(code: ErrorCode, id: string, change: Partial<Failure> = {}): Failure {
  return { ...stubState('attention').status.failures[0]!, ...reportFor(code), id, ...change };
}

function withFailures(...failures: readonly Failure[]): StatusReport {
  return { ...calm, safe: false, headline: 'attention', failures: [...failures] };
}

describe('notifications', () => {
  let clock: FakeClock;
  let notices: Notice[];
  let incidents: Incidents;
  let watched: boolean;

  beforeEach(() => {
    clock = new FakeClock();
    notices = [];
    watched = false;
    incidents = new Incidents({
      clock,
      texts: textsFor('en'),
      notify: (notice) => notices.push(notice),
      isWatched: () => watched,
    });
  });

  it('come once for one cause, however many images and studies it hits', async () => {
    incidents.take(withFailures(failure('cloud-auth', 'a', { studyId: 's1' })));
    await clock.advance(10_000);
    incidents.take(withFailures(failure('cloud-auth', 'a'), failure('cloud-auth', 'b', { studyId: 's2' })));
    await clock.advance(60_000);

    expect(notices.map(({ title }) => title)).toEqual([reportFor('cloud-auth').message]);
  });

  it('speak the language of the desktop, without the command line’s backticks', async () => {
    const spanish = new Incidents({
      clock,
      texts: textsFor('es-MX'),
      notify: (notice) => notices.push(notice),
      isWatched: () => watched,
    });
    spanish.take(withFailures(failure('entra-sign-in-needed', 'a')));
    await clock.advance(60_000);

    expect(notices).toHaveLength(1);
    expect(notices[0]?.title).toBe(esErrors['entra-sign-in-needed']?.message);
    expect(notices[0]?.body).toContain('«edge-sync entra sign-in NOMBRE»');
  });

  it('come for each destination by itself', async () => {
    incidents.take(
      withFailures(
        failure('cloud-auth', 'a', { destination: 'cloud' }),
        failure('cloud-auth', 'b', { destination: 'nas' }),
      ),
    );
    await clock.advance(10_000);

    expect(notices).toHaveLength(2);
  });

  it('come once more when it is over, and again when it comes back', async () => {
    for (const status of [
      withFailures(failure('cloud-auth', 'a')),
      calm,
      withFailures(failure('cloud-auth', 'a')),
    ]) {
      incidents.take(status);
      await clock.advance(10_000);
    }

    expect(notices).toHaveLength(3);
    expect(notices[1]).toEqual({
      about: 'end',
      title: 'All safe',
      body: `This is over: ${reportFor('cloud-auth').message}`,
    });
  });

  it('do not come for what is over within seconds, neither for its end', async () => {
    incidents.take(withFailures(failure('engine-stopped', 'a')));
    await clock.advance(2_000);
    incidents.take(calm);
    await clock.advance(60_000);

    expect(notices).toEqual([]);
  });

  it('do not come for starting and stopping', async () => {
    incidents.take(withFailures(failure('engine-starting', 'a'), failure('engine-stopping', 'b')));
    await clock.advance(60_000);

    expect(notices).toEqual([]);
  });

  it('carry no detail, which might name a file or a person', async () => {
    const named = failure('file-not-readable', 'a', {
      message: 'The file cannot be read: /scans/DOE^JANE.dcm',
    });
    incidents.take(withFailures(named));
    await clock.advance(10_000);

    expect(JSON.stringify(notices)).not.toContain('DOE');
    expect(notices).toHaveLength(1);
  });

  it('stop with the app', async () => {
    incidents.take(withFailures(failure('cloud-auth', 'a')));
    incidents.close();
    await clock.advance(60_000);

    expect(notices).toEqual([]);
    expect(clock.waitingCount).toBe(0);
  });

  it('do not come while somebody looks at the window, nor later for what they saw begin', async () => {
    watched = true;
    incidents.take(withFailures(failure('cloud-auth', 'a')));
    await clock.advance(10_000);
    watched = false;
    incidents.take(withFailures(failure('cloud-auth', 'a'), failure('cloud-refused', 'b')));
    await clock.advance(10_000);
    incidents.take(withFailures(failure('cloud-refused', 'b')));
    await clock.advance(10_000);

    expect(notices.map(({ title }) => title)).toEqual([reportFor('cloud-refused').message]);
  });

  it('lead to the failure, and say nothing of a code that is not known', async () => {
    incidents.take(
      withFailures({ ...failure('internal', 'a'), code: 'from-tomorrow', message: 'DOE^JANE fell' }),
    );
    await clock.advance(10_000);

    expect(notices).toEqual([{ about: 'failure', title: 'Needs attention', body: 'Open Edge Sync' }]);
  });
});
