/** What the front desk may see of a study without a reveal: initials, modality, time, progress. */
import type { StudySummary } from '../../../shared/agent-state.ts';
import type { StudyRow } from '../queue/queue-types.ts';

/** A study whose last image came this recently is still arriving. */
export const receivingForMs = 10_000;

export function summariseStudy(study: StudyRow, nowMs: number): StudySummary {
  return {
    id: study.id,
    initials: initialsOf(study.details.patientName),
    modality: modalityOf(study.details.modality),
    source: study.source,
    firstReceivedAt: new Date(study.firstReceivedAtMs).toISOString(),
    lastReceivedAt: new Date(study.lastReceivedAtMs).toISOString(),
    instances: study.instances,
    verified: study.verified,
    failed: study.failed,
    parked: study.parked,
    sizeBytes: study.sizeBytes,
    verifiedBytes: study.verifiedBytes,
    state: stateOf(study, nowMs),
  };
}

function stateOf(study: StudyRow, nowMs: number): StudySummary['state'] {
  if (study.failed + study.parked > 0) return 'attention';
  if (study.instances > 0 && study.verified === study.instances) return 'verified';
  if (Math.abs(nowMs - study.lastReceivedAtMs) < receivingForMs) return 'receiving';
  return study.uploading ? 'uploading' : 'waiting';
}

/**
 * At most 3 letters, given names before the family name, from the alphabetic group of a Person Name (PS3.5 6.2:
 * `Family^Given^Middle^Prefix^Suffix=ideographic=phonetic`); "?" when it holds no letter.
 */
export function initialsOf(personName: string): string {
  const [alphabetic = ''] = personName.split('=');
  const [family = '', given = '', middle = ''] = alphabetic.split('^');
  // Names typed without the carets: the first and the last word.
  const words = family.trim().split(/\s+/);
  const parts =
    given === '' && middle === '' && words.length > 1 ? [words[0], words.at(-1)] : [given, middle, family];
  const letters = parts.flatMap((part) => firstLetter(part ?? ''));
  return letters.length === 0 ? '?' : letters.join('');
}

function firstLetter(name: string): string[] {
  const letter = /\p{L}/u.exec(name)?.[0];
  // Upper case can be longer than one letter (the German sharp s).
  return letter === undefined ? [] : [/./u.exec(letter.toUpperCase())?.[0] ?? letter];
}

/** PS3.3 C.7.3.1.1.1: two to four capitals in practice. Anything else could be a name typed into the wrong field. */
function modalityOf(modality: string): string {
  const text = modality.trim().toUpperCase();
  return /^[A-Z][A-Z0-9]{1,5}$/.test(text) ? text : 'OT';
}
