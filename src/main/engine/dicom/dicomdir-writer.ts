/**
 * Writes the directory of a medium (DICOMDIR): PS3.10 section 8, PS3.3 annex F. Patients, their studies, their series and
 * in them the files, as records that point at each other by their place in the file. No I/O.
 */
import { buildFileMeta } from './part10.ts';
import { mediaStorageDirectorySopClass, sopClassKeyword } from './sop-classes.ts';
import { explicitVrLittleEndian } from './transfer-syntaxes.ts';

/** Elements of an image that its records carry, as group * 65536 + element, with the VR they are written in. */
export const directoryElements: ReadonlyMap<number, string> = new Map([
  [0x00080005, 'CS'],
  [0x00080020, 'DA'],
  [0x00080023, 'DA'],
  [0x00080030, 'TM'],
  [0x00080033, 'TM'],
  [0x00080050, 'SH'],
  [0x00080060, 'CS'],
  [0x00081030, 'LO'],
  [0x0008103e, 'LO'],
  [0x00100010, 'PN'],
  [0x00100020, 'LO'],
  [0x0020000d, 'UI'],
  [0x0020000e, 'UI'],
  [0x00200010, 'SH'],
  [0x00200011, 'IS'],
  [0x00200013, 'IS'],
  [0x00420010, 'ST'],
  [0x00420012, 'LO'],
  [0x30040002, 'CS'],
  [0x3004000a, 'CS'],
  [0x30060002, 'SH'],
  [0x30060008, 'DA'],
  [0x30060009, 'TM'],
  [0x300a0002, 'SH'],
  [0x300a0006, 'DA'],
  [0x300a0007, 'TM'],
  [0x30080250, 'DA'],
  [0x30080251, 'TM'],
]);

export interface DirectoryFile {
  /** Parts of its path below the folder of the DICOMDIR: 1 to 8 of 1 to 8 characters A-Z, 0-9 and _. */
  readonly fileId: readonly string[];
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  /** Values as they stand in the image, in its own character set, without padding; by `directoryElements`. */
  readonly values: ReadonlyMap<number, Buffer>;
}

/** PS3.3 table F.4-1, as far as a record needs no more than values: which kind and what it must have. */
interface RecordKind {
  readonly type: string;
  /** Type 1: where the image has none, this stands for it; null: its place in the series. */
  readonly required: readonly (readonly [number, string | null])[];
  /** Type 2: written empty where the image has none. */
  readonly known: readonly number[];
  readonly emptySequences?: readonly number[];
}

const noDate = '19000101';
const noTime = '000000';
const instanceNumber = [0x00200013, null] as const;

const kinds: readonly (readonly [RegExp, RecordKind])[] = [
  [/^RTDose/, { type: 'RT DOSE', required: [instanceNumber, [0x3004000a, 'PLAN']], known: [] }],
  [
    /^RTStructureSet/,
    {
      type: 'RT STRUCTURE SET',
      required: [instanceNumber, [0x30060002, 'UNNAMED']],
      known: [0x30060008, 0x30060009],
    },
  ],
  [
    /^RT(Ion)?Plan/,
    {
      type: 'RT PLAN',
      required: [instanceNumber, [0x300a0002, 'UNNAMED']],
      known: [0x300a0006, 0x300a0007],
    },
  ],
  [
    /^RT.*TreatmentRecord/,
    { type: 'RT TREAT RECORD', required: [instanceNumber], known: [0x30080250, 0x30080251] },
  ],
  [
    /^Encapsulated/,
    {
      type: 'ENCAP DOC',
      required: [instanceNumber, [0x00420012, 'application/octet-stream']],
      known: [0x00080023, 0x00080033, 0x00420010],
      emptySequences: [0x0040a043],
    },
  ],
  [
    /^RawData/,
    { type: 'RAW DATA', required: [instanceNumber, [0x00080023, noDate], [0x00080033, noTime]], known: [] },
  ],
  [/PresentationState/, { type: '', required: [], known: [] }],
  [
    /Waveform|Electro/,
    { type: 'WAVEFORM', required: [instanceNumber, [0x00080023, noDate], [0x00080033, noTime]], known: [] },
  ],
  [
    /Image|Volume|Segmentation|ParametricMap|Video|Tomography|Photography/,
    { type: 'IMAGE', required: [instanceNumber], known: [] },
  ],
];

