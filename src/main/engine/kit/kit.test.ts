import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FakeRandom } from '../../../../test/fakes/fake-random.ts';
import { pdfText } from '../../../../test/support/pdf-text.ts';
import { codeIn, qrIn } from '../../../../test/support/kit-page.ts';
import { kitLanguages, type CreatedRecovery, type Custody } from '../../../shared/contract-recovery.ts';
import { exportRecoveryKey } from '../keys/recovery-key.ts';
import { wordsFromEntropy } from '../keys/recovery-words.ts';
import { Secret } from '../system/secret.ts';
import type { KitFacts } from './kit-facts.ts';
import { handOut } from './kit.ts';

const words = wordsFromEntropy(Secret.from(new FakeRandom('kit').bytes(32)));
const facts: KitFacts = {
  installationName: 'FRONTDESK-1',
  installationId: '11'.repeat(16),
  archiveId: '22'.repeat(16),
  programVersion: '9.8.7',
  createdAtMs: Date.UTC(2026, 10, 22, 21, 30),
  destinations: [
    {
      name: 'cloud',
      kind: 'azure',
      endpoint: 'https://clinicimages.blob.core.windows.net',
      settings: [
        ['container', 'edge-sync'],
        ['prefix', 'practice-1/images'],
      ],
      head: { sequence: 42, provenAtMs: Date.UTC(2026, 10, 20, 8, 15) },
    },
  ],
};

function made(
  custody: Custody,
  some: KitFacts = facts,
  language: 'en' | 'es' = 'en',
): Promise<CreatedRecovery> {
  return handOut(words, some, { custody, kit: { language, formats: ['html', 'pdf'] } });
}

