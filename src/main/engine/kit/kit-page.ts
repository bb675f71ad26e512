/** The content of a kit as plain blocks; kit-html.ts and kit-pdf.ts draw them. Block texts are not escaped yet. */
import { createHash } from 'node:crypto';
import { assertNever } from '../../../shared/assert-never.ts';
import type { KitLanguage } from '../../../shared/contract-recovery.ts';
import { deriveRecoveryKey } from '../keys/recovery-key.ts';
import { entropyFromWords } from '../keys/recovery-words.ts';
import { kitCommands } from './kit-commands.ts';
import { groupedHex, printable, type KitDestination, type KitFacts } from './kit-facts.ts';
import { fill, kitStrings, type KitStep, type KitStrings } from './kit-strings.ts';
import type { RecoveryShare } from './shares.ts';

export type KitBlock =
  | { readonly tag: 'title'; readonly text: string }
  | { readonly tag: 'heading'; readonly text: string }
  | { readonly tag: 'text'; readonly text: string }
  | { readonly tag: 'warning'; readonly text: string }
  | { readonly tag: 'facts'; readonly rows: readonly KitFactRow[] }
  | { readonly tag: 'words'; readonly words: readonly string[] }
  | { readonly tag: 'qr'; readonly text: string; readonly caption: string }
  /** `id`: where a program finds it in the HTML page. */
  | { readonly tag: 'code'; readonly id: string; readonly text: string }
  | { readonly tag: 'steps'; readonly steps: readonly KitStep[] }
  | { readonly tag: 'list'; readonly items: readonly string[] }
  | { readonly tag: 'new-page' };

export interface KitFactRow {
  readonly label: string;
  readonly value: string;
  readonly look: 'plain' | 'code';
}

export interface KitPage {
  readonly language: KitLanguage;
  readonly title: string;
  /** At the foot of every page of paper. */
  readonly foot: string;
  /** With {page} and {pages}. */
  readonly pageNumber: string;
  readonly blocks: readonly KitBlock[];
}

/** Who holds it: all 24 words, or one share. */
export type KitSecret =
  | { readonly tag: 'words'; readonly words: readonly string[] }
  | { readonly tag: 'share'; readonly share: RecoveryShare; readonly fingerprint: string };

/** @throws EdgeSyncError recovery-words-* when the words are none. */
export function kitPage(secret: KitSecret, facts: KitFacts, language: KitLanguage): KitPage {
  const strings = kitStrings(language);
  switch (secret.tag) {
    case 'words':
      return wordsPage(secret.words, facts, strings);
    case 'share':
      return sharePage(secret.share, secret.fingerprint, facts, strings);
    default:
      return assertNever(secret);
  }
}

function wordsPage(words: readonly string[], facts: KitFacts, strings: KitStrings): KitPage {
  const key = recoveryPem(words);
  const { fingerprint } = key;
  return {
    ...frame(strings.title, fingerprint, facts, strings),
    blocks: [
      { tag: 'title', text: strings.title },
      { tag: 'warning', text: strings.secrecy },
      ...factBlocks(facts, fingerprint, undefined, strings),
      { tag: 'heading', text: strings.words.heading },
      { tag: 'text', text: strings.words.intro },
      { tag: 'words', words },
      { tag: 'new-page' },
      ...cloudBlocks(facts, strings),
      { tag: 'heading', text: strings.newPc.heading },
      { tag: 'steps', steps: strings.newPc.steps },
      { tag: 'new-page' },
      { tag: 'heading', text: strings.key.heading },
      { tag: 'text', text: strings.key.intro },
      { tag: 'list', items: [strings.key.scan, strings.key.type] },
      { tag: 'qr', text: key.pem, caption: strings.key.caption },
      { tag: 'code', id: 'recovery-key', text: key.pem },
      { tag: 'text', text: strings.key.checkIntro },
      { tag: 'code', id: 'check-key', text: kitCommands['check-key'] },
      { tag: 'code', id: 'fingerprint', text: kitCommands.fingerprint },
      { tag: 'heading', text: strings.keeping.heading },
      { tag: 'list', items: strings.keeping.items },
      { tag: 'new-page' },
      { tag: 'heading', text: strings.withoutUs.heading },
      { tag: 'steps', steps: strings.withoutUs.steps },
      { tag: 'heading', text: strings.trust.heading },
      { tag: 'text', text: strings.trust.provesHeading },
      { tag: 'list', items: strings.trust.proves },
      { tag: 'text', text: strings.trust.notHeading },
      { tag: 'list', items: strings.trust.not },
    ],
  };
}

