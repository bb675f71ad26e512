/**
 * Words, keys, passphrases and credentials go to nobody they are not meant for: every program that any command starts
 * (its arguments and its environment) and everything that any of them writes to a file is traced and searched.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendFiles } from '../../src/main/engine/send/send-files.ts';
import { SystemClock } from '../../src/main/engine/system/clock.ts';
import { startAzurite, type Azurite } from '../support/azurite.ts';
import { needlesFor } from '../support/canaries.ts';
import { makeDicomFile, testUid } from '../support/dicom-files.ts';
import { TestInstallation, type CommandResult } from '../support/installation.ts';
import { descriptorIn, stringsIn } from '../support/power-loss/traced-calls.ts';
import { needs, programPath } from '../support/tools.ts';

const passphrase = 'first canary passphrase 4711';
const nextPassphrase = 'second canary passphrase 0815';
const study = testUid('canary study');

interface Found {
  readonly where: string;
  readonly needle: string;
}

/** Programs started, and file writes, in a tracer's log (`strace -f -y -v -xx`). */
interface Traced {
  readonly started: readonly Buffer[];
  readonly written: readonly { readonly path: string; readonly bytes: Buffer }[];
}

function traced(log: string): Traced {
  const started: Buffer[] = [];
  const written: { path: string; bytes: Buffer }[] = [];
  for (const line of log.split('\n')) {
    const call = /^\d+ +(\w+)\((.*)$/.exec(line);
    if (call === null) continue;
    const [, name = '', args = ''] = call;
    const bytes = Buffer.concat(stringsIn(args).flatMap((one) => [one, Buffer.from('\n')]));
    if (name === 'execve') started.push(bytes);
    const path = descriptorIn(args);
    if (name === 'execve' || path === undefined) continue;
    if (path.startsWith('/')) written.push({ path, bytes });
  }
  return { started, written };
}

needs('strace')('secrets of a whole life of an installation', () => {
  let cloud: Azurite;
  let installation: TestInstallation;
  let logs = 0;
  const secrets = new Map<string, string>();
  /** Files that a command was told to write a secret to. */
  const meant = new Set<string>();
  const results: CommandResult[] = [];
  let all: Traced;

  const tracer = (): readonly string[] => {
    logs += 1;
    return [
      ...[programPath('strace'), '-D', '-f', '-y', '-v', '-xx', '-qq', '-s', '1048576'],
      ...['-e', 'trace=execve,write,pwrite64,writev,pwritev', '-e', 'signal=none'],
      ...['-o', installation.path(`trace-${logs}`)],
    ];
  };
  const command = async (args: readonly string[], input?: string): Promise<CommandResult> => {
    const result = await installation.command(
      [...args, '--passphrase-file', installation.path('passphrase.txt')],
      { through: tracer(), ...(input === undefined ? {} : { input }) },
    );
    results.push(result);
    expect({ args, ...result }).toMatchObject({ code: 0 });
    return result;
  };
  const file = async (name: string, content: string | Buffer): Promise<string> => {
    await writeFile(installation.path(name), content, { mode: 0o600 });
    return installation.path(name);
  };
  const toWrite = (name: string): string => {
    meant.add(installation.path(name));
    return installation.path(name);
  };

  beforeAll(async () => {
    cloud = await startAzurite();
    await cloud.makeContainer('edge-sync');
    await cloud.makeContainer('shares');
    installation = await TestInstallation.create({
      config: {
        destinations: [{ name: 'cloud', kind: 'azure', container: 'edge-sync' }],
        sharing: { container: 'shares' },
      },
      // Secrets come from files here: what is in a process's own environment from outside is not our doing.
      environment: { EDGE_SYNC_PASSPHRASE: '' },
    });
    await file('passphrase.txt', passphrase);
    secrets.set('passphrase', passphrase).set('next passphrase', nextPassphrase);
    const connection = cloud.connectionString();
    secrets.set('account key', /AccountKey=([^;]+)/.exec(connection)?.[1] ?? '');

    const engine = await installation.serve(
      ['--passphrase-file', installation.path('passphrase.txt')],
      tracer(),
    );
    await command(['config', 'set', 'secret.cloud'], connection);
    await command(['share', 'credential'], connection);
    const created = await command(['recovery', 'create', '--json', '--kit', toWrite('kit.html')]);
    const { words } = JSON.parse(created.out) as { words: readonly string[] };
    secrets.set('words', words.slice(3, 8).join(' ')).set('words as JSON', words.slice(3, 8).join('","'));
    const wordsFile = await file('words.txt', words.join(' '));
    await command(['recovery', 'check', '--words-file', wordsFile]);
    await command(['recovery', 'print', '--kit', toWrite('kit.pdf'), '--words-file', wordsFile]);
    await command(['recovery', 'export-key', '--words-file', wordsFile, '--out', toWrite('key.pem')]);
    const key = (await readFile(installation.path('key.pem'), 'utf8')).split('\n');
    secrets.set('private key', key[2] ?? '');

    const { host, port, aet } = engine.ready.dicom;
    const image = await file(
      'image.dcm',
      makeDicomFile({ studyInstanceUid: study, sopInstanceUid: testUid('canary image') }).bytes,
    );
    const { results: sent } = await sendFiles({
      paths: [image],
      peer: { host, port, calledAe: aet, callingAe: 'MODALITY' },
      clock: new SystemClock(),
    });
    expect(sent.map(({ tag }) => tag)).toEqual(['sent']);
    await installation.statusWhere(({ counts }) => counts.verified === 1, 120_000);

    await command(['share', 'check', '--allow-browsers']);
    const shared = await command(['share', '--study', study, '--link', '--expires', '2h', '--json']);
    const { link, passcode } = JSON.parse(shared.out) as { link: string; passcode: string };
    secrets.set('share link', link.slice(link.indexOf('#') + 20)).set('passcode', passcode);
    await command(['share', 'revoke', '--all']);
    await command(['keys', 'rotate-device', '--yes']);
    const next = await file('next.txt', nextPassphrase);
    await command(['keys', 'change-passphrase', '--new-passphrase-file', next]);
    await writeFile(installation.path('passphrase.txt'), nextPassphrase);
    await command(['backup', 'now']);
    await command(['verify', '--all']);
    await command(['restore', '--all', '--from-cloud', '--to', installation.path('restored')]);
    await engine.stop();
    await command([
      ...['restore', '--all', '--from-cloud', '--to', installation.path('restored-by-words')],
      ...['--words-file', wordsFile],
    ]);
    expect((await readdir(installation.path('restored-by-words'))).length).toBeGreaterThan(0);

    const log = await Promise.all(
      Array.from({ length: logs }, (_, index) => readFile(installation.path(`trace-${index + 1}`), 'utf8')),
    );
    all = traced(log.join('\n'));
  }, 400_000);
  afterAll(async () => {
    await installation.dispose();
    await cloud.stop();
  });

  /** Where a secret stands that should not. */
  function search(places: readonly { readonly where: string; readonly bytes: Buffer }[]): readonly Found[] {
    return [...secrets].flatMap(([name, text]) => {
      expect(text.length, name).toBeGreaterThan(8);
      const needles = needlesFor([text]);
      return places
        .filter(({ bytes }) => needles.some((needle) => bytes.includes(needle)))
        .map(({ where }) => ({ where, needle: name }));
    });
  }

  it('was traced: the search finds what was meant to be written', () => {
    expect(all.started.length).toBeGreaterThanOrEqual(logs);
    const told = search(
      all.written.filter(({ path }) => meant.has(path)).map(({ path, bytes }) => ({ where: path, bytes })),
    );
    expect(new Set(told.map(({ needle }) => needle))).toContain('private key');
  });

  it('are in no argument and no environment of any program that was started', () => {
    expect(search(all.started.map((bytes, index) => ({ where: `program ${index}`, bytes })))).toEqual([]);
  });

  it('are written to no file but the ones that a command was told to write', () => {
    const others = all.written.filter(({ path }) => !meant.has(path));
    expect(others.length).toBeGreaterThan(100);
    expect(search(others.map(({ path, bytes }) => ({ where: path, bytes })))).toEqual([]);
  });

  it('are told by no command that was not asked for them', () => {
    // The last line of defence for logs: what the engine and the commands say on stderr.
    expect(
      search(results.map(({ err }, index) => ({ where: `command ${index}`, bytes: Buffer.from(err) }))),
    ).toEqual([]);
  });

  it('are nowhere in the data folder', async () => {
    const places = await Promise.all(
      (await readdir(installation.dataDir, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(async (entry) => {
          const path = join(entry.parentPath, entry.name);
          return { where: path, bytes: await readFile(path) };
        }),
    );
    expect(search(places)).toEqual([]);
  });
});

describe('the tracer', () => {
  it('is read as it is written', () => {
    const { started, written } = traced(
      [
        String.raw`12 execve("\x2f\x61", ["\x62", "\x63\x64"], ["\x65"]) = 0`,
        String.raw`12 write(3<\x2f\x66>, "\x67\x68", 2) = 2`,
        String.raw`12 write(4<\x73\x6f\x63\x6b>, "\x67", 1) = 1`,
      ].join('\n'),
    );
    expect(started.map(String)).toEqual(['/a\nb\ncd\ne\n']);
    expect(written.map(({ path, bytes }) => [path, String(bytes)])).toEqual([['/f', 'gh\n']]);
  });
});