/** Visible text of the page, entities undone. */
function textOf(html: string): string {
  const body = html.slice(html.indexOf('<body>'));
  return unescaped(body.replaceAll(/<[^>]*>/g, ' ')).replaceAll(/\s+/g, ' ');
}
function unescaped(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

describe('the recovery kit', () => {
  it.each(kitLanguages)('names everything that is needed, in both formats (%s)', async (language) => {
    const { kitHtml = '', kitPdf = '', fingerprint } = await made('words', facts, language);
    const pdf = Buffer.from(kitPdf, 'base64');
    for (const text of [textOf(kitHtml), pdfText(pdf)]) {
      const dense = text.replaceAll(/\s+/g, '');
      for (const [index, word] of words.entries()) expect(dense).toContain(`${index + 1}.${word}`);
      for (const fact of [
        fingerprint,
        'FRONTDESK-1',
        facts.installationId,
        facts.archiveId,
        'https://clinicimages.blob.core.windows.net',
        'edge-sync',
        'practice-1/images',
        '42',
        '2026-11-20',
        '2026-11-22',
        'opensslcms-decrypt-binary-informDER-inX.cms-inkeyrecovery.pem-outX.dcm||{rm-fX.dcm;false;}',
        'opensslpkey-inrecovery.pem-pubout-outformDER|openssldgst-sha256',
        'edge-syncrestore--all--toFOLDER--from-cloud--words-filewords.txt',
        'nodeopen-sealed.mjsrecovery.pemX.cmsX.dcm',
        '-----BEGINPRIVATEKEY-----',
      ]) {
        expect(dense).toContain(fact);
      }
    }
    expect(kitHtml).toContain(`<html lang="${language}"`);
  });

  it('has the key as text and as QR, and it is the key of the words', async () => {
    const { kitHtml = '', fingerprint } = await made('words');
    const pem = codeIn(kitHtml, 'recovery-key');
    expect(qrIn(kitHtml)).toBe(pem);
    const key = createPrivateKey(pem);
    const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
    expect(createHash('sha256').update(spki).digest('hex')).toBe(fingerprint);
    const exported = createPrivateKey((await exportRecoveryKey(words)).keyPem.revealText());
    expect(key.equals(exported)).toBe(true);
    // To be typed by hand: two lines and their frame.
    expect(pem.trim().split('\n')).toHaveLength(4);
  });

  it('holds no script and loads nothing, whatever names are put into it', async () => {
    const evil = "\"><script>alert(1)</script><img src=x onerror=alert(1)> & 'quoted'";
    const { kitHtml = '', kitPdf = '' } = await made('words', {
      ...facts,
      installationName: evil,
      destinations: [{ ...facts.destinations[0]!, name: evil, endpoint: evil, settings: [[evil, evil]] }],
    });
    const tags = [...kitHtml.matchAll(/<\/?([a-z0-9]+)/gi)].map(([, name = '']) => name.toLowerCase());
    expect(tags).not.toContain('script');
    expect(tags).not.toContain('img');
    expect(/<[^>]*\s(on\w+|src|href)=/i.exec(kitHtml)?.[0]).toBeUndefined();
    expect(kitHtml.includes("default-src 'none'")).toBe(true);
    expect(textOf(kitHtml)).toContain(`${evil} (`);
    expect(pdfText(Buffer.from(kitPdf, 'base64')).replaceAll(/\s/g, '')).toContain('<script>alert(1)');
  });

  it('shows characters that hide or turn text by their numbers', async () => {
    const name = 'desk\u202e\u2066txt.\u0000\u200b\u2028\ud800end\nline';
    const { kitHtml = '', kitPdf = '' } = await made('words', { ...facts, installationName: name });
    const shown = 'desk[U+202E][U+2066]txt.[U+0000][U+200B][U+2028][U+D800]end[U+000A]line';
    expect(textOf(kitHtml)).toContain(shown);
    // eslint-disable-next-line no-control-regex
    expect(kitHtml).not.toMatch(/[\u0000-\u0008\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
    expect(pdfText(Buffer.from(kitPdf, 'base64')).replaceAll(/\s/g, '')).toContain(shown);
  });

  it('leaves the account open to be written in by hand while it is not known', async () => {
    const [first] = facts.destinations;
    const unknown = { ...facts, destinations: [{ ...first!, endpoint: undefined, head: undefined }] };
    expect(textOf((await made('words', unknown)).kitHtml ?? '')).toMatch(
      /Account \(address\) not known .*___/,
    );
    const none = { ...facts, destinations: [] };
    expect(textOf((await made('words', none)).kitHtml ?? '')).toContain('No cloud storage was configured');
  });

  it('as shares: each page holds its share alone, and none the words or the key', async () => {
    const { shares = [], words: given, kitHtml, kitPdf } = await made('shares');
    expect(given).toEqual([]);
    expect(kitHtml).toBeUndefined();
    expect(kitPdf).toBeUndefined();
    const { keyPem } = await exportRecoveryKey(words);
    const keyLine = keyPem.revealText().split('\n')[1] ?? '';
    for (const share of shares) {
      const html = share.kitHtml ?? '';
      const pdf = pdfText(Buffer.from(share.kitPdf ?? '', 'base64'));
      for (const text of [textOf(html), pdf]) {
        const dense = text.replaceAll(/\s+/g, '');
        for (const [index, word] of share.words.entries()) expect(dense).toContain(`${index + 1}.${word}`);
        expect(dense).toContain(share.mark);
        expect(dense).not.toContain('PRIVATEKEY');
        expect(dense).not.toContain(keyLine);
        for (const other of shares) {
          if (other !== share) expect(dense).not.toContain(other.words.slice(0, 3).join(''));
        }
      }
      expect(qrIn(html)).toBe([share.mark, ...share.words].join(' '));
    }
  });

  it('gives words and shares only together when asked for both, and no page when none is asked for', async () => {
    const both = await handOut(words, facts, { custody: 'words-and-shares' });
    expect(both.words).toEqual(words);
    expect(both.shares).toHaveLength(3);
    expect(both.kitHtml).toBeUndefined();
    const plain = await handOut(words, facts, { custody: 'words' });
    expect(Object.keys(plain).sort()).toEqual(['fingerprint', 'words']);
  });

  it('as PDF is a few pages that fit on A4 and on Letter, and starts nothing', async () => {
    const pdf = Buffer.from((await made('words')).kitPdf ?? '', 'base64').toString('latin1');
    const boxes = [...pdf.matchAll(/\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/g)];
    expect(boxes.length).toBeGreaterThanOrEqual(3);
    expect(boxes.length).toBeLessThanOrEqual(6);
    for (const [, width, height] of boxes) {
      expect(Number(width)).toBeLessThanOrEqual(595.28);
      expect(Number(height)).toBeLessThanOrEqual(792);
    }
    expect(pdf).not.toMatch(/\/(JavaScript|JS|Launch|URI|OpenAction|EmbeddedFile)\b/);
  });
});
