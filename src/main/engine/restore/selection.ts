import type { RestoreSelection, StudyHint } from '../../../shared/contract-restore.ts';
import type { InstanceDetails } from '../model.ts';
import type { InstanceSelection } from '../queue/queue-types.ts';

/** Is this image part of what was asked for? An image that does not say what is asked about does not match. */
export function isSelected(selection: RestoreSelection, details: InstanceDetails): boolean {
  switch (selection.tag) {
    case 'all':
      return true;
    case 'study':
      return details.studyInstanceUid === selection.studyInstanceUid;
    case 'matching': {
      const { studyInstanceUid, patientId, patientName, studyDateFrom, studyDateTo } = selection;
      const date = dateOf(details.studyDate);
      return (
        (studyInstanceUid === undefined || details.studyInstanceUid === studyInstanceUid) &&
        (patientId === undefined || folded(details.patientId ?? '') === folded(patientId)) &&
        (patientName === undefined || nameOf(details.patientName ?? '') === nameOf(patientName)) &&
        (studyDateFrom === undefined || (date !== undefined && date >= studyDateFrom)) &&
        (studyDateTo === undefined || (date !== undefined && date <= studyDateTo))
      );
    }
  }
}

/** What this PC's own database can look for by itself; `isSelected` does the rest. */
export function instanceSelection(selection: RestoreSelection): InstanceSelection {
  switch (selection.tag) {
    case 'all':
    case 'study':
      return selection;
    case 'matching': {
      const { studyInstanceUid } = selection;
      return studyInstanceUid === undefined ? { tag: 'all' } : { tag: 'study', studyInstanceUid };
    }
  }
}

/** Enough to find a study in the practice's own books; initials instead of the name. */
export function studyHint(details: InstanceDetails): StudyHint {
  const { studyInstanceUid, studyDate, modality, patientName } = details;
  const letters = (patientName ?? '')
    .split('=')[0]
    ?.split(/[\^ ]+/)
    .slice(0, 2)
    .map((part) => part.charAt(0))
    .join('');
  return {
    studyInstanceUid,
    ...(studyDate === undefined ? {} : { studyDate }),
    ...(modality === undefined ? {} : { modality }),
    ...(letters === undefined || letters === '' ? {} : { initials: letters.toUpperCase() }),
  };
}

/** YYYYMMDD; the old form YYYY.MM.DD (PS3.5 6.2 note on DA) too. */
function dateOf(text: string | undefined): string | undefined {
  const plain = text?.replaceAll('.', '') ?? '';
  return /^\d{8}$/.test(plain) ? plain : undefined;
}

function folded(text: string): string {
  return text.normalize('NFC').trim().toLowerCase();
}

/** Trailing empty components say nothing (PS3.5 6.2.1): "Doe^Jane^^" is "Doe^Jane". */
function nameOf(text: string): string {
  return text
    .split('=')
    .map((group) => folded(group).replace(/[\^ ]+$/, ''))
    .join('=')
    .replace(/=+$/, '');
}
