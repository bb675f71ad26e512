import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../../shared/assert-never.ts';
import type { EraseLine } from '../../../shared/contract-home.ts';
import { isErrorCode, reportFor } from '../../../shared/errors.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { usePreferences } from '../../preferences/preferences.ts';

/** The answer in words, and why it is this one. */
export function useEraseWords(): (line: EraseLine) => { readonly answer: string; readonly why: string } {
  const { t } = useTranslation();
  const format = useFormat();
  const [{ language }] = usePreferences();
  return ({ answer, received, verified, committed, doubt }) => {
    const total = format.count(received);
    switch (answer) {
      case 'safe':
        return { answer: t('erase.safe', { count: received, formatted: total }), why: t('erase.safeWhy') };
      case 'compare':
        return {
          answer: t('erase.compare', { count: received, formatted: total }),
          why:
            committed === 0
              ? t('erase.compareWhyNone')
              : t('erase.compareWhy', { committed: format.count(committed), received: total }),
        };
      case 'not-safe': {
        const left = received - verified;
        return {
          answer: t('erase.notSafe', { count: left, formatted: format.count(left), total }),
          why: t('erase.notSafeWhy'),
        };
      }
      case 'unknown':
        return {
          answer: t('erase.unknown'),
          why:
            doubt === null || !isErrorCode(doubt)
              ? t('erase.unknownWhyNone')
              : t('erase.unknownWhy', { reason: errorText(reportFor(doubt), language).message }),
        };
      default:
        return assertNever(answer);
    }
  };
}

export function EraseWhy({ line }: { readonly line: EraseLine }): ReactElement {
  const words = useEraseWords();
  return <p className="muted">{words(line).why}</p>;
}
