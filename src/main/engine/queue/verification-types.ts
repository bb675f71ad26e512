/** What verification sees of the queue. Times are epoch milliseconds. Nothing here is PHI except inside `details`. */
import type { InstanceDetails, SpoolId } from '../model.ts';

export type CopyTrouble = 'missing' | 'damaged';

/** One instance's copy at one destination that counts as proven, or did until it was found bad. */
export interface CopyToCheck {
  readonly destination: string;
  readonly instanceId: number;
  readonly objectName: string;
  /** As shown in the page: random, says nothing. */
  readonly studyId: string;
  /** null when the local copy is gone. */
  readonly spoolId: SpoolId | null;
  /** Size of the local copy, or what it had. */
  readonly sizeBytes: number;
  /** undefined when the row itself is damaged: its details do not open. */
  readonly details: InstanceDetails | undefined;
  /** SHA-256 of the sealed bytes that were proven, hex. */
  readonly objectSha256: string;
  readonly objectSizeBytes: number;
  /** 0: under its own name; else the number of the repaired copy. */
  readonly repair: number;
  /** null where it is not known in which list of this installation the entry stands. */
  readonly manifestSequence: number | null;
  /** Last download; null: never. */
  readonly checkedAtMs: number | null;
  readonly provenAtMs: number;
  /** What the last look found wrong; null when it counts as good. */
  readonly trouble: CopyTrouble | null;
}

/** A good copy that is not the recorded one: another repaired copy, say, made by another PC. */
export interface OtherCopy {
  readonly etag: string;
  readonly objectSha256: string;
  readonly sizeBytes: number;
  readonly repair: number;
}

/** A copy that was bad and is good again. */
export interface MendedCopy {
  readonly destination: string;
  readonly instanceId: number;
  readonly studyId: string;
  /** How it came about: uploaded again, or the good one was there again. */
  readonly repair: number;
}

/** Counters since the database was made, but for `troubled`. */
export interface VerificationFacts {
  readonly destination: string;
  /** Copies that count as verified now. */
  readonly copies: number;
  /** Of these, downloaded and compared at least once. */
  readonly everChecked: number;
  readonly checked: number;
  readonly foundMissing: number;
  readonly foundDamaged: number;
  readonly mended: number;
  /** Known to be bad right now. */
  readonly troubled: number;
  readonly lastCheckedAtMs: number | null;
  readonly lastResult: 'good' | CopyTrouble | null;
  /** Age of the oldest proof; null without copies. */
  readonly oldestProofAtMs: number | null;
  /** A look at everything that has not come to its end. */
  readonly runStartedAtMs: number | null;
}
