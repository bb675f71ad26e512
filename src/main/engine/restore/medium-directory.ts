import type { Random } from '../ports.ts';

/** placeholder until the directory is written */
export function writeMediumDirectory(_folder: string, _deps: { readonly random: Random }): Promise<void> {
  return Promise.resolve();
}