/** What a file of this class is in a directory; undefined: it needs sequences of its content, and is not named there. */
function kindOf(sopClassUid: string): RecordKind | undefined {
  const keyword = sopClassKeyword(sopClassUid) ?? '';
  const kind = kinds.find(([pattern]) => pattern.test(keyword))?.[1];
  return kind === undefined || kind.type === '' ? undefined : kind;
}

/** Whether a file of this class is named in the directory. */
export function isNamedInDirectory(sopClassUid: string): boolean {
  return kindOf(sopClassUid) !== undefined;
}

interface Entity {
  readonly body: Buffer;
  readonly below: Entity[];
}

type Values = ReadonlyMap<number, Buffer>;

/**
 * The whole file. Where an image lacks what a directory must have, a number of its own stands there, or the first day
 * of 1900: nothing of the images is changed. `sopInstanceUid`: of the directory itself, a fresh one.
 */
export function buildDicomdir(files: readonly DirectoryFile[], sopInstanceUid: string): Buffer {
  const meta = buildFileMeta({
    sopClassUid: mediaStorageDirectorySopClass,
    sopInstanceUid,
    transferSyntaxUid: explicitVrLittleEndian,
  });
  const roots = entities(files);
  const head = (first: number, last: number): Buffer =>
    Buffer.concat([
      element(0x00041130, 'CS', Buffer.from('EDGESYNC')),
      element(0x00041200, 'UL', u32(first)),
      element(0x00041202, 'UL', u32(last)),
      element(0x00041212, 'US', Buffer.from([0, 0])),
    ]);
  const sequenceHeadBytes = 12;
  const start = meta.length + head(0, 0).length + sequenceHeadBytes;
  const records: Buffer[] = [];
  const { places, end } = laidOut(roots, start, records);
  const sequence = Buffer.alloc(sequenceHeadBytes);
  sequence.writeUInt16LE(0x0004, 0);
  sequence.writeUInt16LE(0x1220, 2);
  sequence.write('SQ', 4, 'latin1');
  sequence.writeUInt32LE(end - start, 8);
  return Buffer.concat([meta, head(places[0] ?? 0, places.at(-1) ?? 0), sequence, ...records]);
}

/** Item head, then three elements with the pointers, then what the record says. */
const pointerBytes = 8 + 12 + 10 + 12;

/** Writes records one after the other, each before those below it; gives back where those of this level are. */
function laidOut(
  level: readonly Entity[],
  start: number,
  out: Buffer[],
): { readonly places: readonly number[]; readonly end: number } {
  const places: number[] = [];
  let at = start;
  level.forEach((entity, index) => {
    places.push(at);
    const slot = out.push(Buffer.alloc(0)) - 1;
    const below = laidOut(entity.below, at + pointerBytes + entity.body.length, out);
    const next = index + 1 < level.length ? below.end : 0;
    const item = Buffer.alloc(8);
    item.writeUInt32LE(0xe000fffe, 0);
    item.writeUInt32LE(pointerBytes - 8 + entity.body.length, 4);
    out[slot] = Buffer.concat([
      item,
      element(0x00041400, 'UL', u32(next)),
      element(0x00041410, 'US', Buffer.from([0xff, 0xff])),
      element(0x00041420, 'UL', u32(below.places[0] ?? 0)),
      entity.body,
    ]);
    at = below.end;
  });
  return { places, end: at };
}

function entities(files: readonly DirectoryFile[]): Entity[] {
  const patients = new Group();
  const studies = new Group();
  const series = new Group();
  const named = files.filter(({ sopClassUid }) => isNamedInDirectory(sopClassUid));
  for (const file of named) {
    const { values } = file;
    const studyUid = text(values, 0x0020000d);
    const seriesUid = text(values, 0x0020000e);
    // A study belongs to the patient of its first image, whatever another image of it says.
    const oneSeries = series.of(`${studyUid}\n${seriesUid}`, () => {
      const study = studies.of(studyUid, () => {
        const patientId =
          text(values, 0x00100020) === '' ? Buffer.from(`NO ID ${patients.size + 1}`) : undefined;
        const key = patientId === undefined ? hex(values, 0x00100020) + hex(values, 0x00100010) : studyUid;
        const patient = patients.of(key, () => patientRecord(values, patientId));
        return { entity: studyRecord(values, studies.size + 1), above: patient.below };
      });
      return { entity: seriesRecord(values, study.below.length + 1), above: study.below };
    });
    const kind = kindOf(file.sopClassUid);
    if (kind !== undefined) oneSeries.below.push(fileRecord(file, kind, oneSeries.below.length + 1));
  }
  return patients.all;
}

