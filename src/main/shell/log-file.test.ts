import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile } from './log-file.ts';

describe('the log of the app', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'edge-sync-log-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is appended to, in a folder made for it', () => {
    const file = join(folder, 'logs', 'app.log');
    new LogFile(file).write('one\n');
    new LogFile(file).write(Buffer.from('two\n'));

    expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
  });

  it('never takes more than two files of about five megabytes', () => {
    const file = join(folder, 'app.log');
    const log = new LogFile(file);
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    for (let megabyte = 0; megabyte < 23; megabyte += 1) log.write(chunk);

    const sizes = [file, `${file}.old`].map((one) => statSync(one).size / chunk.length);

    expect(sizes).toEqual([3, 5]);
  });

  it('does not stop the app when it cannot be written', () => {
    writeFileSync(join(folder, 'logs'), 'a file where the folder should be');

    expect(() => new LogFile(join(folder, 'logs', 'app.log')).write('x')).not.toThrow();
  });
});
