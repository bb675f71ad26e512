/** The options of `edge-sync restore`, and what they ask for. */
import { readFile, stat } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RestoreManner, RestoreNode, RestoreSelection } from '../../shared/contract-restore.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import { peerFrom } from './commands/nodes.ts';
import { tlsParts, type TlsOptions } from './tls-options.ts';
import { formatOf } from './option-values.ts';

export interface RestoreOptions extends TlsOptions {
  readonly all?: boolean;
  readonly study?: string;
  readonly patient?: string;
  readonly patientFile?: string;
  readonly since?: string;
  readonly until?: string;
  readonly to?: string;
  readonly send?: string;
  readonly calling: string;
  readonly dicomdir?: boolean;
  readonly provenOnly?: boolean;
  readonly concurrency?: string;
  readonly report?: string;
  readonly fromCloud?: boolean;
  readonly wordsFile?: string;
  readonly json?: boolean;
  readonly jsonLines?: boolean;
}

export type RestoreFormat = 'text' | 'json' | 'json-lines';

/** What to restore and where to, as the contract says it. */
export interface RestoreWanted extends RestoreManner {
  readonly to?: string | undefined;
  readonly node?: RestoreNode | undefined;
  readonly selection: RestoreSelection;
  readonly format: RestoreFormat;
  /** New file for the report; undefined: none. */
  readonly report: string | undefined;
}

export function restoreOptions(command: Command): Command {
  return command
    .option('--all', 'everything')
    .option('--study <uid>', 'one study, by its Study Instance UID')
    .option('--patient <id>', 'one patient, by the Patient ID (other users of this PC may see it)')
    .option('--patient-file <file>', 'the same from a file or - : Patient ID, and on a second line the name')
    .option('--since <date>', 'studies of this date and later, 2026-01-31')
    .option('--until <date>', 'studies of this date and earlier')
    .option('--to <dir>', 'folder to restore into')
    .option('--send <aet@host:port>', 'DICOM node to send to instead')
    .option('--calling <aet>', 'AE title to call it as', 'EDGESYNC')
    .option('--dicomdir', 'as a medium: short file names and a DICOMDIR')
    .option('--proven-only', 'leave out objects that no manifest names')
    .option('--concurrency <number>', 'objects under way at once, 1 to 32 (default 8)')
    .option('--report <file>', 'write what is missing or damaged, by study, as JSON')
    .option('--from-cloud', 'read the cloud copy even where a local one exists')
    .option('--words-file <file>', 'from the cloud with the recovery words alone, as on a new PC')
    .option('--json', 'result as JSON')
    .option('--json-lines', 'progress, problems and result as JSON, one a line');
}

/** @throws EdgeSyncError usage; file-not-readable; what certificates and keys may be wrong with. */
export async function restoreWanted(options: RestoreOptions): Promise<RestoreWanted> {
  const { to, send, report } = options;
  if ((to === undefined) === (send === undefined))
    throw new EdgeSyncError('usage', 'choose --to DIR or --send AET@HOST:PORT');
  if (send !== undefined && options.dicomdir === true)
    throw new EdgeSyncError('usage', '--dicomdir goes with --to');
  const tls = await tlsParts(options);
  if (send === undefined && tls !== undefined) throw new EdgeSyncError('usage', '--tls goes with --send');
  const patient = options.patientFile === undefined ? {} : patientOf(await textOf(options.patientFile));
  return {
    selection: selectionOf({ ...options, ...patient }),
    ...(to === undefined ? {} : { to: resolve(to) }),
    ...(send === undefined ? {} : { node: nodeOf(send, options.calling, tls) }),
    ...(options.dicomdir === true ? { layout: 'medium' } : {}),
    ...(options.provenOnly === true ? { unproven: 'left-out' } : {}),
    ...(options.concurrency === undefined ? {} : { concurrency: concurrencyOf(options.concurrency) }),
    report: report === undefined ? undefined : resolve(report),
    format: options.jsonLines === true ? 'json-lines' : formatOf(options),
  };
}

