/** What of a dataset says how its pixels are stored and meant (PS3.3 C.7.6.3, C.7.6.16, C.8, C.11). */
import { ViewerProblem } from '../open/problem.ts';
import { decimals, firstItem, type DataSet, type ParsedFile } from './dataset.ts';
import { maxFrameBytes, maxFramePixels, maxFrames, maxTableEntries } from './limits.ts';

export type Photometric =
  | 'MONOCHROME1'
  | 'MONOCHROME2'
  | 'PALETTE COLOR'
  | 'RGB'
  | 'YBR_FULL'
  | 'YBR_FULL_422'
  | 'YBR_PARTIAL_422'
  | 'YBR_PARTIAL_420'
  | 'YBR_RCT'
  | 'YBR_ICT';

const photometrics: readonly string[] = [
  'MONOCHROME1',
  'MONOCHROME2',
  'PALETTE COLOR',
  'RGB',
  'YBR_FULL',
  'YBR_FULL_422',
  'YBR_PARTIAL_422',
  'YBR_PARTIAL_420',
  'YBR_RCT',
  'YBR_ICT',
] satisfies Photometric[];

/** How the stored samples are laid out. */
export interface PixelLayout {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly samples: 1 | 3;
  readonly photometric: Photometric;
  readonly bitsAllocated: 1 | 8 | 16 | 32;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly sign: 'unsigned' | 'signed';
  readonly planes: 'interleaved' | 'apart';
}

/** A lookup table (PS3.3 C.11.1.1): the first stored value mapped, and what the values become. */
export interface LookupTable {
  readonly firstValue: number;
  readonly entries: Uint16Array;
  /** Of an entry. */
  readonly bits: number;
}

export interface VoiWindow {
  readonly center: number;
  readonly width: number;
  /** WindowCenterWidthExplanation, or empty. */
  readonly name: string;
}

export type VoiFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID';

/** How stored values become shown ones; may differ from frame to frame. */
export interface GrayFacts {
  readonly slope: number;
  readonly intercept: number;
  readonly modalityTable: LookupTable | undefined;
  readonly windows: readonly VoiWindow[];
  readonly voiFunction: VoiFunction;
  readonly voiTable: LookupTable | undefined;
  /** HU, or what RescaleType says; empty when unknown. */
  readonly unit: string;
  /** Stored values that fill what is no image (PS3.3 C.7.5.1.1.2). */
  readonly padding: { readonly least: number; readonly most: number } | undefined;
}

/** Millimetres per pixel. `patient`: in the patient; `detector`: where the beam meets the detector, so too large. */
export interface Spacing {
  readonly rowMm: number;
  readonly columnMm: number;
  readonly at: 'patient' | 'detector';
}

/** A part of an ultrasound image with a scale of its own (PS3.3 C.8.5.5), corners included. */
export interface ScaledRegion {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly columnMm: number;
  readonly rowMm: number;
}

export interface FrameGeometry {
  readonly spacing: Spacing | undefined;
  readonly regions: readonly ScaledRegion[];
  /** Height of a pixel by its width. */
  readonly pixelAspect: number;
  /** Direction of the rows and of the columns in the patient (PS3.3 C.7.6.2.1.1). */
  readonly orientation: readonly number[] | undefined;
}

/** @throws ViewerProblem no-pixels, pixels-unsupported, pixels-too-large, pixels-damaged. */
export function readLayout({ dataset }: ParsedFile): PixelLayout {
  if (dataset.elements['x7fe00010'] === undefined) {
    const floats = dataset.elements['x7fe00008'] ?? dataset.elements['x7fe00009'];
    throw new ViewerProblem(floats === undefined ? 'no-pixels' : 'pixels-unsupported');
  }
  const rows = uint16(dataset, 'x00280010');
  const columns = uint16(dataset, 'x00280011');
  const samples = uint16(dataset, 'x00280002', 1);
  const bitsAllocated = uint16(dataset, 'x00280100');
  const bitsStored = uint16(dataset, 'x00280101', bitsAllocated);
  const highBit = uint16(dataset, 'x00280102', bitsStored - 1);
  const photometric = (dataset.string('x00280004') ?? '').trim() || (samples === 3 ? 'RGB' : 'MONOCHROME2');
  const frames = Math.trunc(decimals(dataset, 'x00280008')[0] ?? 1);
  if (rows === 0 || columns === 0 || bitsStored === 0) throw new ViewerProblem('pixels-damaged', 'no size');
  if (frames < 1 || frames > maxFrames) throw new ViewerProblem('pixels-damaged', 'frames');
  if (samples !== 1 && samples !== 3) throw new ViewerProblem('pixels-unsupported', 'samples');
  if (bitsAllocated !== 1 && bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 32) {
    throw new ViewerProblem('pixels-unsupported', 'bits');
  }
  if (bitsStored > bitsAllocated || highBit >= bitsAllocated || highBit + 1 < bitsStored) {
    throw new ViewerProblem('pixels-damaged', 'bits');
  }
  if (!photometrics.includes(photometric)) throw new ViewerProblem('pixels-unsupported', 'colour space');
  const bytes = rows * columns * samples * Math.max(1, bitsAllocated / 8);
  if (rows * columns > maxFramePixels || bytes > maxFrameBytes) throw new ViewerProblem('pixels-too-large');
  return {
    rows,
    columns,
    frames,
    samples,
    photometric: photometric as Photometric,
    bitsAllocated,
    bitsStored,
    highBit,
    sign: uint16(dataset, 'x00280103', 0) === 1 ? 'signed' : 'unsigned',
    planes: samples === 3 && uint16(dataset, 'x00280006', 0) === 1 ? 'apart' : 'interleaved',
  };
}

