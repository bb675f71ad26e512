import type { ReactElement } from 'react';
import { Label, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { initialsChoices, languages, themes, usePreferences } from '../../preferences/preferences.ts';
import { Choice } from '../../ui/choice.tsx';
import { ComputerIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';

/** The same as in the menu above. */
export function Appearance({ isShown }: { readonly isShown: boolean }): ReactElement {
  const { t } = useTranslation();
  const [chosen, change] = usePreferences();
  const themeNames = {
    system: t('header.themeSystem'),
    light: t('header.themeLight'),
    dark: t('header.themeDark'),
  };
  const initialsNames = { shown: t('header.initialsShown'), hidden: t('header.initialsHidden') };
  const oneOf = <Kind extends string>(choices: readonly Kind[], value: string): Kind | undefined =>
    choices.find((one) => one === value);
  return (
    <div hidden={!isShown}>
      <Panel title={t('settings.groups.appearance')} icon={<ComputerIcon />} className="settings-group">
        <p className="muted">{t('settings.appearance.text')}</p>
        <div className="settings-appearance">
          <RadioGroup
            className="choices"
            value={chosen.language}
            onChange={(value) => {
              const language = oneOf(languages, value);
              if (language !== undefined) change({ language });
            }}
          >
            <Label>{t('settings.appearance.language')}</Label>
            {languages.map((language) => (
              <Choice key={language} value={language} text={t(`languages.${language}`)} />
            ))}
          </RadioGroup>
          <RadioGroup
            className="choices"
            value={chosen.theme}
            onChange={(value) => {
              const theme = oneOf(themes, value);
              if (theme !== undefined) change({ theme });
            }}
          >
            <Label>{t('settings.appearance.theme')}</Label>
            {themes.map((theme) => (
              <Choice key={theme} value={theme} text={themeNames[theme]} />
            ))}
          </RadioGroup>
          <RadioGroup
            className="choices"
            value={chosen.initials}
            onChange={(value) => {
              const initials = oneOf(initialsChoices, value);
              if (initials !== undefined) change({ initials });
            }}
          >
            <Label>{t('settings.appearance.initials')}</Label>
            {initialsChoices.map((initials) => (
              <Choice key={initials} value={initials} text={initialsNames[initials]} />
            ))}
          </RadioGroup>
        </div>
      </Panel>
    </div>
  );
}
