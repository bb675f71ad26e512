/** The CT study: a contrast-enhanced series of chest and upper belly, one instance per slice (PS3.3 A.3). */
import { makeCtAnatomy, paintCtSlice, type CtAnatomy } from './ct-anatomy.ts';
import { bytes, text, us, writeDataset, type Element } from './dataset-writer.ts';
import { clamp, NoiseStream } from './noise.ts';
import {
  equipment,
  explicitLittleEndian,
  numberText,
  patientAndStudy,
  type DrawnInstance,
  type PhantomStudy,
} from './phantom-study.ts';

const ctImageStorage = '1.2.840.10008.5.1.4.1.1.2';
const size = 512;
const fieldMm = 400;
const pixelMm = fieldMm / size;
/** Every 5 mm from the lung tips to the kidneys. */
const sliceCount = 64;
const spacingMm = 5;
const rescaleIntercept = -1024;
/** What the scanner writes outside its round field. */
const outsideField = -1024;

/** The slices, head to foot, each painted when its bytes are asked for. */
export function* ctInstances(study: PhantomStudy, seed: number): Iterable<DrawnInstance> {
  const seriesInstanceUid = study.newUid();
  const frameOfReferenceUid = study.newUid();
  let anatomy: CtAnatomy | undefined;
  for (let index = 0; index < sliceCount; index += 1) {
    const sopInstanceUid = study.newUid();
    const dataset = (): Buffer => {
      anatomy ??= makeCtAnatomy(new NoiseStream(seed));
      const z = 2 + index * spacingMm;
      const pixels = digitise(paintCtSlice(anatomy, z, size, pixelMm), new NoiseStream(seed + index + 1));
      return writeDataset([
        ...patientAndStudy(study),
        ...equipment('Phantom CT'),
        ...ctElements({ study, index, z, sopInstanceUid, seriesInstanceUid, frameOfReferenceUid, pixels }),
      ]);
    };
    yield {
      sopClassUid: ctImageStorage,
      sopInstanceUid,
      transferSyntaxUid: explicitLittleEndian,
      studyInstanceUid: study.studyInstanceUid,
      seriesInstanceUid,
      modality: 'CT',
      dataset,
    };
  }
}

interface Slice {
  readonly study: PhantomStudy;
  readonly index: number;
  readonly z: number;
  readonly sopInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly frameOfReferenceUid: string;
  readonly pixels: Buffer;
}

function ctElements(slice: Slice): readonly Element[] {
  const corner = -fieldMm / 2 + pixelMm / 2;
  // DICOM's z grows towards the head (PS3.3 C.7.6.2.1.1), the phantom's towards the feet.
  const position = [corner, corner, -slice.z].map(numberText).join('\\');
  return [
    text(0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\AXIAL'),
    text(0x00080016, 'UI', ctImageStorage),
    text(0x00080018, 'UI', slice.sopInstanceUid),
    text(0x00080021, 'DA', slice.study.date),
    text(0x00080022, 'DA', slice.study.date),
    text(0x00080023, 'DA', slice.study.date),
    text(0x00080031, 'TM', slice.study.time),
    text(0x00080032, 'TM', slice.study.time),
    text(0x00080033, 'TM', slice.study.time),
    text(0x00080060, 'CS', 'CT'),
    text(0x0008103e, 'LO', 'Chest with contrast 5.0'),
    text(0x00180015, 'CS', 'CHEST'),
    text(0x00180022, 'CS', 'HELICAL MODE'),
    text(0x00180050, 'DS', String(spacingMm)),
    text(0x00180060, 'DS', '120'),
    text(0x00180088, 'DS', String(spacingMm)),
    text(0x00180090, 'DS', '500'),
    text(0x00181030, 'LO', 'Chest with contrast'),
    text(0x00181100, 'DS', String(fieldMm)),
    text(0x00181120, 'DS', '0'),
    text(0x00181140, 'CS', 'CW'),
    text(0x00181150, 'IS', '500'),
    text(0x00181151, 'IS', '240'),
    text(0x00181152, 'IS', '120'),
    text(0x00181210, 'SH', 'SOFT'),
    text(0x00185100, 'CS', 'HFS'),
    text(0x0020000e, 'UI', slice.seriesInstanceUid),
    text(0x00200011, 'IS', '2'),
    text(0x00200012, 'IS', '1'),
    text(0x00200013, 'IS', String(slice.index + 1)),
    text(0x00200032, 'DS', position),
    text(0x00200037, 'DS', '1\\0\\0\\0\\1\\0'),
    text(0x00200052, 'UI', slice.frameOfReferenceUid),
    text(0x00201040, 'LO', 'SN'),
    text(0x00201041, 'DS', numberText(-slice.z)),
    us(0x00280002, 1),
    text(0x00280004, 'CS', 'MONOCHROME2'),
    us(0x00280010, size),
    us(0x00280011, size),
    text(0x00280030, 'DS', `${numberText(pixelMm)}\\${numberText(pixelMm)}`),
    us(0x00280100, 16),
    us(0x00280101, 12),
    us(0x00280102, 11),
    us(0x00280103, 0),
    text(0x00281050, 'DS', '50\\-500'),
    text(0x00281051, 'DS', '400\\1500'),
    text(0x00281052, 'DS', String(rescaleIntercept)),
    text(0x00281053, 'DS', '1'),
    text(0x00281054, 'LO', 'HU'),
    text(0x00281055, 'LO', 'SOFT\\LUNG'),
    bytes(0x7fe00010, 'OW', slice.pixels),
  ];
}

/**
 * What the scanner makes of the painted slice: blurred by the focal spot, with noise whose grain is a few pixels wide
 * and stronger behind much bone, 12 bits.
 */
function digitise(painted: Float32Array, stream: NoiseStream): Buffer {
  const blurred = blur(painted, 0.24);
  const grain = new Float32Array(painted.length);
  for (let index = 0; index < grain.length; index += 1) grain[index] = stream.normal();
  const soft = blur(grain, 0.25);
  const pixels = Buffer.alloc(painted.length * 2);
  const radiusSquared = (size / 2) ** 2;
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      const index = row * size + column;
      const dx = column - (size - 1) / 2;
      const dy = row - (size - 1) / 2;
      const fromCentre = (dx * dx + dy * dy) / radiusSquared;
      const value = blurred[index] ?? 0;
      const deviation = value < -900 ? 9 : 30 - 15 * Math.min(fromCentre, 1);
      const measured = fromCentre > 1 ? outsideField : value + (soft[index] ?? 0) * deviation;
      pixels.writeUInt16LE(clamp(Math.round(measured - rescaleIntercept), 0, 4095), index * 2);
    }
  }
  return pixels;
}

/** A 3 x 3 blur, row and column apart; `side` is the weight of each neighbour. */
function blur(values: Float32Array, side: number): Float32Array {
  const middle = 1 - 2 * side;
  const along = (from: Float32Array, step: number): Float32Array => {
    const out = Float32Array.from(from);
    for (let index = step; index < from.length - step; index += 1) {
      out[index] =
        (from[index] ?? 0) * middle + ((from[index - step] ?? 0) + (from[index + step] ?? 0)) * side;
    }
    return out;
  };
  return along(along(values, 1), size);
}
