import { describe, expect, it } from 'vitest';
import { ownHost, ownScheme } from './page-files.ts';
import { isFromOurPage } from './page-sender.ts';

const frame = (url: string) => ({ url });
const contentsOf = (mainFrame: { readonly url: string }) => ({ mainFrame });

describe('a message from a page', () => {
  const main = frame('edge-sync://app/#failures');
  const ours = contentsOf(main);

  it('is ours from the main frame of our window at our origin', () => {
    expect(isFromOurPage({ sender: ours, senderFrame: main }, ours, ownScheme)).toBe(true);
  });

  it('is not ours from a frame inside our page, even of our own origin', () => {
    const inner = frame('edge-sync://app/');
    expect(isFromOurPage({ sender: ours, senderFrame: inner }, ours, ownScheme)).toBe(false);
  });

  it('is not ours from another window, even of our own origin', () => {
    const other = contentsOf(frame('edge-sync://app/'));
    expect(isFromOurPage({ sender: other, senderFrame: other.mainFrame }, ours, ownScheme)).toBe(false);
  });

  it('is not ours when our window is elsewhere, its frame is gone, or there is no window', () => {
    const away = contentsOf(frame('https://example.com/'));
    expect(isFromOurPage({ sender: away, senderFrame: away.mainFrame }, away, ownScheme)).toBe(false);
    expect(isFromOurPage({ sender: ours, senderFrame: main }, ours, ownHost)).toBe(false);
    expect(isFromOurPage({ sender: ours, senderFrame: null }, ours, ownScheme)).toBe(false);
    expect(isFromOurPage({ sender: ours, senderFrame: main }, undefined, ownScheme)).toBe(false);
  });
});
