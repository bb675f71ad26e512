/** What options of many commands mean. */
import { EdgeSyncError } from '../../shared/errors.ts';

/** How a result is printed. */
export type Format = 'json' | 'text';

export function formatOf({ json }: { readonly json?: boolean }): Format {
  return json === true ? 'json' : 'text';
}

/** A whole number from 1 to `most`, `usual` without the option. `name`: `--days`. Throws usage. */
export function numberOf(
  text: string | undefined,
  { name, usual, most }: { readonly name: string; readonly usual: number; readonly most: number },
): number {
  if (text === undefined) return usual;
  const number = /^\d+$/.test(text) && text.length <= String(most).length ? Number(text) : 0;
  if (number < 1 || number > most) throw new EdgeSyncError('usage', `${name} is a number from 1 to ${most}`);
  return number;
}
