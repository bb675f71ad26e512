import { memo } from 'react';
import type { ReactElement } from 'react';
import {
  Button,
  Header as SectionHeader,
  Menu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
} from 'react-aria-components';
import type { Selection } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { DestinationStatus } from '../../../shared/status.ts';
import { initialsChoices, languages, themes, usePreferences } from '../../preferences/preferences.ts';
import type { Preferences } from '../../preferences/preferences.ts';
import type { Connection } from '../../state/agent-store.ts';
import { MenuIcon, ProductMark } from '../../ui/icons.tsx';
import { PauseButton } from './pause-button.tsx';

/** `destinations` and `version`: undefined until the engine was heard. */
export const Header = memo(function Header({
  connection,
  destinations,
  version,
}: {
  readonly connection: Connection;
  readonly destinations: readonly DestinationStatus[] | undefined;
  readonly version: string | undefined;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <header className="page-head">
      <p className="product">
        <ProductMark />
        {t('product')}
      </p>
      <ConnectionLabel connection={connection} />
      {destinations === undefined ? null : <PauseButton destinations={destinations} />}
      <MenuTrigger>
        <Button className="button button-quiet" aria-label={t('header.menu')}>
          <MenuIcon />
          <span className="wide-only">{t('header.menu')}</span>
        </Button>
        <Popover className="popover" placement="bottom end">
          <PreferencesMenu version={version} />
        </Popover>
      </MenuTrigger>
    </header>
  );
});

function ConnectionLabel({ connection }: { readonly connection: Connection }): ReactElement {
  const { t } = useTranslation();
  const text =
    connection.tag === 'live'
      ? t('header.connected')
      : connection.tag === 'connecting'
        ? t('header.connecting')
        : t('header.disconnected');
  return (
    <p className="connection" data-connection={connection.tag}>
      <span className="connection-dot" aria-hidden="true" />
      {text}
    </p>
  );
}

function PreferencesMenu({ version }: { readonly version: string | undefined }): ReactElement {
  const { t } = useTranslation();
  const [chosen, change] = usePreferences();
  const themeNames = {
    system: t('header.themeSystem'),
    light: t('header.themeLight'),
    dark: t('header.themeDark'),
  } as const;
  const initialsNames = { shown: t('header.initialsShown'), hidden: t('header.initialsHidden') } as const;

  return (
    <>
      <Menu className="menu" aria-label={t('header.menu')}>
        <Choices
          title={t('header.language')}
          choices={languages}
          name={(language) => t(`languages.${language}`)}
          chosen={chosen.language}
          onChange={(language) => change({ language })}
        />
        <Choices
          title={t('header.theme')}
          choices={themes}
          name={(theme) => themeNames[theme]}
          chosen={chosen.theme}
          onChange={(theme) => change({ theme })}
        />
        <Choices
          title={t('header.privacy')}
          choices={initialsChoices}
          name={(initials) => initialsNames[initials]}
          chosen={chosen.initials}
          onChange={(initials) => change({ initials })}
        />
      </Menu>
      {version === undefined ? null : <p className="menu-foot">{t('header.version', { version })}</p>}
    </>
  );
}

type Choice = Preferences[keyof Preferences];

function Choices<Kind extends Choice>({
  title,
  choices,
  name,
  chosen,
  onChange,
}: {
  readonly title: string;
  readonly choices: readonly Kind[];
  readonly name: (choice: Kind) => string;
  readonly chosen: Kind;
  readonly onChange: (choice: Kind) => void;
}): ReactElement {
  const select = (selection: Selection) => {
    const [key] = selection === 'all' ? [] : [...selection];
    const choice = choices.find((one) => one === key);
    if (choice !== undefined) onChange(choice);
  };
  return (
    <MenuSection
      className="menu-section"
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[chosen]}
      onSelectionChange={select}
      aria-label={title}
    >
      <SectionHeader className="menu-head">{title}</SectionHeader>
      {choices.map((choice) => (
        <MenuItem key={choice} id={choice} className="menu-item" textValue={name(choice)}>
          {name(choice)}
        </MenuItem>
      ))}
    </MenuSection>
  );
}
