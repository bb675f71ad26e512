/** The files of a share in the order people expect: series by number, instances by number. */
import type { SharedFile } from '../open/share-index.ts';

export interface Series {
  readonly uid: string;
  readonly modality: string;
  readonly number: string;
  readonly description: string;
  readonly files: readonly SharedFile[];
}

export function groupSeries(files: readonly SharedFile[]): readonly Series[] {
  const byUid = new Map<string, SharedFile[]>();
  for (const file of files) {
    const known = byUid.get(file.seriesInstanceUid);
    if (known === undefined) byUid.set(file.seriesInstanceUid, [file]);
    else known.push(file);
  }
  return [...byUid]
    .map(([uid, members]) => ({
      uid,
      modality: members[0]?.modality ?? '',
      number: members[0]?.seriesNumber ?? '',
      description: members[0]?.seriesDescription ?? '',
      files: members.sort((a, b) => byNumber(a.instanceNumber, b.instanceNumber) || a.number - b.number),
    }))
    .sort((a, b) => byNumber(a.number, b.number) || a.uid.localeCompare(b.uid));
}

/** What has no number comes last. */
function byNumber(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => (text.trim() === '' ? Number.NaN : Number(text))) as [
    number,
    number,
  ];
  if (Number.isNaN(left)) return Number.isNaN(right) ? 0 : 1;
  return Number.isNaN(right) ? -1 : left - right;
}
