/** Names of files that a page hands over to be saved: a page's word is never a path, nor a kind that a desktop runs. */

/** What the page makes, by extension: kits, viewer, certificates, lists, bundles. Nothing that a desktop would run. */
const savedKinds: readonly string[] = [
  'pdf',
  'html',
  'txt',
  'csv',
  'json',
  'jsonl',
  'zip',
  'png',
  'pem',
  'crt',
  'cer',
  'csr',
  'key',
  'p12',
  'dcm',
];

/** Windows keeps these for devices, whatever follows the first dot. */
const deviceNames = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/i;

/** Characters, extension and dot included: file systems take 255 bytes, and four may go to one character. */
const longestName = 60;

/**
 * A name that is one on every file system, or undefined for a kind that is not saved. Folders, control and direction
 * characters (which show "exe.pdf" for "fdp.exe"), and what Windows does not take are left out.
 */
export function safeFileName(suggested: string): string | undefined {
  const last = suggested.slice(0, 1_000).split(/[/\\]/).at(-1) ?? '';
  const plain = last
    .normalize('NFC')
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .replaceAll(/[<>:"|?*]/g, '-')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/^[. ]+|[. ]+$/g, '');
  const dot = plain.lastIndexOf('.');
  const kind = plain.slice(dot + 1).toLowerCase();
  if (dot < 1 || !savedKinds.includes(kind)) return undefined;
  // What stands before the kind is no second one, but for one of ours (`us1.crt.pem`).
  const stem = plain
    .slice(0, dot)
    .split('.')
    .map((part, at) => (at === 0 ? part : `${savedKinds.includes(part) ? '.' : '-'}${part}`))
    .join('');
  const kept = Array.from(stem)
    .slice(0, longestName - kind.length - 1)
    .join('')
    .trim();
  const usable = deviceNames.test(kept) ? `${kept}-file` : kept;
  return `${usable === '' ? 'edge-sync' : usable}.${kind}`;
}
