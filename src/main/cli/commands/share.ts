/** `edge-sync share`: give a study to somebody outside, list what was given, end it. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type {
  PasscodeChoice,
  ShareEvent,
  ShareRequest,
  ShareSummary,
} from '../../../shared/contract-share.ts';
import { readViewerPage, viewerFileName } from '../../engine/share/viewer-page.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { cancellable } from '../cancellable.ts';
import { exitCode } from '../exit-codes.ts';
import { mustBeNew, writeNewFiles } from '../new-file.ts';
import { bar, bytesText, type Output } from '../output.ts';
import { askPassphrase } from '../secret-input.ts';
import { formatOf, type Format } from '../option-values.ts';

export interface ShareOptions {
  readonly study: string;
  readonly to?: string;
  readonly out?: string;
  readonly fingerprint?: string;
  readonly link?: boolean;
  readonly expires?: string;
  /** `--no-passcode` gives false. */
  readonly passcode?: boolean;
  readonly ownPasscode?: boolean;
  readonly passcodeFile?: string;
  readonly viewer?: string;
  readonly json?: boolean;
}

type LinkMade = Extract<ShareEvent, { tag: 'link' }>;
type FolderMade = Extract<ShareEvent, { tag: 'folder' }>;

const largestCertificateBytes = 32 * 1024;
const unitMs = { h: 3_600_000, d: 24 * 3_600_000 } as const;
const defaultExpires = '7d';

/** `share --study UID --link | --to CERTIFICATE --out DIR`. */
export async function runShare(client: EngineClient, options: ShareOptions, output: Output): Promise<number> {
  if (!/^[0-9.]{1,64}$/.test(options.study))
    throw new EdgeSyncError('usage', '--study takes a Study Instance UID (digits and dots)');
  if ((options.link === true) === (options.to !== undefined))
    throw new EdgeSyncError('usage', 'choose --link or --to CERTIFICATE');
  return options.link === true ? shareLink(client, options, output) : shareFiles(client, options, output);
}

async function shareLink(client: EngineClient, options: ShareOptions, output: Output): Promise<number> {
  if (options.out !== undefined || options.fingerprint !== undefined)
    throw new EdgeSyncError('usage', '--out and --fingerprint go with --to CERTIFICATE');
  const lifetimeMs = lifetimeOf(options.expires ?? defaultExpires);
  if (options.viewer !== undefined) await mustBeNew([options.viewer]);
  const page = options.viewer === undefined ? undefined : await readViewerPage();
  const how = { tag: 'link', lifetimeMs, passcode: await passcodeChoice(options) } as const;
  const made = await create(client, { studyInstanceUid: options.study, how }, output);
  if (made.tag !== 'link') throw new EdgeSyncError('internal');
  if (options.viewer !== undefined && page !== undefined)
    await writeNewFiles([{ path: options.viewer, content: page }]);
  showLink(made, options, how.passcode, output);
  return exitCode.ok;
}

function showLink(made: LinkMade, options: ShareOptions, choice: PasscodeChoice, output: Output): void {
  if (formatOf(options) === 'json') {
    output.out(JSON.stringify(made));
    return;
  }
  const { link, passcode, shareId, expiresAt, images } = made;
  output.out(link);
  // Apart from the link: the two must not travel the same way.
  if (passcode !== null) output.out(`Passcode: ${passcode}`);
  const lines = [
    `${images} image${images === 1 ? '' : 's'}, until ${expiresAt}. To end it before: edge-sync share revoke ${shareId}`,
    'This is the only time the link is shown.',
    ...(choice.tag === 'none'
      ? ['There is no passcode: whoever gets the link can read the study.']
      : ['Send the passcode another way than the link, by phone for example.']),
    ...(made.viewerUrl === null
      ? [
          `The link opens in the viewer file: send ${options.viewer ?? viewerFileName} along` +
            (options.viewer === undefined ? ' (edge-sync share viewer --out FILE).' : '.'),
        ]
      : []),
  ];
  for (const line of lines) output.err(line);
}

