import { useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { DestinationStatus } from '../../../shared/status.ts';
import { errorText } from '../../i18n/error-text.ts';
import { useFormat } from '../../i18n/format.ts';
import { Button } from '../../ui/button.tsx';
import { CheckCircle, TriangleAlert } from '../../ui/icons.tsx';
import { CredentialButton, wantsCredential } from '../destinations/credential.tsx';
import { CloudForm } from './cloud-form.tsx';
import { isBroken } from './wizard-state.ts';
import type { SetupStatus } from './wizard-state.ts';

/** What is set up already, with what ails it; otherwise, or on wish, the form with its live test. */
export function CloudStep({ status }: { readonly status: SetupStatus }): ReactElement {
  const { t } = useTranslation();
  const { destinations } = status;
  const [wish, setWish] = useState<'form' | 'list'>('list');
  const names = destinations.map(({ name }) => name);
  if (destinations.length === 0 || wish === 'form')
    return (
      <>
        <p>{t('wizard.cloud.intro')}</p>
        <CloudForm
          taken={names}
          mended={destinations.find(isBroken)?.name}
          onSaved={() => setWish('list')}
          {...(destinations.length === 0 ? {} : { onCancel: () => setWish('list') })}
        />
      </>
    );
  return (
    <>
      <ul className="card-list wizard-destinations">
        {destinations.map((one) => (
          <SetUp key={one.name} destination={one} />
        ))}
      </ul>
      {status.recovery === 'proven' ? null : <p>{t('wizard.cloud.waitsForKit')}</p>}
      <div className="panel-actions">
        <Button onPress={() => setWish('form')}>
          {t(destinations.some(isBroken) ? 'wizard.cloud.mend' : 'wizard.cloud.another')}
        </Button>
      </div>
    </>
  );
}

function SetUp({ destination }: { readonly destination: DestinationStatus }): ReactElement {
  const { t } = useTranslation();
  const { language } = useFormat();
  const { name, error } = destination;
  const isBad = isBroken(destination);
  const words = error === null ? undefined : errorText(error, language);
  return (
    <li className="card">
      <div className="note" data-tone={isBad ? 'attention' : 'all-safe'} role="status">
        {isBad ? <TriangleAlert /> : <CheckCircle />}
        <div>
          <p className="note-message">
            {name}: {t(isBad ? 'wizard.cloud.broken' : 'wizard.cloud.savedTitle')}
          </p>
          {isBad && words !== undefined ? (
            <>
              <p>{words.message}</p>
              <p>{words.nextStep}</p>
            </>
          ) : null}
        </div>
      </div>
      {error !== null && wantsCredential(error.code) ? (
        <CredentialButton name={name} look="secondary" />
      ) : null}
    </li>
  );
}
