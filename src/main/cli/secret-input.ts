/** Passphrases for a command: from a file, an open descriptor or the terminal; never from its arguments. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { EdgeSyncError } from '../../shared/errors.ts';
import { Secret } from '../engine/system/secret.ts';

export interface PassphraseOptions {
  readonly keyPassphraseFile?: string;
  readonly keyPassphraseFd?: string;
}

/** One trailing line break is the editor's, not the passphrase's. undefined when none was given. */
export function givenPassphrase(options: PassphraseOptions): Secret | undefined {
  if (options.keyPassphraseFile !== undefined)
    return read(options.keyPassphraseFile, '--key-passphrase-file cannot be read');
  if (options.keyPassphraseFd === undefined) return undefined;
  const descriptor = Number(options.keyPassphraseFd);
  if (!Number.isInteger(descriptor) || descriptor < 0)
    throw new EdgeSyncError('usage', '--key-passphrase-fd takes a number');
  return read(descriptor, '--key-passphrase-fd cannot be read');
}

/** Asks on the terminal, twice when `times` is "twice". Nothing that is typed is shown. Throws `usage` without one. */
export async function askPassphrase(question: string, times: 'once' | 'twice'): Promise<Secret> {
  if (!process.stdin.isTTY)
    throw new EdgeSyncError('usage', 'give the passphrase with --key-passphrase-file FILE');
  const first = await ask(`${question}: `);
  if (times === 'twice' && (await ask('Again: ')) !== first)
    throw new EdgeSyncError('usage', 'the two passphrases differ');
  return Secret.fromText(first);
}

/** A credential from a file, for one command. Throws file-not-readable. */
export function readSecretFile(path: string, option: string): Secret {
  return Secret.fromText(read(path, `${option} cannot be read`).revealText().trim());
}

/** Asks for a credential on the terminal; nothing that is typed is shown. undefined where there is no terminal. */
export async function askSecret(question: string): Promise<Secret | undefined> {
  return process.stdin.isTTY ? Secret.fromText((await ask(`${question}: `)).trim()) : undefined;
}

async function ask(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  process.stderr.write(question);
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

function read(from: string | number, problem: string): Secret {
  try {
    return Secret.fromText(readFileSync(from, 'utf8').replace(/\r?\n$/, ''));
  } catch (cause) {
    throw new EdgeSyncError('file-not-readable', problem, { cause });
  }
}
