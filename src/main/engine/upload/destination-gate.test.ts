import { describe, expect, it } from 'vitest';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { DestinationGate } from './destination-gate.ts';

const outage = new EdgeSyncError('cloud-unreachable', 'host');

function gate(): { readonly clock: FakeClock; readonly gate: DestinationGate } {
  const clock = new FakeClock();
  return { clock, gate: new DestinationGate(clock, new FakeRandom()) };
}

describe('the gate of a destination', () => {
  it('stays open while one object fails over and over', () => {
    const { gate: one } = gate();
    for (let attempt = 0; attempt < 100; attempt += 1) one.failed(outage, '7');
    expect([one.waitMs(), one.width(), one.state, one.report]).toEqual([0, 'all', 'ok', null]);
  });

  it('closes when different objects fail in a row, then lets one through at a time', async () => {
    const { gate: one, clock } = gate();
    for (const object of ['1', '2', '3']) one.failed(outage, object);
    expect(one.state).toBe('retrying');
    expect(one.width()).toBe('one');
    expect(one.report?.code).toBe('cloud-unreachable');
    await clock.advance(one.waitMs());
    expect(one.waitMs()).toBe(0);
    one.succeeded();
    expect([one.width(), one.state, one.report]).toEqual(['all', 'ok', null]);
  });

  it('waits longer each time, yet never more than a minute, and counts what fails together once', async () => {
    const { gate: one, clock } = gate();
    for (let round = 0; round < 50; round += 1) {
      for (let object = 0; object < 8; object += 1) one.failed(outage, String(object));
      expect(one.waitMs()).toBeLessThanOrEqual(60_000);
      await clock.advance(one.waitMs() + 1);
    }
  });

  it('keeps to the time the cloud asks for at once', () => {
    const { gate: one } = gate();
    one.failed(new EdgeSyncError('cloud-throttled', undefined, { retryAfterMs: 20_000 }), '1');
    expect(one.waitMs()).toBeGreaterThanOrEqual(20_000);
  });

  it('waits half a minute and more after a refusal, unless somebody wakes it', () => {
    const { gate: one } = gate();
    one.paused(new EdgeSyncError('cloud-auth'));
    expect(one.waitMs()).toBeGreaterThanOrEqual(30_000);
    expect(one.state).toBe('refused');
    one.wake();
    expect([one.waitMs(), one.width(), one.state]).toEqual([0, 'one', 'refused']);
  });

  it('tells a refusal by the cloud from what is missing on this PC', () => {
    const { gate: one } = gate();
    one.paused(new EdgeSyncError('cloud-secret-missing'));
    expect(one.state).toBe('paused');
    one.paused(new EdgeSyncError('cloud-container-missing'));
    expect(one.state).toBe('refused');
  });
});
