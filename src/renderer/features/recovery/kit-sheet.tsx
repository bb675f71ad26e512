import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { DestinationStatus } from '../../../shared/status.ts';
import { useFormat } from '../../i18n/format.ts';
import { ProductMark } from '../../ui/icons.tsx';

export interface Kit {
  readonly words: readonly string[];
  readonly fingerprint: string;
  readonly madeAtMs: number;
}

/** The words on the screen; printed, a whole sheet with what a stranger needs to know years later. */
export function KitSheet({
  kit,
  destinations,
}: {
  readonly kit: Kit;
  readonly destinations: readonly DestinationStatus[];
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className="kit">
      <div className="print-only">
        <p className="kit-title">
          <ProductMark />
          {t('create.kitTitle')}
        </p>
        <p>{t('create.kitMade', { date: format.date(kit.madeAtMs) })}</p>
        <p>{t('create.kitIntro')}</p>
      </div>
      <ol className="kit-words" translate="no">
        {kit.words.map((word, index) => (
          <li key={index}>
            <span className="kit-number">{index + 1}</span>
            <span className="kit-word">{word}</span>
          </li>
        ))}
      </ol>
      <p className="kit-fingerprint">
        {t('create.fingerprint')}: <code translate="no">{kit.fingerprint}</code>
      </p>
      <div className="print-only">
        <p>
          {t('create.kitDestinations')}: {format.list(destinations.map((one) => one.name))}
        </p>
        <p>{t('create.kitRestore')}</p>
        <pre>edge-sync restore --all --to DIR --from-cloud --words-file WORDS.txt</pre>
        <p>{t('create.kitOpenssl')}</p>
        <pre>
          {'edge-sync recovery export-key --words-file WORDS.txt --out recovery.pem --cert recovery.crt\n'}
          {'openssl cms -decrypt -binary -inform DER -in X.cms -inkey recovery.pem -out X.dcm'}
        </pre>
        <p className="kit-line">{t('create.kitClinic')}</p>
        <p className="kit-line">{t('create.kitKeptBy')}</p>
      </div>
    </div>
  );
}