/** `--all`, or any of the others together. */
export function selectionOf(options: {
  readonly all?: boolean;
  readonly study?: string;
  readonly patient?: string;
  readonly patientName?: string;
  readonly since?: string;
  readonly until?: string;
}): RestoreSelection {
  const { study, patient, patientName, since, until } = options;
  const isNarrowed = [study, patient, since, until].some((one) => one !== undefined);
  if (options.all === true) {
    if (isNarrowed) throw new EdgeSyncError('usage', 'choose --all or --study and the like, not both');
    return { tag: 'all' };
  }
  if (!isNarrowed)
    throw new EdgeSyncError('usage', 'choose --all or --study UID, --patient ID, --since DATE, --until DATE');
  if (study !== undefined && !/^[0-9.]{1,64}$/.test(study))
    throw new EdgeSyncError('usage', '--study takes a Study Instance UID (digits and dots)');
  if (patient !== undefined && (patient.trim() === '' || patient.length > 64))
    throw new EdgeSyncError('usage', 'a Patient ID has 1 to 64 characters');
  const [studyDateFrom, studyDateTo] = [dateOf('--since', since), dateOf('--until', until)];
  if (studyDateFrom !== undefined && studyDateTo !== undefined && studyDateFrom > studyDateTo)
    throw new EdgeSyncError('usage', '--since is later than --until');
  if (study !== undefined && patient === undefined && since === undefined && until === undefined)
    return { tag: 'study', studyInstanceUid: study };
  return {
    tag: 'matching',
    ...(study === undefined ? {} : { studyInstanceUid: study }),
    ...(patient === undefined ? {} : { patientId: patient }),
    ...(patientName === undefined ? {} : { patientName }),
    ...(studyDateFrom === undefined ? {} : { studyDateFrom }),
    ...(studyDateTo === undefined ? {} : { studyDateTo }),
  };
}

/** 2026-01-31 or 20260131, and a day that exists. */
function dateOf(option: string, given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const [, year, month, day] = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(given) ?? [];
  const iso = `${year ?? ''}-${month ?? ''}-${day ?? ''}`;
  const date = new Date(`${iso}T00:00:00Z`);
  if (day === undefined || Number.isNaN(date.getTime()) || !date.toISOString().startsWith(iso))
    throw new EdgeSyncError('usage', `${option} takes a date like 2026-01-31`);
  return iso.replaceAll('-', '');
}

function concurrencyOf(given: string): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1 || value > 32)
    throw new EdgeSyncError('usage', '--concurrency takes a number from 1 to 32');
  return value;
}

function nodeOf(send: string, calling: string, tls: Awaited<ReturnType<typeof tlsParts>>): RestoreNode {
  const peer = peerFrom(send, calling, '--send');
  if (tls === undefined) return peer;
  const { trustedPem, identity, expected } = tls;
  return {
    ...peer,
    tls: {
      trustedPem: [...trustedPem],
      certificatePem: identity.certificatePem,
      keyPem: identity.keyPem.revealText(),
      ...(expected.tag === 'name' ? {} : { peerSha256: expected.sha256[0] }),
    },
  };
}

/** An id and a name have at most a few hundred characters. */
const longestPatientBytes = 4096;

function patientOf(content: string): { readonly patient: string; readonly patientName?: string } {
  const [id = '', name = ''] = content.split(/\r?\n/);
  if (id.trim() === '' || content.length > longestPatientBytes)
    throw new EdgeSyncError('usage', '--patient-file holds the Patient ID on its first line');
  return name.trim() === '' ? { patient: id } : { patient: id, patientName: name };
}

async function textOf(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  try {
    if ((await stat(file)).size > longestPatientBytes)
      throw new EdgeSyncError('usage', `${file} is too large`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof EdgeSyncError) throw error;
    throw new EdgeSyncError('file-not-readable', file, { cause: error });
  }
}