function sharePage(share: RecoveryShare, fingerprint: string, facts: KitFacts, strings: KitStrings): KitPage {
  const { number, mark, words } = share;
  const title = fill(strings.shareTitle, { number });
  return {
    ...frame(title, fingerprint, facts, strings),
    blocks: [
      { tag: 'title', text: title },
      { tag: 'warning', text: strings.shareSecrecy },
      ...factBlocks(facts, fingerprint, mark, strings),
      { tag: 'heading', text: strings.shareWords.heading },
      { tag: 'text', text: fill(strings.shareWords.intro, { mark }) },
      { tag: 'words', words },
      { tag: 'new-page' },
      ...cloudBlocks(facts, strings),
      { tag: 'heading', text: strings.shareNewPc.heading },
      { tag: 'steps', steps: strings.shareNewPc.steps },
      { tag: 'heading', text: strings.shareKeeping.heading },
      { tag: 'list', items: strings.shareKeeping.items },
      { tag: 'text', text: strings.shareQr },
      { tag: 'qr', text: [mark, ...words].join(' '), caption: mark },
    ],
  };
}

function frame(
  title: string,
  fingerprint: string,
  facts: KitFacts,
  strings: KitStrings,
): Pick<KitPage, 'language' | 'title' | 'foot' | 'pageNumber'> {
  const name = printable(facts.installationName);
  return {
    language: strings.language,
    title: `Edge Sync: ${title}`,
    foot: `Edge Sync · ${title} · ${name} · ${groupedHex(fingerprint.slice(0, 16))} · ${dateOf(facts.createdAtMs)}`,
    pageNumber: strings.page,
  };
}

function factBlocks(
  facts: KitFacts,
  fingerprint: string,
  mark: string | undefined,
  strings: KitStrings,
): readonly KitBlock[] {
  const labels = strings.facts;
  return [
    { tag: 'heading', text: labels.heading },
    {
      tag: 'facts',
      rows: [
        ...(mark === undefined ? [] : [row(labels.share, mark, 'code')]),
        row(labels.fingerprint, groupedHex(fingerprint), 'code'),
        row(labels.installation, `${facts.installationName} (${facts.installationId})`, 'plain'),
        row(labels.archive, facts.archiveId, 'code'),
        row(labels.date, dateOf(facts.createdAtMs), 'plain'),
        row(labels.program, fill(strings.printed, { version: facts.programVersion }), 'plain'),
      ],
    },
  ];
}

function cloudBlocks(facts: KitFacts, strings: KitStrings): readonly KitBlock[] {
  const { cloud } = strings;
  const tables = facts.destinations.map((one): KitBlock => ({
    tag: 'facts',
    rows: destinationRows(one, facts, strings),
  }));
  return [
    { tag: 'heading', text: cloud.heading },
    ...(tables.length === 0 ? [{ tag: 'text', text: cloud.none } as const] : tables),
    { tag: 'text', text: cloud.noSecret },
  ];
}

function destinationRows(
  { kind, name, endpoint, settings, head }: KitDestination,
  facts: KitFacts,
  { cloud }: KitStrings,
): readonly KitFactRow[] {
  const isNamed = settings.some(([key]) => key === 'endpoint' || key === 'path');
  return [
    row(cloud.kind, `${kind} (${name})`, 'plain'),
    ...(endpoint !== undefined
      ? [row(cloud.endpoint, endpoint, 'code')]
      : isNamed || kind !== 'azure'
        ? []
        : [row(cloud.endpoint, cloud.endpointUnknown, 'plain')]),
    ...settings.map(([key, value]) =>
      value === ''
        ? row(cloud.settings[key] ?? key, cloud.emptyPrefix, 'plain')
        : row(cloud.settings[key] ?? key, value, 'code'),
    ),
    row(
      cloud.head,
      head === undefined
        ? cloud.headNone
        : fill(cloud.headValue, {
            sequence: head.sequence,
            installation: facts.installationId,
            date: head.provenAtMs === null ? '?' : dateOf(head.provenAtMs),
          }),
      'plain',
    ),
  ];
}

function row(label: string, value: string, look: KitFactRow['look']): KitFactRow {
  return { label: printable(label), value: printable(value), look };
}

/** In UTC, so that the same moment is the same text wherever it is compared. */
function dateOf(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/**
 * PKCS#8 (RFC 5958) of the P-256 key with the number alone: 67 bytes, two lines of PEM to type. The public key, which
 * RFC 5915 makes optional, is computed by whoever reads it.
 */
const pkcs8BeforeNumber = Buffer.from(
  '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420',
  'hex',
);

function recoveryPem(words: readonly string[]): { readonly pem: string; readonly fingerprint: string } {
  const entropy = entropyFromWords(words);
  const key = deriveRecoveryKey(entropy);
  entropy.wipe();
  const whole = key.pkcs8.reveal();
  // RFC 5915: ECPrivateKey is version 1 (02 01 01), then the number as 32 bytes (04 20).
  const at = whole.indexOf(Buffer.from('0201010420', 'hex')) + 5;
  const der = Buffer.concat([pkcs8BeforeNumber, whole.subarray(at, at + 32)]);
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  der.fill(0);
  const pem = `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
  const { fingerprint } = key;
  const spki = createHash('sha256').update(key.spki).digest('hex');
  if (at < 5 || spki !== fingerprint) throw new Error('a recovery key is PKCS#8 with its number');
  return { pem, fingerprint };
}
