import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentSecurityPolicy } from '../../../shared/page-hosting.ts';
import { answerPageRequest, isOwnPage, ownHost, ownScheme } from './page-files.ts';

describe('the page behind its own scheme', () => {
  let folder: string;
  let root: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'edge-sync-page-'));
    root = join(folder, 'renderer');
    mkdirSync(join(root, 'assets'), { recursive: true });
    writeFileSync(join(root, 'index.html'), '<p>page</p>');
    writeFileSync(join(root, 'assets', 'a b.js'), 'export {};');
    writeFileSync(join(root, 'notes.txt'), 'no known type');
    writeFileSync(join(folder, 'secret.js'), 'outside');
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const get = (url: string, method = 'GET'): Promise<Response> =>
    answerPageRequest(root, ownScheme, { url, method });

  it('serves the page with its policy and type', async () => {
    const response = await get('edge-sync://app/');

    expect(await response.text()).toBe('<p>page</p>');
    expect(response.headers.get('content-security-policy')).toBe(contentSecurityPolicy);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('serves files by their encoded names', async () => {
    expect(await (await get('edge-sync://app/assets/a%20b.js')).text()).toBe('export {};');
  });

  it('answers HEAD without a body', async () => {
    const response = await get('edge-sync://app/', 'HEAD');

    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it.each([
    'edge-sync://app/../secret.js',
    'edge-sync://app/%2e%2e/secret.js',
    'edge-sync://app/..%2fsecret.js',
    'edge-sync://app/assets/..%2f..%2fsecret.js',
    'edge-sync://app/..%5csecret.js',
    'edge-sync://app/%2fetc%2fhostname.js',
    'edge-sync://app/index.html%00.js',
    'edge-sync://app/C:%2fsecret.js',
    'edge-sync://app/%e0%a4%a',
    'edge-sync://other/index.html',
    'https://app/index.html',
    'file:///etc/hostname',
    'edge-sync://app/notes.txt',
    'edge-sync://app/assets',
    'edge-sync://app/none.js',
    'not a url',
  ])('does not find %s', async (url) => {
    expect((await get(url)).status).toBe(404);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    expect((await get('edge-sync://app/', method)).status).toBe(405);
  });

  it('allows no inline code and nothing from elsewhere', () => {
    expect(contentSecurityPolicy).not.toMatch(/unsafe|\*|https?:/);
    expect(contentSecurityPolicy).toContain("default-src 'none'");
  });

  it.each([
    ['edge-sync://app/', true],
    ['edge-sync://app/index.html#x', true],
    ['edge-sync://app.evil/', false],
    ['edge-sync://evil/', false],
    ['https://edge-sync.invalid/', false],
    ['data:text/html,x', false],
    ['about:blank', false],
    ['', false],
  ])('knows whether %j is its own page', (url, own) => {
    expect(isOwnPage(ownScheme, url)).toBe(own);
  });

  it('answers every other host of https with nothing where a host of its own stands for the scheme', async () => {
    const statuses = await Promise.all(
      ['https://edge-sync.invalid/', 'https://example.com/'].map(
        async (url) => (await answerPageRequest(root, ownHost, { url, method: 'GET' })).status,
      ),
    );

    expect(statuses).toEqual([200, 404]);
  });
});
