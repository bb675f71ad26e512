import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { FailureLedger } from '../../../shared/contract-failures.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { useNowMs } from '../../state/now.ts';

/** What stood among the failures and is gone: nobody has to wonder where it went. */
export function OverList({ over }: { readonly over: FailureLedger['over'] }): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  if (over.length === 0) return null;
  return (
    <details className="fold failures-over">
      <summary>
        {t('failureSteps.over')} ({format.count(over.length)})
      </summary>
      <p className="muted">{t('failureSteps.overText')}</p>
      <ul className="over-list">
        {over.map(({ failure, overAt }) => (
          <li key={`${failure.id} ${overAt}`}>
            <span>
              {errorText(failure, format.language).message}
              {failure.destination === null
                ? ''
                : ` · ${t('failures.destination', { name: failure.destination })}`}
            </span>
            <span className="muted">{t('failureSteps.overAt', { time: format.ago(overAt, nowMs) })}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
