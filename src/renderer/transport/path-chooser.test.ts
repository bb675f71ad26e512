import { describe, expect, it } from 'vitest';
import { pathChooser } from './path-chooser.ts';

function answering(answer: unknown): EdgeSyncBridge {
  return { connect: () => undefined, choosePath: () => Promise.resolve(answer) };
}

describe('choosing a path', () => {
  it('is not offered without the bridge of the desktop app', () => {
    expect(pathChooser(undefined)).toBeUndefined();
  });

  it.each([
    [{ tag: 'chosen', path: '/srv/Röntgen 2' }],
    [{ tag: 'chosen', path: String.raw`\\nas\images` }],
    [{ tag: 'cancelled' }],
  ])('hands on %j', async (answer) => {
    expect(await pathChooser(answering(answer))?.('restore')).toEqual(answer);
  });

  it.each(['/srv/two\nlines', '/srv/scans ', '/srv/\u0007'])(
    'takes no path that a field would change: %j',
    async (path) => {
      expect(await pathChooser(answering({ tag: 'chosen', path }))?.('watch')).toEqual({ tag: 'unusable' });
    },
  );

  it.each([
    ['/srv'],
    [undefined],
    [{ tag: 'chosen' }],
    [{ tag: 'chosen', path: '' }],
    [{ tag: 'chosen', path: 'x'.repeat(5000) }],
    [{ tag: 'chosen', path: '/srv', contents: 'x' }],
  ])('fails on an answer that is none: %j', async (answer) => {
    expect(await pathChooser(answering(answer))?.('watch')).toEqual({ tag: 'failed' });
  });

  it('fails when the shell refuses', async () => {
    const refusing: EdgeSyncBridge = {
      connect: () => undefined,
      choosePath: () => Promise.reject(new Error('refused')),
    };
    expect(await pathChooser(refusing)?.('destination')).toEqual({ tag: 'failed' });
  });
});
