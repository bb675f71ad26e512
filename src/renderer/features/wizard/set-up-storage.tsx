import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { useOpenSetup } from './wizard-context.ts';

/** Opens the set-up at its cloud step, from wherever a storage is missing. */
export function SetUpStorage({ look }: { readonly look: 'primary' | 'secondary' }): ReactElement {
  const { t } = useTranslation();
  const open = useOpenSetup();
  return (
    <Button look={look} onPress={() => open('cloud')}>
      {t('wizard.cloud.first')}
    </Button>
  );
}
