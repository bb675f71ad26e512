import { describe, expect, it } from 'vitest';
import { parseShellOptions } from './command-line.ts';

describe('the switches of the app', () => {
  it('are few, and those of the engine go on to it', () => {
    const options = parseShellOptions([
      '.',
      '--hidden',
      '--data-dir',
      '/d',
      '--config=/c.json',
      '--passphrase-file',
      '/p',
    ]);

    expect(options).toEqual({
      start: 'hidden',
      dataDir: '/d',
      engineArgs: ['--config', '/c.json', '--passphrase-file', '/p'],
    });
  });

  it('are none by default: a window and the usual folder', () => {
    expect(parseShellOptions([])).toEqual({ start: 'window', dataDir: undefined, engineArgs: [] });
  });

  it('may stand among those that Chromium and the desktop add', () => {
    const options = parseShellOptions([
      '--no-sandbox',
      '--inspect=0',
      '/app',
      '-psn_0_1',
      '--data-dir=/d',
      '--hidden',
    ]);

    expect(options).toMatchObject({ start: 'hidden', dataDir: '/d' });
  });
});
