import { describe, expect, it } from 'vitest';
import { ownHost, ownScheme } from './page-files.ts';
import { isMadeByPage } from './page-saving.ts';

describe('what a page made itself', () => {
  it.each([
    [ownScheme, ['blob:edge-sync://app/5b6a'], true],
    [ownHost, ['blob:https://edge-sync.invalid/5b6a'], true],
    [ownScheme, ['blob:https://edge-sync.invalid/5b6a'], false],
    [ownScheme, ['blob:null/5b6a'], false],
    [ownScheme, ['blob:https://example.com/5b6a'], false],
    [ownScheme, ['edge-sync://app/index.html'], false],
    [ownScheme, ['data:text/html,x'], false],
    [ownScheme, ['https://example.com/', 'blob:edge-sync://app/5b6a'], false],
    [ownScheme, ['blob:blob:edge-sync://app/5b6a'], false],
    [ownScheme, [], false],
  ])('with %j, %j: %s', (origin, urls, own) => {
    expect(isMadeByPage(origin, urls)).toBe(own);
  });
});
