/** What the instances of one phantom study share: patient, study, equipment, and the shape they are handed out in. */
import { text, type Element } from './dataset-writer.ts';

export const explicitLittleEndian = '1.2.840.10008.1.2.1';
export const rleLossless = '1.2.840.10008.1.2.5';

/** One image, drawn when its bytes are asked for; asking twice gives the same bytes. */
export interface PhantomInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly modality: string;
  /** The dataset without file meta, in the transfer syntax named. */
  dataset(): Buffer;
  /** The same as a DICOM file (PS3.10). */
  part10(): Buffer;
}

/** An instance as a study's own file describes it; `withFile` adds the rest. */
export type DrawnInstance = Omit<PhantomInstance, 'part10'>;

export interface PhantomPatient {
  /** VR PN; PHANTOM as family name, so that nobody takes it for a person. */
  readonly name: string;
  readonly id: string;
  /** YYYYMMDD. */
  readonly birthDate: string;
  readonly sex: 'F' | 'M';
}

export interface PhantomStudy {
  readonly patient: PhantomPatient;
  readonly studyInstanceUid: string;
  readonly description: string;
  readonly accessionNumber: string;
  readonly studyId: string;
  /** YYYYMMDD and HHMMSS. */
  readonly date: string;
  readonly time: string;
  readonly newUid: () => string;
}

/** A number as DS allows it: at most 16 characters. */
export function numberText(value: number): string {
  return String(Number(value.toFixed(6)));
}

/** Date and time of a moment as DA and TM, in UTC: a phantom has no time zone. */
export function dicomMoment(epochMs: number): { readonly date: string; readonly time: string } {
  const digits = new Date(epochMs).toISOString().replaceAll(/[-:]/g, '');
  return { date: digits.slice(0, 8), time: digits.slice(9, 15) };
}

/** Patient and study modules (PS3.3 C.7.1.1, C.7.2.1). Text is UTF-8. */
export function patientAndStudy(study: PhantomStudy): readonly Element[] {
  return [
    text(0x00080005, 'CS', 'ISO_IR 192'),
    text(0x00080020, 'DA', study.date),
    text(0x00080030, 'TM', study.time),
    text(0x00080050, 'SH', study.accessionNumber),
    text(0x00080090, 'PN', ''),
    text(0x00081030, 'LO', study.description),
    text(0x00100010, 'PN', study.patient.name),
    text(0x00100020, 'LO', study.patient.id),
    text(0x00100030, 'DA', study.patient.birthDate),
    text(0x00100040, 'CS', study.patient.sex),
    text(0x0020000d, 'UI', study.studyInstanceUid),
    text(0x00200010, 'SH', study.studyId),
  ];
}

/** General equipment module (PS3.3 C.7.5.1). */
export function equipment(model: string): readonly Element[] {
  return [
    text(0x00080070, 'LO', 'Edge Sync phantom'),
    text(0x00080080, 'LO', 'Phantom clinic'),
    text(0x00081090, 'LO', model),
    text(0x00181000, 'LO', '1'),
    text(0x00181020, 'LO', '1'),
  ];
}