function uint16(dataset: DataSet, tag: string, otherwise = 0): number {
  return (dataset.elements[tag]?.length ?? 0) >= 2 ? (dataset.uint16(tag) ?? otherwise) : otherwise;
}

/** The functional group of a frame (PS3.3 C.7.6.16): the frame's own, else the shared one, else the dataset itself. */
function group(dataset: DataSet, frame: number, tag: string): DataSet {
  const own = dataset.elements['x52009230']?.items?.[frame]?.dataSet;
  return firstItem(own, tag) ?? firstItem(firstItem(dataset, 'x52009229'), tag) ?? dataset;
}

export function readGrayFacts({ dataset }: ParsedFile, layout: PixelLayout, frame: number): GrayFacts {
  const rescale = group(dataset, frame, 'x00289145');
  const voi = group(dataset, frame, 'x00289132');
  const modalityItem = firstItem(dataset, 'x00283000');
  const voiItem = firstItem(voi, 'x00283010');
  const voiFunction = voi.string('x00281056')?.trim();
  const centers = decimals(voi, 'x00281050');
  const widths = decimals(voi, 'x00281051');
  const names = (voi.string('x00281055') ?? '').split('\\');
  const modality = dataset.string('x00080060')?.trim();
  const [slope = 1] = decimals(rescale, 'x00281053');
  const unit = (rescale.string('x00281054') ?? '').trim();
  return {
    slope: slope === 0 ? 1 : slope,
    intercept: decimals(rescale, 'x00281052')[0] ?? 0,
    modalityTable: modalityItem && readTable(modalityItem, layout.sign),
    windows: centers.flatMap((center, at) => {
      const width = widths[at];
      const name = (names[at] ?? '').trim();
      return width !== undefined && width > 0 ? [{ center, width, name }] : [];
    }),
    voiFunction: voiFunction === 'LINEAR_EXACT' || voiFunction === 'SIGMOID' ? voiFunction : 'LINEAR',
    voiTable: voiItem && readTable(voiItem, modalityItem === undefined ? layout.sign : 'unsigned'),
    unit: unit === '' && modality === 'CT' ? 'HU' : unit === 'US' ? '' : unit,
    padding: readPadding(dataset, layout.sign),
  };
}

/** PixelPaddingValue, and the other end of their range where there is one. */
function readPadding(dataset: DataSet, sign: PixelLayout['sign']): GrayFacts['padding'] {
  const [value, limit] = ['x00280120', 'x00280121'].map((tag) => {
    if ((dataset.elements[tag]?.length ?? 0) < 2) return undefined;
    return sign === 'signed' ? dataset.int16(tag) : dataset.uint16(tag);
  });
  if (value === undefined) return undefined;
  return { least: Math.min(value, limit ?? value), most: Math.max(value, limit ?? value) };
}

/** LUTDescriptor and LUTData. A table that does not hold what it says is left out. */
function readTable(item: DataSet, sign: PixelLayout['sign']): LookupTable | undefined {
  return lookupTable(item, 'x00283002', 'x00283006', sign);
}

