import { describe, expect, it } from 'vitest';
import { stubState } from '../../../test/e2e/stub-state.ts';
import type { Headline } from '../../shared/status.ts';
import { Quit } from './quit.ts';

function setUp(headline: Headline, answers: readonly boolean[], owner: 'us' | 'somebody-else' = 'us') {
  const events: string[] = [];
  const left = [...answers];
  const quit = new Quit({
    status: () => stubState(headline).status,
    goesOn: () => owner === 'somebody-else',
    confirm: (pending) => {
      events.push(`asked about ${pending}`);
      return Promise.resolve(left.shift() ?? false);
    },
    stopEngine: () => {
      events.push('engine stopped');
      return Promise.resolve();
    },
    leave: () => events.push('left'),
  });
  return { quit, events };
}

describe('quitting', () => {
  it('does not ask when nothing is on the way', async () => {
    const { quit, events } = setUp('all-safe', []);

    await quit.request('person');

    expect(events).toEqual(['engine stopped', 'left']);
  });

  it('asks while images are on the way and stays when told so', async () => {
    const { quit, events } = setUp('working', [false]);

    await quit.request('person');

    expect(events).toEqual(['asked about 212']);
    expect(quit.decided).toBe(false);
  });

  it('goes on when told so, engine first', async () => {
    const { quit, events } = setUp('working', [true]);

    await quit.request('person');

    expect(events).toEqual(['asked about 212', 'engine stopped', 'left']);
  });

  it('does not keep the operating system waiting for an answer', async () => {
    const { quit, events } = setUp('working', []);

    await quit.request('system');

    expect(events).toEqual(['engine stopped', 'left']);
  });

  it('asks one question at a time, and leaves once', async () => {
    const { quit, events } = setUp('working', [true]);

    await Promise.all([quit.request('person'), quit.request('person'), quit.request('system')]);

    expect(events).toEqual(['asked about 212', 'engine stopped', 'left']);
  });

  it("does not ask when the engine is another one's and goes on without the app", async () => {
    const { quit, events } = setUp('working', [], 'somebody-else');

    await quit.request('person');

    expect(events).toEqual(['engine stopped', 'left']);
  });
});
