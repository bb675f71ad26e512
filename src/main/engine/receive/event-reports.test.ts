import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { implicitVrLittleEndian } from '../dicom/transfer-syntaxes.ts';
import { EventReports, pauseMs } from './event-reports.ts';

const never = new AbortController().signal;
let clock: FakeClock;
let sent: number;
let mayBeTold: boolean;
let reports: EventReports;

beforeEach(() => {
  clock = new FakeClock();
  sent = 0;
  mayBeTold = true;
  reports = new EventReports({
    caller: { callingAeTitle: 'CT', remoteAddress: '10.0.0.1', deviceId: null },
    contextId: 1,
    transferSyntaxUid: implicitVrLittleEndian,
    clock,
    isBusy: () => false,
    stands: () => mayBeTold,
    send: () => {
      sent += 1;
      return undefined;
    },
  });
});

const report = { eventTypeId: 1, dataset: Buffer.alloc(2) };

async function answer(): Promise<void> {
  await clock.advance(0);
  reports.answered({
    tag: 'n-event-report-rsp',
    messageId: 1,
    sopClassUid: '',
    sopInstanceUid: '',
    eventTypeId: 1,
    status: 0,
    dataset: 'none',
  } as never);
}

describe('a report on the association of the device', () => {
  it('is made only in the pause in which it is sent', async () => {
    let made = 0;
    const told = reports.report(() => Promise.resolve(((made += 1), report)), never);
    await clock.advance(pauseMs - 1);
    reports.stirred();
    await clock.advance(pauseMs - 1);
    expect([made, sent]).toEqual([0, 0]);
    await clock.advance(1);
    expect([made, sent]).toEqual([1, 2]);
    await answer();
    expect(await told).toBe(0);
  });

  it('is made again when the device stirred while it was made', async () => {
    let made = 0;
    const told = reports.report(async () => {
      made += 1;
      await Promise.resolve();
      if (made === 1) reports.stirred();
      return report;
    }, never);
    await clock.advance(pauseMs);
    expect([made, sent]).toEqual([1, 0]);
    await clock.advance(pauseMs);
    expect([made, sent]).toEqual([2, 2]);
    await answer();
    expect(await told).toBe(0);
  });

  it('is not sent when there is nothing to say any more', async () => {
    const told = reports.report(() => Promise.resolve(undefined), never);
    await clock.advance(pauseMs);
    expect(await told).toBeUndefined();
    expect(sent).toBe(0);
  });

  it('is neither made nor sent for a device that is no longer paired', async () => {
    let made = 0;
    mayBeTold = false;
    const told = reports.report(() => Promise.resolve(((made += 1), report)), never);
    told.catch(() => undefined);
    await clock.advance(pauseMs);
    await expect(told).rejects.toMatchObject({ code: 'peer-refused' });
    expect([made, sent]).toEqual([0, 0]);
  });
});
