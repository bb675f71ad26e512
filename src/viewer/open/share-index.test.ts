import { expect, it } from 'vitest';
import { maxFiles, parseIndex } from './share-index.ts';

const shareId = '00112233445566778899aabbccddeeff';
const at = (name: string): string => `https://store.example/shares/${shareId}/${name}`;
const file = (url: string): object => ({ url, sizeBytes: 1, sha256: 'ab'.repeat(32) });

function outcome(files: readonly object[], more: object = {}): string {
  const index = { format: 'edge-sync-share', version: 1, shareId, study: {}, files, ...more };
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(index));
    return `${parseIndex(bytes, shareId, new URL(at('index.cms?sig=x'))).files.length} files`;
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error);
  }
}

it('takes files that lie beside it', () => {
  expect(outcome([file(at('000001.cms?sig=y'))])).toBe('1 files');
});

it.each([
  'https://elsewhere.example/shares/00112233445566778899aabbccddeeff/000001.cms',
  'https://store.example:444/shares/00112233445566778899aabbccddeeff/000001.cms',
  'https://store.example/shares/00112233445566778899aabbccddeeff/../000001.cms',
  'https://store.example/shares/00112233445566778899aabbccddeeff/%2e%2e/000001.cms',
  'https://store.example/shares/00112233445566778899aabbccddeeff/a/000001.cms',
  'https://store.example/shares/00112233445566778899aabbccddeeff\\..\\000001.cms',
])('refuses a file that lies elsewhere: %s', (url) => {
  expect(outcome([file(url)])).toBe('elsewhere');
});

it.each([
  'javascript:alert(1)',
  'data:,x',
  'blob:null/1',
  'file:///etc/passwd',
  'http://store.example/a/b',
  'https://u:p@store.example/x',
  '',
])('refuses what is no address of a store: %s', (url) => {
  expect(outcome([file(url)])).toBe('link-broken');
});

it('refuses more files than a share can have, sizes and hashes that are none, and another share', () => {
  const one = file(at('000001.cms'));
  expect(outcome(Array.from({ length: maxFiles }, () => one))).toBe(`${maxFiles} files`);
  expect(outcome(Array.from({ length: maxFiles + 1 }, () => one))).toBe('damaged');
  for (const bad of [{ sizeBytes: -1 }, { sizeBytes: 1.5 }, { sizeBytes: '1' }, { sha256: 'AB'.repeat(32) }])
    expect(outcome([{ ...one, ...bad }])).toBe('damaged');
  expect(outcome([one], { shareId: 'ff'.repeat(16) })).toBe('other-share');
  expect(outcome([one], { version: 2 })).toBe('newer-share');
});