/** A descriptor of three values, and its data of 8 or 16 bits. */
export function lookupTable(
  dataset: DataSet,
  descriptorTag: string,
  dataTag: string,
  sign: PixelLayout['sign'],
): LookupTable | undefined {
  const descriptor = dataset.elements[descriptorTag];
  const data = dataset.elements[dataTag];
  if (descriptor === undefined || descriptor.length < 6 || data === undefined) return undefined;
  const count = dataset.uint16(descriptorTag, 0) || maxTableEntries;
  const first = sign === 'signed' ? dataset.int16(descriptorTag, 1) : dataset.uint16(descriptorTag, 1);
  const bits = dataset.uint16(descriptorTag, 2) ?? 16;
  const entries = new Uint16Array(count);
  const end = data.dataOffset + data.length;
  if (end > dataset.byteArray.length || bits < 1 || bits > 16) return undefined;
  if (data.length >= count * 2) {
    for (let at = 0; at < count; at += 1) entries[at] = dataset.uint16(dataTag, at) ?? 0;
  } else if (data.length >= count && bits <= 8) {
    for (let at = 0; at < count; at += 1) entries[at] = dataset.byteArray[data.dataOffset + at] ?? 0;
  } else {
    return undefined;
  }
  return { firstValue: first ?? 0, entries, bits };
}

export function readGeometry({ dataset }: ParsedFile, frame: number): FrameGeometry {
  const measures = group(dataset, frame, 'x00289110');
  const patient = pair(measures, 'x00280030');
  const detector = pair(dataset, 'x00181164');
  const given = patient ?? detector;
  const aspect = pair(dataset, 'x00280034');
  const orientation = decimals(group(dataset, frame, 'x00209116'), 'x00200037');
  return {
    spacing: given && {
      rowMm: given[0],
      columnMm: given[1],
      at: patient === undefined || onDetector(dataset, patient, detector) ? 'detector' : 'patient',
    },
    regions: regions(dataset),
    pixelAspect: given !== undefined ? given[0] / given[1] : aspect !== undefined ? aspect[0] / aspect[1] : 1,
    orientation: orientation.length === 6 ? orientation : undefined,
  };
}

const projections: ReadonlySet<string> = new Set(['CR', 'DX', 'IO', 'MG', 'PX', 'RF', 'RG', 'XA']);

/**
 * Projection images whose Pixel Spacing only repeats the detector's are not corrected for magnification; where nothing
 * but Pixel Spacing is there, it is not known whether they are (PS3.3 10.7.1.3).
 */
function onDetector(
  dataset: DataSet,
  patient: readonly [number, number],
  detector: readonly [number, number] | undefined,
): boolean {
  if ((dataset.string('x00280a02') ?? '').trim() !== '') return false;
  if (detector === undefined) return projections.has((dataset.string('x00080060') ?? '').trim());
  return patient[0] === detector[0] && patient[1] === detector[1];
}

function pair(dataset: DataSet, tag: string): readonly [number, number] | undefined {
  const [first, second] = decimals(dataset, tag);
  return first !== undefined && second !== undefined && first > 0 && second > 0 ? [first, second] : undefined;
}

/** Regions that are images (spatial format 2D) with both deltas in centimetres. */
function regions(dataset: DataSet): readonly ScaledRegion[] {
  const items = dataset.elements['x00186011']?.items?.slice(0, 64) ?? [];
  return items.flatMap(({ dataSet: item }) => {
    if (item === undefined || item.uint16('x00186012') !== 1) return [];
    if (item.uint16('x00186024') !== 3 || item.uint16('x00186026') !== 3) return [];
    const [left, top, right, bottom] = ['x00186018', 'x0018601a', 'x0018601c', 'x0018601e'].map((tag) =>
      item.uint32(tag),
    );
    const columnMm = Math.abs(item.double('x0018602c') ?? 0) * 10;
    const rowMm = Math.abs(item.double('x0018602e') ?? 0) * 10;
    if (left === undefined || top === undefined || right === undefined || bottom === undefined) return [];
    return columnMm > 0 && rowMm > 0 ? [{ left, top, right, bottom, columnMm, rowMm }] : [];
  });
}

/** Frames per second that the device recommends or recorded (PS3.3 C.7.6.5), within 1 to 60. */
export function readFrameRate({ dataset }: ParsedFile): number | undefined {
  const [frameTimeMs = 0] = decimals(dataset, 'x00181063');
  const rate =
    decimals(dataset, 'x00082144')[0] ??
    decimals(dataset, 'x00180040')[0] ??
    (frameTimeMs > 0 ? 1000 / frameTimeMs : undefined);
  return rate !== undefined && rate > 0 ? Math.min(60, Math.max(1, rate)) : undefined;
}
