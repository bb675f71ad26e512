/** The commands about the recovery words and the printed kit. */
import { assertNever } from '../../../shared/assert-never.ts';
import {
  kitLanguages,
  type CreatedRecovery,
  type Custody,
  type KitFormat,
  type KitLanguage,
  type KitRequest,
} from '../../../shared/contract-recovery.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { exportRecoveryKey } from '../../engine/keys/recovery-key.ts';
import type { EngineClient } from '../../rpc/client.ts';
import { exitCode } from '../exit-codes.ts';
import { KitFiles, kitFormatOf, shareFile } from '../kit-files.ts';
import { writeNewFiles } from '../new-file.ts';
import type { Output } from '../output.ts';
import { readWords } from '../words-input.ts';
import { formatOf, type Format } from '../option-values.ts';

export interface KitOptions {
  readonly custody: Custody;
  /** File to write the kit to; with shares each gets a file of its own beside that name. */
  readonly kitFile: string | undefined;
  readonly language: KitLanguage;
  readonly format: Format;
}

/** From the options as they were typed. Throws usage. */
export function kitOptions(options: {
  readonly kit?: string;
  readonly language?: string;
  readonly shares?: boolean;
  readonly words?: boolean;
  readonly json?: boolean;
}): KitOptions {
  const language = kitLanguages.find((one) => one === (options.language ?? 'en'));
  if (language === undefined) throw new EdgeSyncError('usage', `--language is ${kitLanguages.join(' or ')}`);
  if (options.words === true && options.shares !== true)
    throw new EdgeSyncError('usage', '--words is for --shares: the words are given out anyway');
  if (options.kit !== undefined) kitFormatOf(options.kit);
  const withShares = options.words === true ? 'words-and-shares' : 'shares';
  return {
    custody: options.shares === true ? withShares : 'words',
    kitFile: options.kit,
    language,
    format: formatOf(options),
  };
}

/** `recovery create`: makes the words; shows them once, or writes the kit to print. */
export async function runRecoveryCreate(
  client: EngineClient,
  options: KitOptions & { readonly replace: boolean },
  output: Output,
): Promise<number> {
  const { replace, custody } = options;
  const next = 'Next: `edge-sync recovery check` with what is on the paper. Uploads start after that.';
  return givenOut(options, next, output, (kit) => client.recovery.create({ replace, custody, kit }));
}

/** `recovery print`: the kit of words that exist, on new paper. */
export async function runRecoveryPrint(
  client: EngineClient,
  options: KitOptions & { readonly kitFile: string; readonly wordsFile: string | undefined },
  output: Output,
): Promise<number> {
  const words = [...(await readWords(options.wordsFile))];
  return givenOut(options, undefined, output, (kit) => {
    if (kit === undefined) throw new EdgeSyncError('usage', 'recovery print --kit FILE');
    return client.recovery.kit({ words, custody: options.custody, kit });
  });
}

/**
 * The files are there, empty, before anything is made. What was written is not shown on the screen too: it would stay
 * in the terminal's memory. Also for `recovery replace`.
 */
export async function givenOut(
  options: KitOptions,
  next: string | undefined,
  output: Output,
  make: (kit: KitRequest | undefined) => Promise<CreatedRecovery>,
): Promise<number> {
  const { kitFile, language, format } = options;
  if (kitFile === undefined) {
    show(await make(undefined), [], next, format, output);
    return exitCode.ok;
  }
  const kitFormat = kitFormatOf(kitFile);
  const files = await KitFiles.reserve(filesOf(kitFile, options.custody));
  try {
    const made = await make({ language, formats: [kitFormat] });
    const written = await writeKit(files, kitFile, kitFormat, made);
    await files.keep();
    show(made, written, next, format, output);
    return exitCode.ok;
  } catch (error) {
    await files.discard();
    throw error;
  }
}

function filesOf(kitFile: string, custody: Custody): readonly string[] {
  const shares = [1, 2, 3].map((number) => shareFile(kitFile, number));
  switch (custody) {
    case 'words':
      return [kitFile];
    case 'shares':
      return shares;
    case 'words-and-shares':
      return [kitFile, ...shares];
    default:
      return assertNever(custody);
  }
}

type Pages = Pick<CreatedRecovery, 'kitHtml' | 'kitPdf'>;

