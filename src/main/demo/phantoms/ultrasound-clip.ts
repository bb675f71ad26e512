/** The ultrasound study: one colour clip of a beating heart (PS3.3 A.7) and one still of it, stored as RLE (A.6). */
import {
  at,
  bytes,
  code,
  fd,
  frames,
  sl,
  sq,
  text,
  ul,
  us,
  writeDataset,
  type Element,
} from './dataset-writer.ts';
import {
  equipment,
  explicitLittleEndian,
  patientAndStudy,
  rleLossless,
  type DrawnInstance,
  type PhantomStudy,
} from './phantom-study.ts';
import { encodeRleFrame } from './rle-encoder.ts';
import {
  apex,
  clipFrames,
  clipHeight,
  clipWidth,
  depthCm,
  frameTimeMs,
  pixelsPerCm,
  UltrasoundScanner,
} from './ultrasound-image.ts';

const ultrasoundMultiFrame = '1.2.840.10008.5.1.4.1.1.3.1';
const ultrasoundImage = '1.2.840.10008.5.1.4.1.1.6.1';
/** The moment of the still: blood rushing into the left ventricle. */
const stillFrame = 21;

/** The clip, then the still. */
export function* ultrasoundInstances(study: PhantomStudy, seed: number): Iterable<DrawnInstance> {
  const seriesInstanceUid = study.newUid();
  const shared = { studyInstanceUid: study.studyInstanceUid, seriesInstanceUid, modality: 'US' };
  const clipUid = study.newUid();
  yield {
    ...shared,
    sopClassUid: ultrasoundMultiFrame,
    sopInstanceUid: clipUid,
    transferSyntaxUid: explicitLittleEndian,
    dataset: () =>
      writeDataset([
        ...common(study, seriesInstanceUid),
        text(0x00080016, 'UI', ultrasoundMultiFrame),
        text(0x00080018, 'UI', clipUid),
        text(0x0008002a, 'DT', `${study.date}${study.time}`),
        text(0x00181063, 'DS', String(frameTimeMs)),
        text(0x00181088, 'IS', '60'),
        text(0x00200013, 'IS', '1'),
        us(0x00280006, 0),
        text(0x00280008, 'IS', String(clipFrames)),
        at(0x00280009, 0x00181063),
        text(0x00282110, 'CS', '00'),
        bytes(0x7fe00010, 'OB', drawClip(seed)),
      ]),
  };
  const stillUid = study.newUid();
  yield {
    ...shared,
    sopClassUid: ultrasoundImage,
    sopInstanceUid: stillUid,
    transferSyntaxUid: rleLossless,
    dataset: () =>
      writeDataset([
        ...common(study, seriesInstanceUid),
        text(0x00080016, 'UI', ultrasoundImage),
        text(0x00080018, 'UI', stillUid),
        text(0x0008002a, 'DT', `${study.date}${study.time}`),
        text(0x00200013, 'IS', '2'),
        us(0x00280006, 1),
        text(0x00282110, 'CS', '00'),
        frames(0x7fe00010, [encodeStill(seed)]),
      ]),
  };
}

function drawClip(seed: number): Buffer {
  const scanner = new UltrasoundScanner(seed);
  const frameBytes = clipWidth * clipHeight * 3;
  const pixels = Buffer.alloc(frameBytes * clipFrames);
  for (let frame = 0; frame < clipFrames; frame += 1) pixels.set(scanner.draw(frame), frame * frameBytes);
  return pixels;
}

function encodeStill(seed: number): Buffer {
  const picture = new UltrasoundScanner(seed).draw(stillFrame);
  const planes = [0, 1, 2].map((channel) => {
    const plane = new Uint8Array(clipWidth * clipHeight);
    for (let index = 0; index < plane.length; index += 1) plane[index] = picture[index * 3 + channel] ?? 0;
    return plane;
  });
  return encodeRleFrame(planes, clipWidth);
}

function common(study: PhantomStudy, seriesInstanceUid: string): readonly Element[] {
  return [
    ...patientAndStudy(study),
    ...equipment('Phantom US'),
    text(0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\TTE\\0011'),
    text(0x00080021, 'DA', study.date),
    text(0x00080023, 'DA', study.date),
    text(0x00080031, 'TM', study.time),
    text(0x00080033, 'TM', study.time),
    text(0x00080060, 'CS', 'US'),
    text(0x0008103e, 'LO', 'Apical four chamber, colour'),
    sq(0x00082218, code('80891009', 'SCT', 'Heart')),
    text(0x00185010, 'LO', 'Phantom sector'),
    sq(0x00186011, region()),
    text(0x0020000e, 'UI', seriesInstanceUid),
    text(0x00200011, 'IS', '1'),
    text(0x00200020, 'CS', ''),
    us(0x00280002, 3),
    text(0x00280004, 'CS', 'RGB'),
    us(0x00280010, clipHeight),
    us(0x00280011, clipWidth),
    us(0x00280014, 1),
    us(0x00280100, 8),
    us(0x00280101, 8),
    us(0x00280102, 7),
    us(0x00280103, 0),
  ];
}

/** US Region Calibration (PS3.3 C.8.5.5): lets a viewer measure in centimetres. */
function region(): readonly Element[] {
  const cmPerPixel = 1 / pixelsPerCm;
  const halfWidth = Math.round(depthCm * pixelsPerCm * 0.63);
  return [
    us(0x00186012, 1),
    us(0x00186014, 1),
    ul(0x00186016, 0),
    ul(0x00186018, apex.x - halfWidth),
    ul(0x0018601a, apex.y),
    ul(0x0018601c, apex.x + halfWidth),
    ul(0x0018601e, Math.round(apex.y + depthCm * pixelsPerCm)),
    sl(0x00186020, halfWidth),
    sl(0x00186022, 0),
    us(0x00186024, 3),
    us(0x00186026, 3),
    fd(0x0018602c, cmPerPixel),
    fd(0x0018602e, cmPerPixel),
  ];
}
