/**
 * The recovery kit: pages to print, made from the words while they are there. Nothing of it is kept: the pages go into
 * the answer to whoever asked, and hold the key of the whole archive.
 */
import type {
  CreatedRecovery,
  Custody,
  KitFormat,
  KitLanguage,
  KitRequest,
} from '../../../shared/contract-recovery.ts';
import { deriveRecoveryKey } from '../keys/recovery-key.ts';
import { entropyFromWords } from '../keys/recovery-words.ts';
import type { KitFacts } from './kit-facts.ts';
import { renderKitHtml } from './kit-html.ts';
import { kitPage, type KitSecret } from './kit-page.ts';
import { renderKitPdf } from './kit-pdf.ts';
import { sharesFromWords } from './shares.ts';

export interface KitPages {
  readonly kitHtml?: string;
  /** Base64 of the file. */
  readonly kitPdf?: string;
}

/** One document: for the words, or for one share. Throws recovery-words-*. */
export async function makeKit(
  secret: KitSecret,
  facts: KitFacts,
  language: KitLanguage,
  formats: readonly KitFormat[],
): Promise<KitPages> {
  const page = kitPage(secret, facts, language);
  return {
    ...(formats.includes('html') ? { kitHtml: renderKitHtml(page) } : {}),
    ...(formats.includes('pdf')
      ? { kitPdf: (await renderKitPdf(page, facts.createdAtMs)).toString('base64') }
      : {}),
  };
}

/**
 * What is given out when a kit is made: words, shares or both, with the pages that were asked for. With shares alone
 * the words are in no part of it. Throws recovery-words-*.
 */
export async function handOut(
  words: readonly string[],
  facts: KitFacts,
  wanted: { readonly custody: Custody; readonly kit?: KitRequest | undefined },
): Promise<CreatedRecovery> {
  const { custody, kit } = wanted;
  const fingerprint = fingerprintOf(words);
  const pagesFor = (secret: KitSecret): Promise<KitPages> =>
    kit === undefined ? Promise.resolve({}) : makeKit(secret, facts, kit.language, kit.formats);
  const shares =
    custody === 'words'
      ? undefined
      : await Promise.all(
          (await sharesFromWords(words)).map(async (share) => ({
            ...share,
            words: [...share.words],
            ...(await pagesFor({ tag: 'share', share, fingerprint })),
          })),
        );
  return {
    fingerprint,
    words: custody === 'shares' ? [] : [...words],
    ...(shares === undefined ? {} : { shares }),
    ...(custody === 'shares' ? {} : await pagesFor({ tag: 'words', words })),
  };
}

function fingerprintOf(words: readonly string[]): string {
  const entropy = entropyFromWords(words);
  const { fingerprint } = deriveRecoveryKey(entropy);
  entropy.wipe();
  return fingerprint;
}
