import { describe, expect, it } from 'vitest';
import { pauseOf } from './uploads.ts';

describe('the time of a pause', () => {
  it.each([
    ['30m', { tag: 'for', minutes: 30 }],
    ['1h', { tag: 'for', minutes: 60 }],
    ['24h', { tag: 'for', minutes: 1440 }],
    ['until-tomorrow', { tag: 'until-tomorrow' }],
  ])('may be %s', (text, request) => {
    expect(pauseOf(text)).toEqual(request);
  });

  it.each(['0m', '25h', '1441m', '30', '-1h', '1h30m', '99999999h', 'for ever', ''])(
    'may not be %j',
    (text) => {
      expect(() => pauseOf(text)).toThrow(/until-tomorrow/);
    },
  );
});