async function shareFiles(client: EngineClient, options: ShareOptions, output: Output): Promise<number> {
  const { to, out } = options;
  if (to === undefined || out === undefined)
    throw new EdgeSyncError('usage', '--to CERTIFICATE goes with --out DIR');
  if (
    options.expires !== undefined ||
    options.viewer !== undefined ||
    options.ownPasscode === true ||
    options.passcodeFile !== undefined
  )
    throw new EdgeSyncError('usage', '--expires, --viewer and passcodes go with --link');
  const certificate = await certificateText(to);
  const facts = await client.shares.certificate({ certificate });
  const confirmedSha256 = options.fingerprint ?? (await confirmed(facts));
  const how = { tag: 'certificate', certificate, confirmedSha256, folder: resolve(out) } as const;
  const made = await create(client, { studyInstanceUid: options.study, how }, output);
  if (made.tag !== 'folder') throw new EdgeSyncError('internal');
  output.out(
    formatOf(options) === 'json'
      ? JSON.stringify(made)
      : `${made.images} image${made.images === 1 ? '' : 's'} for ${made.subject} in ${made.folder}; README.txt there says how to open them`,
  );
  return exitCode.ok;
}

/** Runs to the last event. Ctrl-C ends it, and nothing is left. */
async function create(
  client: EngineClient,
  request: ShareRequest,
  output: Output,
): Promise<LinkMade | FolderMade> {
  return cancellable(async (signal) => {
    const events = await client.shares.create(request, { signal });
    let made: LinkMade | FolderMade | undefined;
    for await (const event of events) {
      if (event.tag !== 'progress') {
        made = event;
        continue;
      }
      const { done, total, bytes } = event;
      output.progress.update(`${bar(done, total)} ${done} of ${total} images, ${bytesText(bytes)}`);
    }
    output.progress.end('');
    if (made === undefined) throw new EdgeSyncError('cancelled');
    return made;
  });
}

/** 12h or 7d. */
export function lifetimeOf(typed: string): number {
  const [, digits = '', unit] = /^([1-9][0-9]{0,4})([hd])$/.exec(typed.trim()) ?? [];
  if (unit !== 'h' && unit !== 'd') throw new EdgeSyncError('share-expiry-not-allowed', `"${typed}"`);
  return Number(digits) * unitMs[unit];
}

async function passcodeChoice(options: ShareOptions): Promise<PasscodeChoice> {
  const { passcodeFile, ownPasscode } = options;
  if (options.passcode === false) {
    if (passcodeFile !== undefined || ownPasscode === true)
      throw new EdgeSyncError('usage', '--no-passcode goes with no other passcode option');
    return { tag: 'none' };
  }
  if (passcodeFile !== undefined) {
    const typed = await readFile(passcodeFile, 'utf8').catch((cause: unknown) => {
      throw new EdgeSyncError('file-not-readable', '--passcode-file cannot be read', { cause });
    });
    return { tag: 'own', passcode: typed.replace(/\r?\n$/, '') };
  }
  if (ownPasscode === true)
    return { tag: 'own', passcode: (await askPassphrase('Passcode', 'twice')).revealText() };
  return { tag: 'generated' };
}

/** PEM as it is, DER as base64. */
async function certificateText(file: string): Promise<string> {
  const unreadable = (cause?: unknown): EdgeSyncError =>
    new EdgeSyncError('file-not-readable', file, { cause });
  const { size } = await stat(file).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  if (size > largestCertificateBytes)
    throw new EdgeSyncError('certificate-unusable', 'it is too long for a certificate');
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  return bytes.includes('-----BEGIN') ? bytes.toString('latin1') : bytes.toString('base64');
}

