/** Grey settings one can choose from: what the file offers, all values, and the usual ones for CT. */
import type { Messages } from '../i18n/en.ts';
import { ctWindows, fullRange, windowVoi, type Voi } from '../pixels/gray.ts';
import type { GrayPicture } from '../pixels/picture.ts';

export interface Preset {
  readonly id: string;
  readonly label: string;
  readonly voi: Voi;
}

export function presetsOf(picture: GrayPicture, { presets }: Messages): readonly Preset[] {
  const { windows, voiFunction, voiTable, unit } = picture.facts;
  return [
    ...windows.map((window, at) => ({
      id: `file-${at}`,
      label: window.name === '' ? presets.file : presets.fileNamed(window.name),
      voi: windowVoi(window, voiFunction),
    })),
    ...(voiTable === undefined
      ? []
      : [{ id: 'file-table', label: presets.fileTable, voi: { tag: 'table' as const, table: voiTable } }]),
    { id: 'full', label: presets.full, voi: fullRange(picture) },
    ...(unit === 'HU'
      ? ctWindows.map(({ id, center, width }) => ({
          id,
          label: presets[id],
          voi: windowVoi({ center, width, name: '' }, 'LINEAR'),
        }))
      : []),
  ];
}

export function sameVoi(a: Voi, b: Voi): boolean {
  if (a.tag === 'table' || b.tag === 'table')
    return a.tag === 'table' && b.tag === 'table' && a.table === b.table;
  return a.center === b.center && a.width === b.width && a.function === b.function;
}
