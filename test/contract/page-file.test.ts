import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { writePageFile, type PageFile } from '../../scripts/page-file.ts';

const link = 'http://127.0.0.1:4104/?token=abc-DEF_123';
const made: PageFile[] = [];

function write(url: string): PageFile {
  const file = writePageFile(url);
  made.push(file);
  return file;
}

afterEach(() => made.splice(0).forEach((file) => file.remove()));

describe('the file that leads a browser to the page', () => {
  it('goes on to the link at once', async () => {
    const html = await readFile(write(link).path, 'utf8');
    expect(html).toContain(`<meta http-equiv="refresh" content="0; url=${link}">`);
    expect(html).toContain('<meta name="referrer" content="no-referrer">');
  });

  it('has nothing of the link in its name', () => {
    const { path } = write(link);
    expect(path).not.toContain('token');
    expect(path).not.toContain('abc-DEF_123');
    expect(write(link).path).not.toBe(path);
  });

  it.runIf(process.platform !== 'win32')(
    'is readable for this user alone, and so is its folder',
    async () => {
      const { path } = write(link);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
    },
  );

  it('keeps what stands in the address from becoming part of the page', async () => {
    const html = await readFile(write(`${link}&x="><script>'y`).path, 'utf8');
    expect(html).not.toContain('<script>');
    expect(html.match(/content="0; url=[^"]*&amp;x=[^"]*">/g)).toHaveLength(1);
  });

  it('is removed with its folder, once or twice', () => {
    const { path, remove } = write(link);
    remove();
    remove();
    expect(existsSync(dirname(path))).toBe(false);
  });

  it.each([
    'https://example.org/',
    'http://127.0.0.1.example/',
    'javascript:alert(1)',
    'file:///etc/passwd',
    '',
  ])('is not written for what is no page of this PC (%s)', (url) => {
    expect(() => write(url)).toThrow();
  });
});
