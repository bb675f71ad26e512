/**
 * Kinds of devices as a practice names them, and the storage classes (PS3.6 annex A) that one of them sends. What a kind
 * leaves out can still be proposed: it is then shown and allowed by name.
 */
import { z } from 'zod';

export const deviceKindSchema = z.enum([
  'ct',
  'cbct',
  'xray',
  'dental',
  'mammography',
  'fluoroscopy',
  'ultrasound',
  'mri',
  'nuclear',
  'camera',
  'other',
]);
export type DeviceKind = z.infer<typeof deviceKindSchema>;

const storage = '1.2.840.10008.5.1.4.1.1.';

/** Beside the images: captures, presentation states, reports, dose, documents and raw data, which most devices send too. */
const common: readonly string[] = [
  '7',
  '7.1',
  '7.2',
  '7.3',
  '7.4',
  '11.1',
  '11.2',
  '66',
  '88.11',
  '88.22',
  '88.33',
  '88.59',
  '88.67',
  '104.1',
];

const images: Readonly<Record<Exclude<DeviceKind, 'other'>, readonly string[]>> = {
  ct: ['2', '2.1', '2.2'],
  cbct: ['2', '2.1', '13.1.1', '13.1.2', '13.1.3', '1.3', '1.3.1', '1', '1.1', '1.1.1'],
  xray: ['1', '1.1', '1.1.1'],
  dental: ['1', '1.1', '1.1.1', '1.3', '1.3.1', '77.1.4', '77.1.4.1'],
  mammography: ['1.2', '1.2.1', '1.1', '1.1.1', '13.1.3', '13.1.4', '13.1.5', '88.50'],
  fluoroscopy: ['12.1', '12.1.1', '12.2', '12.2.1', '13.1.1', '1', '1.1'],
  ultrasound: ['6', '6.1', '6.2', '6.3', '3', '3.1'],
  mri: ['4', '4.1', '4.2', '4.3', '4.4'],
  nuclear: ['5', '20', '128', '128.1', '130', '2', '2.1'],
  camera: [
    '77.1.1',
    '77.1.1.1',
    '77.1.2',
    '77.1.2.1',
    '77.1.4',
    '77.1.4.1',
    '77.1.5.1',
    '77.1.5.2',
    '77.1.5.4',
  ],
};

/** Storage class UIDs of a kind; undefined for `other`: what it sends is not known. */
export function classesOfKind(kind: DeviceKind): readonly string[] | undefined {
  if (kind === 'other') return undefined;
  return [...images[kind], ...common].map((end) => `${storage}${end}`);
}

/**
 * The kind that the proposed classes (UIDs) point to: the one that most image classes belong to. Undefined where several fit
 * equally well, or a device proposes everything there is.
 */
export function likelyKind(proposed: readonly string[]): DeviceKind | undefined {
  const ends = new Set(
    proposed.filter((uid) => uid.startsWith(storage)).map((uid) => uid.slice(storage.length)),
  );
  const own = [...ends].filter((end) => !common.includes(end));
  if (own.length === 0) return undefined;
  const fits = order.filter((kind) => own.every((end) => images[kind].includes(end)));
  return fits[0];
}

/** The narrower kind first, where one device would fit two. */
const order: readonly Exclude<DeviceKind, 'other'>[] = [
  'ct',
  'xray',
  'ultrasound',
  'mri',
  'dental',
  'mammography',
  'cbct',
  'fluoroscopy',
  'nuclear',
  'camera',
];