async function writeKit(
  files: KitFiles,
  kitFile: string,
  format: KitFormat,
  made: CreatedRecovery,
): Promise<readonly string[]> {
  const documents: (readonly [string, Pages])[] = [
    ...(made.words.length > 0 ? [[kitFile, made] as const] : []),
    ...(made.shares ?? []).map((share) => [shareFile(kitFile, share.number), share] as const),
  ];
  for (const [path, pages] of documents) await files.write(path, contentOf(pages, format));
  return documents.map(([path]) => path);
}

function contentOf({ kitHtml, kitPdf }: Pages, format: KitFormat): string | Uint8Array {
  const content = format === 'html' ? kitHtml : kitPdf && Buffer.from(kitPdf, 'base64');
  if (content === undefined || content === '') throw new EdgeSyncError('internal', 'the kit is missing');
  return content;
}

function show(
  made: CreatedRecovery,
  written: readonly string[],
  next: string | undefined,
  format: Format,
  output: Output,
): void {
  const { words, fingerprint, shares } = made;
  if (format === 'json') {
    const bare = shares?.map((share) => ({ number: share.number, mark: share.mark, words: share.words }));
    output.out(
      JSON.stringify({
        ...(words.length > 0 ? { words } : {}),
        fingerprint,
        ...(bare === undefined ? {} : { shares: bare }),
        ...(written.length > 0 ? { files: written } : {}),
      }),
    );
    return;
  }
  if (written.length === 0) showOnScreen(made, output);
  for (const path of written) output.out(`Written: ${path}`);
  output.out(`Fingerprint: ${fingerprint}`);
  if (written.length > 0) {
    output.out(
      shares === undefined
        ? 'Print it, put it away, then delete the file: it opens every image of the archive.'
        : 'Print each, give them to different people, then delete the files: two of them open every image of the archive.',
    );
  }
  if (next !== undefined) output.out(next);
}

function showOnScreen({ words, shares = [] }: CreatedRecovery, output: Output): void {
  if (words.length > 0) {
    output.out('Your 24 recovery words. Write them down now; they are not shown again.');
    grid(words, output);
  }
  if (shares.length > 0) {
    output.out(
      'Three shares, any two of which open the archive. Write each on a paper of its own, with its mark;',
    );
    output.out('they are not shown again.');
  }
  for (const share of shares) {
    output.out(`Share ${share.number}, mark ${share.mark}`);
    grid(share.words, output);
  }
}

/** Four columns, read downwards. */
function grid(words: readonly string[], output: Output): void {
  const rows = Math.ceil(words.length / 4);
  output.out('');
  for (let row = 0; row < rows; row += 1) {
    const cells = [0, 1, 2, 3].flatMap((column) => {
      const place = row + column * rows;
      const word = words[place];
      return word === undefined ? [] : [`${String(place + 1).padStart(2)}. ${word.padEnd(10)}`];
    });
    output.out(`  ${cells.join(' ')}`);
  }
  output.out('');
}

/** `recovery check`: the drill. Uploads start after it. */
export async function runRecoveryCheck(
  client: EngineClient,
  options: { readonly wordsFile: string | undefined; readonly format: Format },
  output: Output,
): Promise<number> {
  const words = await readWords(options.wordsFile);
  const proven = await client.recovery.check({ words: [...words] });
  if (options.format === 'json') {
    output.out(JSON.stringify(proven));
    return exitCode.ok;
  }
  const opened = proven.provenBy === 'cloud-object' ? 'an image of the cloud' : 'a sealed test object';
  output.out(`The words are right: ${opened} opened with them. Fingerprint: ${proven.fingerprint}`);
  if (proven.cloudProblem !== null) {
    const { message, nextStep } = proven.cloudProblem;
    output.err(`No image of the cloud could be tried: ${message}. ${nextStep} Then check once more.`);
  }
  return exitCode.ok;
}

/** `recovery export-key`: the PKCS#8 key and certificate that stock OpenSSL takes. Needs the words alone. */
export async function runRecoveryExportKey(
  options: {
    readonly wordsFile: string | undefined;
    readonly out: string;
    readonly cert: string | undefined;
  },
  output: Output,
): Promise<number> {
  const exported = await exportRecoveryKey(await readWords(options.wordsFile));
  await writeNewFiles([
    { path: options.out, content: exported.keyPem.revealText() },
    ...(options.cert === undefined ? [] : [{ path: options.cert, content: exported.certificatePem }]),
  ]);
  output.out(`Written: ${options.out}${options.cert === undefined ? '' : ` and ${options.cert}`}`);
  output.out(`Fingerprint: ${exported.fingerprint}`);
  output.err('This key opens every image of the archive. Delete it when you are done.');
  return exitCode.ok;
}
