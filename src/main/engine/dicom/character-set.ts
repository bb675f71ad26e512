/**
 * Text in the character sets of Specific Character Set (0008,0005): PS3.3 C.12.1.1.2, PS3.5 6.1 and annexes H, I, J, K.
 * For display only: what is stored are the bytes as received. Nothing here throws; what cannot be decoded shows as
 * the replacement character.
 */
import { TextDecoder } from 'node:util';

/** Decodes the bytes of one value. */
export type TextReader = (bytes: Uint8Array, kind: 'person-name' | 'text') => string;

/** A set that escapes can put into G0 (bytes below 0x80) or G1 (above). */
interface CodeElement {
  readonly encoding: string;
  readonly place: 'g0' | 'g1';
  readonly width: 1 | 2;
}

/** Single-byte sets by ISO registration number; the label is a WHATWG encoding. */
const singleByte: Readonly<Record<string, string>> = {
  '100': 'iso-8859-1',
  '101': 'iso-8859-2',
  '109': 'iso-8859-3',
  '110': 'iso-8859-4',
  '126': 'iso-8859-7',
  '127': 'iso-8859-6',
  '138': 'iso-8859-8',
  '144': 'iso-8859-5',
  '148': 'iso-8859-9',
  '166': 'windows-874',
  '203': 'iso-8859-15',
  // JIS X 0201: Shift JIS has its katakana at the same bytes.
  '13': 'shift_jis',
};

/** Sets that need no escapes and take the whole value (PS3.5 6.1.2.3). */
const whole: Readonly<Record<string, string>> = {
  'ISO_IR 192': 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
};

const latinG1: Readonly<Record<string, string>> = {
  A: '100',
  B: '101',
  C: '109',
  D: '110',
  F: '126',
  G: '127',
  H: '138',
  L: '144',
  M: '148',
  T: '166',
  b: '203',
};

const ascii: CodeElement = { encoding: 'utf-8', place: 'g0', width: 1 };
const jisX0208: CodeElement = { encoding: 'euc-jp', place: 'g0', width: 2 };
const jisX0212: CodeElement = { encoding: 'euc-jp+8f', place: 'g0', width: 2 };
const ksX1001: CodeElement = { encoding: 'euc-kr', place: 'g1', width: 2 };
const gb2312: CodeElement = { encoding: 'gbk', place: 'g1', width: 2 };
const katakana: CodeElement = { encoding: 'shift_jis', place: 'g1', width: 1 };

/** Escape sequences after ESC (PS3.3 tables C.12-3 and C.12-4). */
const escapes: Readonly<Record<string, CodeElement>> = {
  '(B': ascii,
  '(J': ascii,
  ')I': katakana,
  $B: jisX0208,
  '$@': jisX0208,
  '$(D': jisX0212,
  '$)C': ksX1001,
  '$)A': gb2312,
};

/** The Defined Terms of (0008,0005) that are decoded, by table of PS3.3 C.12.1.1.2. */
export const decodedTerms = {
  /** C.12-2. The default repertoire, ISO-IR 6, is the empty value. */
  single: Object.keys(singleByte).map((number) => `ISO_IR ${number}`),
  /** C.12-3 and C.12-4. */
  extended: ['6', ...Object.keys(singleByte), '87', '159', '149', '58'].map(
    (number) => `ISO 2022 IR ${number}`,
  ),
  /** C.12-5. */
  whole: Object.keys(whole),
} as const;

const escapeByte = 0x1b;
const decoders = new Map<string, TextDecoder>();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The reader for a value of (0008,0005), multi-valued by backslash; undefined or empty is the default repertoire.
 * Misspelt terms that occur in the field (`ISO-IR 100`, `ISO_IR_192`, `UTF-8`) are understood.
 */
export function textReader(specificCharacterSet: string | undefined): TextReader {
  const terms = (specificCharacterSet ?? '').split('\\').map(normalTerm);
  const first = terms[0] ?? '';
  const encoding = whole[first];
  if (encoding !== undefined) return (bytes) => tidy(decode(encoding, bytes));
  if (terms.length > 1 || first.startsWith('ISO 2022')) {
    const initial = initialG1(first);
    return (bytes, kind) => tidy(decodeWithEscapes(bytes, initial, kind));
  }
  const set = singleByte[irNumber(first) ?? ''];
  if (set !== undefined) return (bytes) => tidy(decode(set, bytes));
  return (bytes) => tidy(decodeUndeclared(bytes));
}

export interface PersonNameGroups {
  readonly alphabetic: string;
  readonly ideographic: string;
  readonly phonetic: string;
}

/** The three component groups of a decoded PN value (PS3.5 6.2.1.2), components still parted by carets. */
export function personNameGroups(value: string): PersonNameGroups {
  const [alphabetic = '', ideographic = '', phonetic = ''] = value.split('=');
  return { alphabetic: alphabetic.trim(), ideographic: ideographic.trim(), phonetic: phonetic.trim() };
}