/** Entities of one level, each made once and put where it belongs. */
class Group {
  readonly #byKey = new Map<string, Entity>();
  readonly all: Entity[] = [];

  get size(): number {
    return this.#byKey.size;
  }

  of(key: string, make: () => Entity | { readonly entity: Entity; readonly above: Entity[] }): Entity {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const made = make();
    const entity = 'entity' in made ? made.entity : made;
    ('entity' in made ? made.above : this.all).push(entity);
    this.#byKey.set(key, entity);
    return entity;
  }
}

function patientRecord(values: Values, patientId: Buffer | undefined): Entity {
  return record('PATIENT', [
    ...characterSet(values),
    field(values, 0x00100010, ''),
    patientId === undefined ? field(values, 0x00100020, '') : element(0x00100020, 'LO', patientId),
  ]);
}

function studyRecord(values: Values, number: number): Entity {
  return record('STUDY', [
    ...characterSet(values),
    field(values, 0x00080020, noDate),
    field(values, 0x00080030, noTime),
    field(values, 0x00080050, ''),
    field(values, 0x00081030, ''),
    field(values, 0x0020000d, ''),
    field(values, 0x00200010, String(number)),
  ]);
}

function seriesRecord(values: Values, number: number): Entity {
  return record('SERIES', [
    ...characterSet(values),
    field(values, 0x00080060, 'OT'),
    ...(text(values, 0x0008103e) === '' ? [] : [field(values, 0x0008103e, '')]),
    field(values, 0x0020000e, ''),
    field(values, 0x00200011, String(number)),
  ]);
}

function fileRecord(file: DirectoryFile, kind: RecordKind, number: number): Entity {
  const { values, fileId, sopClassUid, sopInstanceUid, transferSyntaxUid } = file;
  const fields = [
    ...kind.required.map(([tag, absent]) => {
      return { tag, bytes: field(values, tag, absent ?? String(number)) };
    }),
    ...kind.known.map((tag) => ({ tag, bytes: field(values, tag, '') })),
    ...(kind.emptySequences ?? []).map((tag) => ({ tag, bytes: emptySequence(tag) })),
  ].sort((a, b) => a.tag - b.tag);
  return record(
    kind.type,
    [...characterSet(values), ...fields.map(({ bytes }) => bytes)],
    [
      element(0x00041500, 'CS', Buffer.from(fileId.join('\\'), 'latin1')),
      element(0x00041510, 'UI', Buffer.from(sopClassUid, 'latin1')),
      element(0x00041511, 'UI', Buffer.from(sopInstanceUid, 'latin1')),
      element(0x00041512, 'UI', Buffer.from(transferSyntaxUid, 'latin1')),
    ],
  );
}

function record(type: string, fields: readonly Buffer[], reference: readonly Buffer[] = []): Entity {
  const typeElement = element(0x00041430, 'CS', Buffer.from(type, 'latin1'));
  return { body: Buffer.concat([typeElement, ...reference, ...fields]), below: [] };
}

/** Type 1C: wherever text may go beyond ASCII. */
function characterSet(values: Values): readonly Buffer[] {
  return text(values, 0x00080005) === '' ? [] : [field(values, 0x00080005, '')];
}

function field(values: Values, tag: number, absent: string): Buffer {
  const value = values.get(tag);
  const vr = directoryElements.get(tag) ?? 'UN';
  return element(tag, vr, value === undefined || value.length === 0 ? Buffer.from(absent) : value);
}

/** Explicit VR little endian, all of the short form (PS3.5 7.1.2). */
function element(tag: number, vr: string, value: Buffer): Buffer {
  const paddedBytes = value.length + (value.length % 2);
  const bytes = Buffer.alloc(8 + paddedBytes, vr === 'UI' ? 0 : 0x20);
  bytes.writeUInt16LE(tag >>> 16, 0);
  bytes.writeUInt16LE(tag & 0xffff, 2);
  bytes.write(vr, 4, 'latin1');
  bytes.writeUInt16LE(paddedBytes, 6);
  value.copy(bytes, 8);
  return bytes;
}

function emptySequence(tag: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16LE(tag >>> 16, 0);
  bytes.writeUInt16LE(tag & 0xffff, 2);
  bytes.write('SQ', 4, 'latin1');
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function text(values: Values, tag: number): string {
  return values.get(tag)?.toString('latin1') ?? '';
}

function hex(values: Values, tag: number): string {
  return `${values.get(tag)?.toString('hex') ?? ''}\n`;
}
