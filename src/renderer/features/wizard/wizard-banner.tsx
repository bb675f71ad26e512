import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { TriangleAlert } from '../../ui/icons.tsx';
import { useOpenSetup } from './wizard-context.ts';
import { isUnfinished, nextPage } from './wizard-state.ts';
import type { SetupStatus } from './wizard-state.ts';

/** Above the views while an image cannot become safe for want of set-up: what is next, and the way there. */
export function WizardBanner({ status }: { readonly status: SetupStatus }): ReactElement | null {
  const { t } = useTranslation();
  const open = useOpenSetup();
  if (!isUnfinished(status)) return null;
  return (
    <section className="banner" data-tone="attention" aria-labelledby="setup-banner">
      <TriangleAlert />
      <div className="wizard-banner">
        <h2 id="setup-banner" className="note-message">
          {t('wizard.banner.title')}
        </h2>
        <p>{t(`wizard.banner.${nextPage(status)}`)}</p>
        {/* Without a storage the headline has no button of its own. */}
        <Button look={status.destinations.length === 0 ? 'primary' : 'secondary'} onPress={() => open()}>
          {t('wizard.banner.go')}
        </Button>
      </div>
    </section>
  );
}
