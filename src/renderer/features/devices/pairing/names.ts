/** Names that staff know for what a device proposes. */
import i18next from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Proposal } from '../../../../shared/pairing.ts';
import type { enPairing } from '../../../i18n/en-pairing.ts';
import { useFormat } from '../../../i18n/format.ts';
import { kindName } from '../words.tsx';

export type Coding = keyof typeof enPairing.syntax;

const codingByKeyword: readonly (readonly [RegExp, Coding])[] = [
  [/^(Im|Ex)plicitVR|^EncapsulatedUncompressed/, 'uncompressed'],
  [/^Deflated/, 'deflated'],
  [/^RLE/, 'rle'],
  [/^JPEGLossless/, 'jpeg-lossless'],
  [/^JPEGLS/, 'jpeg-ls'],
  [/^JPEG2000|^HTJ2K/, 'jpeg-2000'],
  [/^JPEGXL/, 'jpeg-xl'],
  [/^JPEG/, 'jpeg'],
  [/^MPEG|^HEVC/, 'video'],
];

/** Of a transfer syntax, by the standard's keyword; null is one that is not stored here. */
export function codingOf(keyword: string | null): Coding {
  if (keyword === null) return 'unknown';
  return codingByKeyword.find(([pattern]) => pattern.test(keyword))?.[1] ?? 'unknown';
}

export interface Names {
  /** "CT images"; what the catalogue does not have goes by the standard's own name, or its number. */
  readonly kind: (proposed: Pick<Proposal, 'uid' | 'keyword'>) => string;
  /** "JPEG lossless and uncompressed" */
  readonly codings: (proposal: Proposal) => string;
}

export function useNames(): Names {
  const { t } = useTranslation();
  const format = useFormat();
  return useMemo(
    () => ({
      kind: (proposed) => {
        const { keyword } = proposed;
        return keyword !== null && isNamed(keyword) ? t(`pairing.sopClass.${keyword}`) : kindName(proposed);
      },
      codings: ({ syntaxes }) => {
        const codings = new Set(syntaxes.map(({ keyword }) => codingOf(keyword)));
        return format.list([...codings].map((one) => t(`pairing.syntax.${one}`)));
      },
    }),
    // The words change with the language, which is where `format` comes from too.
    [t, format],
  );
}

function isNamed(keyword: string): keyword is keyof typeof enPairing.sopClass {
  return i18next.exists(`pairing.sopClass.${keyword}`);
}

/** The classes that are images or documents: a connection test and confirmations say nothing of a device. */
export function imagesOf(proposals: readonly Proposal[]): readonly Proposal[] {
  return proposals.filter(({ uid }) => !services.has(uid));
}

/** Verification and storage commitment (PS3.4 annexes A and J). */
const services: ReadonlySet<string> = new Set(['1.2.840.10008.1.1', '1.2.840.10008.1.20.1']);
