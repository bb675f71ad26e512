import { parseArgs } from 'node:util';

export interface ShellOptions {
  /** Started at login: tray only. */
  readonly start: 'window' | 'hidden';
  readonly dataDir: string | undefined;
  /** Passed on to the engine as they are. */
  readonly engineArgs: readonly string[];
}

/**
 * Reads the app's own switches and passes over everything else (Chromium and the desktop add theirs).
 * @param args without the program and, in development, the app folder
 */
export function parseShellOptions(args: readonly string[]): ShellOptions {
  const { values } = parseArgs({
    args: [...args],
    strict: false,
    options: {
      hidden: { type: 'boolean' },
      'data-dir': { type: 'string' },
      config: { type: 'string' },
      'passphrase-file': { type: 'string' },
    },
  });
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  const passed = (['config', 'passphrase-file'] as const).flatMap((name) => {
    const value = text(values[name]);
    return value === undefined ? [] : [`--${name}`, value];
  });
  return {
    start: values['hidden'] === true ? 'hidden' : 'window',
    dataDir: text(values['data-dir']),
    engineArgs: passed,
  };
}
