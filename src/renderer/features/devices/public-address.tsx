import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Failure } from '../../../shared/status.ts';
import { errorText } from '../../i18n/error-text.ts';
import { usePreferences } from '../../preferences/preferences.ts';
import { OctagonStop } from '../../ui/icons.tsx';

const isPublic = ({ code }: Failure) => code === 'public-address';

/** The banner says it; the list need not say it again. */
export function withoutPublicAddress(failures: readonly Failure[]): readonly Failure[] {
  return failures.filter((one) => !isPublic(one));
}

/** Stays on every part of the page as long as this PC listens to the whole internet. */
export function PublicAddress({ failures }: { readonly failures: readonly Failure[] }): ReactElement | null {
  const { t } = useTranslation();
  const [{ language }] = usePreferences();
  const failure = failures.find(isPublic);
  if (failure === undefined) return null;
  const words = errorText(failure, language);
  return (
    <section className="banner" data-tone="not-receiving" aria-label={t('devices.publicBanner')}>
      <OctagonStop className="failure-icon" />
      <div>
        <h2 className="failure-message">{t('devices.publicBanner')}</h2>
        <p>{words.message}</p>
        <p>{words.nextStep}</p>
      </div>
    </section>
  );
}
