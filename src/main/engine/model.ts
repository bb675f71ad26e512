/** Plain values that several stages pass on. Imports no stage; every stage may import it. */
import type { ErrorCode } from '../../shared/errors.ts';

/** Name of a spool file: 32 hex digits. Random: says nothing about the image. */
export type SpoolId = string;

export type InstanceFlag =
  /** Preamble looked like a program (MZ, ELF, Mach-O) and was zeroed. */
  | 'preamble-zeroed'
  /** Another image with the same SOP Instance UID but other content is kept too. */
  | 'uid-conflict'
  /** Stored as it is, but its header could not be read to the end of what is shown. */
  | 'header-odd';

/** Display and rebuild attributes of one instance; sealed as one column. All optional but the UIDs. */
export interface InstanceDetails {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  readonly instanceNumber?: string;
  readonly seriesNumber?: string;
  readonly modality?: string;
  readonly patientName?: string;
  readonly patientId?: string;
  readonly patientBirthDate?: string;
  readonly studyDate?: string;
  readonly studyTime?: string;
  readonly studyDescription?: string;
  readonly seriesDescription?: string;
  readonly accessionNumber?: string;
  /** SHA-256 of the dataset bytes, hex. */
  readonly datasetSha256: string;
}

/** Something that keeps the headline from green until somebody has answered it. */
export interface IncidentReport {
  readonly code: ErrorCode;
  /** What it is about (a path, an AE title and address, a study): sealed at rest; same code and subject count together. */
  readonly subject: string;
  /** Shown to staff; no PHI. */
  readonly detail?: string;
  /** How often it happened, when several are told as one; default 1. */
  readonly times?: number;
}

export type ReportIncident = (incident: IncidentReport) => void;
