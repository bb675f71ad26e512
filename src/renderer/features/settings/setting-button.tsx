import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { focusSetting } from '../failures/open-place.ts';
import { useViews } from '../view-context.ts';

/** Shows a setting, with reading and typing gone there. `onLeave`: closes the dialog that it stands in. */
export function SettingButton({
  settingKey,
  look = 'secondary',
  onLeave,
}: {
  readonly settingKey: string;
  readonly look?: 'primary' | 'secondary';
  readonly onLeave?: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const { show } = useViews();
  return (
    <Button
      look={look}
      onPress={() => {
        onLeave?.();
        show('settings');
        focusSetting(settingKey);
      }}
    >
      {t('failureSteps.setting')}
    </Button>
  );
}
