import { useTranslation } from 'react-i18next';
import type { Finding } from '../../../../shared/pairing.ts';
import { quoted } from '../../../../shared/quoted.ts';
import { errorText } from '../../../i18n/error-text.ts';
import { usePreferences } from '../../../preferences/preferences.ts';
import { errorFacts, isErrorCode } from '../../../../shared/errors.ts';
import { useNames } from './names.ts';

/** Each finding has values of its own: i18next's types want all of all of them. A test holds texts and values together. */
type SayWith = (key: string, values: Readonly<Record<string, string>>) => string;

/** What is said about a finding, in the reader's words. */
export function useFindingText(): (finding: Finding) => { readonly title: string; readonly step: string } {
  const { t } = useTranslation();
  const [{ language }] = usePreferences();
  const names = useNames();
  const say = t as unknown as SayWith;
  return ({ code, values }) => {
    const { kinds, reason } = values;
    const words = {
      ...values,
      ...(kinds === undefined ? {} : { kinds: kinds.split(', ').map(named).join(', ') }),
      ...(code === 'image-refused' && reason !== undefined ? { reason: errorName(reason) } : {}),
    };
    return {
      title: say(`pairing.finding.${code}.title`, words),
      step: quoted(say(`pairing.finding.${code}.step`, words), language),
    };
  };

  function named(keyword: string): string {
    return /^[A-Z]/.test(keyword) ? names.kind({ uid: keyword, keyword }) : keyword;
  }
  function errorName(code: string): string {
    if (!isErrorCode(code)) return code;
    const { message, nextStep } = errorFacts[code];
    return errorText({ code, message, nextStep }, language).message;
  }
}