function normalTerm(term: string): string {
  const upper = term.trim().toUpperCase();
  if (/^UTF[-_ ]?8$/.test(upper)) return 'ISO_IR 192';
  const extended = /^ISO[-_ ]?2022[-_ ]?IR[-_ ]?(\d+)$/.exec(upper);
  if (extended?.[1] !== undefined) return `ISO 2022 IR ${extended[1]}`;
  const plain = /^ISO[-_ ]?(?:IR)?[-_ ]?(\d+)$/.exec(upper);
  if (plain?.[1] !== undefined) return `ISO_IR ${plain[1]}`;
  return upper;
}

function irNumber(term: string): string | undefined {
  return /IR (\d+)$/.exec(term)?.[1];
}

/** What G1 holds before any escape: the first value's own set. */
function initialG1(term: string): CodeElement | undefined {
  const number = irNumber(term);
  if (number === '149') return ksX1001;
  if (number === '58') return gb2312;
  const set = singleByte[number ?? ''];
  return set === undefined ? undefined : { encoding: set, place: 'g1', width: 1 };
}

/** Code extension (PS3.5 6.1.2.5): escapes change G0 or G1; delimiters put both back. */
function decodeWithEscapes(
  bytes: Uint8Array,
  initial: CodeElement | undefined,
  kind: 'person-name' | 'text',
): string {
  let g0 = ascii;
  let g1 = initial;
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte === escapeByte) {
      const escape = readEscape(bytes, at + 1);
      if (escape.element?.place === 'g0') g0 = escape.element;
      else if (escape.element !== undefined) g1 = escape.element;
      at = escape.end;
      continue;
    }
    if (g0.width === 1 && byte < 0x80) {
      if (isDelimiter(byte, kind)) {
        g0 = ascii;
        g1 = initial;
      }
      text += String.fromCharCode(byte);
      at += 1;
      continue;
    }
    const high = byte >= 0x80;
    let end = at + 1;
    while (end < bytes.length && bytes[end] !== escapeByte && (bytes[end] ?? 0) >= 0x80 === high) end += 1;
    text += decodeRun(high ? g1 : g0, bytes.subarray(at, end));
    at = end;
  }
  return text;
}

function readEscape(
  bytes: Uint8Array,
  at: number,
): { readonly element: CodeElement | undefined; readonly end: number } {
  for (const length of [3, 2]) {
    const code = Buffer.from(bytes.subarray(at, at + length)).toString('latin1');
    const element = Object.hasOwn(escapes, code) ? escapes[code] : latinEscape(code);
    if (element !== undefined) return { element, end: at + length };
  }
  return { element: undefined, end: at };
}

function latinEscape(code: string): CodeElement | undefined {
  if (code.length !== 2 || !code.startsWith('-')) return undefined;
  const set = singleByte[latinG1[code.slice(1)] ?? ''];
  return set === undefined ? undefined : { encoding: set, place: 'g1', width: 1 };
}

function decodeRun(element: CodeElement | undefined, run: Uint8Array): string {
  if (element === undefined) return decodeUndeclared(run);
  if (element.place === 'g1') return decode(element.encoding, run);
  if (element === jisX0208) return decode('euc-jp', Uint8Array.from(run, setHighBit));
  if (element === jisX0212) {
    const withShift = new Uint8Array(Math.ceil(run.length / 2) * 3);
    for (let pair = 0; pair * 2 < run.length; pair += 1) {
      withShift[pair * 3] = 0x8f;
      withShift[pair * 3 + 1] = setHighBit(run[pair * 2] ?? 0);
      withShift[pair * 3 + 2] = setHighBit(run[pair * 2 + 1] ?? 0);
    }
    return decode('euc-jp', withShift);
  }
  return decode(element.encoding, run);
}

function setHighBit(byte: number): number {
  return byte | 0x80;
}

/** PS3.5 6.1.2.5.3. */
function isDelimiter(byte: number, kind: 'person-name' | 'text'): boolean {
  if (byte === 0x5c || byte === 0x09 || byte === 0x0a || byte === 0x0c || byte === 0x0d) return true;
  return kind === 'person-name' && (byte === 0x5e || byte === 0x3d);
}

/** No character set, or one that is unknown: ASCII by the standard; UTF-8 or Latin-1 in the field. */
function decodeUndeclared(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return decode('iso-8859-1', bytes);
  }
}

function decode(encoding: string, bytes: Uint8Array): string {
  let decoder = decoders.get(encoding);
  if (decoder === undefined) {
    decoder = new TextDecoder(encoding);
    decoders.set(encoding, decoder);
  }
  return decoder.decode(bytes);
}

/** Control characters become spaces, padding goes. */
function tidy(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
}
