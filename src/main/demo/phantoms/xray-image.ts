/** The X-ray study: one digital radiograph of a hand, for presentation (PS3.3 A.26). */
import { bytes, code, sq, ss, text, us, writeDataset, type Element } from './dataset-writer.ts';
import { clamp, NoiseStream, smoothStep } from './noise.ts';
import {
  equipment,
  explicitLittleEndian,
  numberText,
  patientAndStudy,
  type DrawnInstance,
  type PhantomStudy,
} from './phantom-study.ts';
import { projectHand, type Attenuation } from './xray-hand.ts';

const digitalXRayForPresentation = '1.2.840.10008.5.1.4.1.1.1.1';
const size = 2048;
const pixelMm = 0.135;

/** The one instance, drawn when its bytes are asked for. */
export function* xrayInstances(study: PhantomStudy, seed: number): Iterable<DrawnInstance> {
  const seriesInstanceUid = study.newUid();
  const sopInstanceUid = study.newUid();
  yield {
    sopClassUid: digitalXRayForPresentation,
    sopInstanceUid,
    transferSyntaxUid: explicitLittleEndian,
    studyInstanceUid: study.studyInstanceUid,
    seriesInstanceUid,
    modality: 'DX',
    dataset: () => {
      const stream = new NoiseStream(seed);
      const pixels = developFilm(projectHand(size, pixelMm, stream.fork()), size, stream.fork());
      return writeDataset([
        ...patientAndStudy(study),
        ...equipment('Phantom DX'),
        ...acquisition(study),
        ...picture(study, sopInstanceUid, seriesInstanceUid, pixels),
      ]);
    },
  };
}

function acquisition(study: PhantomStudy): readonly Element[] {
  return [
    text(0x0008002a, 'DT', `${study.date}${study.time}`),
    sq(0x00082218, code('85562004', 'SCT', 'Hand')),
    text(0x00180015, 'CS', 'HAND'),
    text(0x00180060, 'DS', '50'),
    text(0x00181110, 'DS', '1100'),
    text(0x00181111, 'DS', '1080'),
    text(0x00181150, 'IS', '20'),
    text(0x00181152, 'IS', '2'),
    text(0x00181164, 'DS', `${numberText(pixelMm)}\\${numberText(pixelMm)}`),
    text(0x00181508, 'CS', 'COLUMN'),
    text(0x00185101, 'CS', 'PA'),
    text(0x00187004, 'CS', 'SCINTILLATOR'),
    text(0x00187005, 'CS', 'AREA'),
    sq(0x00400555),
    sq(0x00540220, [...code('399348003', 'SCT', 'postero-anterior'), sq(0x00540222)]),
  ];
}

function picture(
  study: PhantomStudy,
  sopInstanceUid: string,
  seriesInstanceUid: string,
  pixels: Buffer,
): readonly Element[] {
  return [
    text(0x00080008, 'CS', 'ORIGINAL\\PRIMARY'),
    text(0x00080016, 'UI', digitalXRayForPresentation),
    text(0x00080018, 'UI', sopInstanceUid),
    text(0x00080021, 'DA', study.date),
    text(0x00080022, 'DA', study.date),
    text(0x00080023, 'DA', study.date),
    text(0x00080031, 'TM', study.time),
    text(0x00080032, 'TM', study.time),
    text(0x00080033, 'TM', study.time),
    text(0x00080060, 'CS', 'DX'),
    text(0x00080068, 'CS', 'FOR PRESENTATION'),
    text(0x0008103e, 'LO', 'Left hand PA'),
    text(0x0020000e, 'UI', seriesInstanceUid),
    text(0x00200011, 'IS', '1'),
    text(0x00200013, 'IS', '1'),
    text(0x00200020, 'CS', 'L\\F'),
    text(0x00200062, 'CS', 'L'),
    us(0x00280002, 1),
    text(0x00280004, 'CS', 'MONOCHROME2'),
    us(0x00280010, size),
    us(0x00280011, size),
    us(0x00280100, 16),
    us(0x00280101, 12),
    us(0x00280102, 11),
    us(0x00280103, 0),
    text(0x00280301, 'CS', 'NO'),
    text(0x00281040, 'CS', 'LOG'),
    ss(0x00281041, -1),
    text(0x00281050, 'DS', '2048'),
    text(0x00281051, 'DS', '4096'),
    text(0x00281052, 'DS', '0'),
    text(0x00281053, 'DS', '1'),
    text(0x00281054, 'LO', 'US'),
    text(0x00282110, 'CS', '00'),
    text(0x20500020, 'CS', 'IDENTITY'),
    bytes(0x7fe00010, 'OW', pixels),
  ];
}

/**
 * Attenuation to presented values: bone white, air black, with the detector's noise, the collimator's edge and the
 * lead letter for the side.
 * @returns 12-bit values, little endian
 */
export function developFilm(hand: Attenuation, width: number, stream: NoiseStream): Buffer {
  const pixels = Buffer.alloc(width * width * 2);
  let before = 0;
  for (let row = 0; row < width; row += 1) {
    const edge = collimated(row, width);
    for (let column = 0; column < width; column += 1) {
      const index = row * width + column;
      const soft = hand.soft[index] ?? 0;
      const boneMm = hand.bone[index] ?? 0;
      const attenuation = soft * 0.017 + boneMm * 0.098;
      // The detector's curve: soft tissue in the lower third, thick bone just short of white.
      const shown = 0.055 + 1.02 * (1 - Math.exp(-1.45 * attenuation));
      before = before * 0.35 + stream.normal() * 0.0075 * (0.6 + shown);
      const lit = Math.min(edge, collimated(column, width));
      const marked = leadLetter(column / width, row / width) ? 0.93 : shown;
      pixels.writeUInt16LE(clamp(Math.round((marked + before) * lit * 4095), 0, 4095), index * 2);
    }
  }
  return pixels;
}

/** 1 inside the lit field, nearly dark outside, with the soft edge of the collimator's blades. */
function collimated(index: number, width: number): number {
  const margin = Math.min(index, width - 1 - index) / width;
  return 0.22 + 0.78 * smoothStep(0.022, 0.027, margin);
}

/** A letter L of lead beside the wrist. */
function leadLetter(x: number, y: number): boolean {
  const upright = x > 0.085 && x < 0.1 && y > 0.8 && y < 0.88;
  const foot = x >= 0.085 && x < 0.135 && y > 0.866 && y < 0.88;
  return upright || foot;
}
