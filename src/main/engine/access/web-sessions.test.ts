import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../test/fakes/fake-clock.ts';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { WebSessions } from './web-sessions.ts';

function arrange() {
  const clock = new FakeClock();
  return { clock, sessions: new WebSessions(clock, new FakeRandom()) };
}

describe('one-time links of the loopback page', () => {
  it('open a session once and are refused when replayed', () => {
    const { sessions } = arrange();
    const token = sessions.issueLink();
    const session = sessions.openSession(token);
    expect(session).toBeDefined();
    expect(sessions.touchSession(session!)).toBe(true);
    expect(sessions.openSession(token)).toBeUndefined();
  });

  it('are refused when made up, empty, or of a session', () => {
    const { sessions } = arrange();
    const session = sessions.openSession(sessions.issueLink())!;
    expect(sessions.openSession('')).toBeUndefined();
    expect(sessions.openSession('x'.repeat(43))).toBeUndefined();
    expect(sessions.openSession(session)).toBeUndefined();
  });

  it('are refused after ten minutes', async () => {
    const { clock, sessions } = arrange();
    const token = sessions.issueLink();
    await clock.advance(10 * 60_000 + 1);
    expect(sessions.isFreshLink(token)).toBe(false);
    expect(sessions.openSession(token)).toBeUndefined();
  });
});

describe('sessions of the loopback page', () => {
  it('live on while used and end after twelve idle hours', async () => {
    const { clock, sessions } = arrange();
    const session = sessions.openSession(sessions.issueLink())!;
    await clock.advance(11 * 3_600_000);
    expect(sessions.touchSession(session)).toBe(true);
    await clock.advance(11 * 3_600_000);
    expect(sessions.touchSession(session)).toBe(true);
    await clock.advance(12 * 3_600_000 + 1);
    expect(sessions.touchSession(session)).toBe(false);
  });

  it('do not end when somebody sets the clock of the PC', () => {
    const { clock, sessions } = arrange();
    const session = sessions.openSession(sessions.issueLink())!;
    clock.jump(365 * 24 * 3_600_000);
    expect(sessions.touchSession(session)).toBe(true);
  });

  it('are bounded in number: the oldest goes first', () => {
    const { sessions } = arrange();
    const all = Array.from({ length: 33 }, () => sessions.openSession(sessions.issueLink())!);
    expect(sessions.touchSession(all[0]!)).toBe(false);
    expect(sessions.touchSession(all[32]!)).toBe(true);
  });
});