/** Somebody has to compare: a certificate that came by mail may be somebody else's. */
async function confirmed(facts: {
  readonly subject: string;
  readonly issuer: string;
  readonly notAfter: string;
  readonly sha256: string;
}): Promise<string> {
  const lines = [
    `Recipient:   ${facts.subject}`,
    `Issued by:   ${facts.issuer}`,
    `Valid until: ${facts.notAfter}`,
    `SHA-256:     ${(facts.sha256.match(/../g) ?? []).join(':').toUpperCase()}`,
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
  if (!process.stdin.isTTY) throw new EdgeSyncError('share-recipient-not-confirmed');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question('Did the recipient read you this SHA-256? Type yes to go on: ');
    if (!/^(yes|y|sí|si)$/i.test(answer.trim())) throw new EdgeSyncError('share-recipient-not-confirmed');
    return facts.sha256;
  } finally {
    terminal.close();
  }
}

export async function runShareList(client: EngineClient, format: Format, output: Output): Promise<number> {
  const shares = await client.shares.list();
  if (format === 'json') {
    output.out(JSON.stringify(shares));
    return exitCode.ok;
  }
  if (shares.length === 0) output.out('Nothing was shared.');
  for (const share of shares) output.out(shareLine(share));
  return exitCode.ok;
}

function shareLine(share: ShareSummary): string {
  const to = share.recipient === null ? 'link' : `files for ${share.recipient}`;
  const size = share.images === null ? '' : `, ${share.images} images, ${bytesText(share.sizeBytes ?? 0)}`;
  const until = share.expiresAt === null ? '' : `, until ${share.expiresAt}`;
  const ended = share.endedAt === null ? '' : ` (${share.endedAt}, ${share.endedBy ?? ''})`;
  return `${share.shareId}  ${share.state}${ended}  ${share.patientInitials}  study ${share.studyInstanceUid}  ${to}${size}${until}`;
}

export async function runShareRevoke(
  client: EngineClient,
  options: { readonly id: string | undefined; readonly all: boolean },
  output: Output,
): Promise<number> {
  const { id, all } = options;
  if ((id !== undefined) === all) throw new EdgeSyncError('usage', 'share revoke ID, or --all');
  const { revoked, failed } = await client.shares.revoke({
    shareId: id === undefined ? null : await wholeId(client, id),
  });
  output.out(
    `${revoked} share${revoked === 1 ? '' : 's'} ended and deleted` +
      (failed === 0 ? '' : `, ${failed} not deleted yet: it is tried again`),
  );
  return failed === 0 ? exitCode.ok : exitCode.partly;
}

/** The first 4 digits or more are enough, when one share alone begins with them. */
async function wholeId(client: EngineClient, id: string): Promise<string> {
  if (/^[0-9a-f]{32}$/.test(id)) return id;
  if (!/^[0-9a-f]{4,31}$/.test(id)) throw new EdgeSyncError('share-unknown');
  const fitting = (await client.shares.list()).filter((share) => share.shareId.startsWith(id));
  if (fitting.length !== 1 || fitting[0] === undefined) throw new EdgeSyncError('share-unknown');
  return fitting[0].shareId;
}

/** `share viewer --out FILE`: needs no engine and no data folder. */
export async function runShareViewer(out: string | undefined, output: Output): Promise<number> {
  const path = resolve(out ?? viewerFileName);
  const isFolder = await stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  const file = isFolder ? join(path, viewerFileName) : path;
  await writeNewFiles([{ path: file, content: await readViewerPage() }]);
  output.out(file);
  return exitCode.ok;
}

export async function runShareCheck(
  client: EngineClient,
  browsers: 'look' | 'allow',
  output: Output,
): Promise<number> {
  const { place, account } = await client.shares.check({ browsers });
  output.out(`${place}: in order, and browsers may read`);
  if (account === 'shared-with-archive') {
    output.err(
      'Its account is the archive’s too: whoever gets this credential can reach the archive. An account of its own is better.',
    );
  }
  return exitCode.ok;
}

/** From standard input, so that it is in no history and no argument list. */
export async function runShareCredential(client: EngineClient, output: Output): Promise<number> {
  const value = (await text(process.stdin)).trim();
  if (value === '')
    throw new EdgeSyncError('usage', 'give the credential on standard input: share credential < FILE');
  await client.shares.storeCredential({ value });
  output.out('The credential of the place for shares is stored.');
  return exitCode.ok;
}
