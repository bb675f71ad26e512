import { useMemo, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { Input, Label, SearchField, Text } from 'react-aria-components';
import i18next from 'i18next';
import { useTranslation } from 'react-i18next';
import type { SettingsReport } from '../../../shared/contract-settings.ts';
import { settingFacts } from '../../../shared/settings-facts.ts';
import type { SettingFacts } from '../../../shared/settings-facts.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAsked } from '../../state/asked.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { AskedFailed, AskedLoading } from '../../ui/asked-view.tsx';
import {
  BellIcon,
  CloudIcon,
  ComputerIcon,
  DeviceIcon,
  FolderIcon,
  KeyIcon,
  LinkIcon,
  LookIcon,
  UnplugIcon,
} from '../../ui/icons.tsx';
import { focusSoon } from '../view-context.ts';
import { Appearance } from './appearance.tsx';
import { useSettingWords } from './setting-words.ts';
import { SettingsContext } from './settings-context.ts';
import { SettingsGroup } from './settings-group.tsx';
import { SettingsTop } from './settings-top.tsx';
import { groupOrder } from './groups.ts';
import type { KnownGroup } from './groups.ts';

/** A file that is edited elsewhere is noticed within this, while the screen is shown. */
const lookEveryMs = 15_000;

/** Every setting of the configuration file, and how the page looks. */
export function SettingsView(): ReactElement {
  const { t } = useTranslation();
  const nowMs = useNowMs();
  const moment = String(Math.floor(nowMs / lookEveryMs));
  const { asked, again } = useAsked(moment, (client) => client.settings.list());
  const [taken, setTaken] = useState<
    { readonly report: SettingsReport; readonly instead: SettingsReport } | undefined
  >(undefined);
  switch (asked.tag) {
    case 'loading':
      return <AskedLoading text={t('settings.loading')} />;
    case 'failed':
      return <AskedFailed report={asked.report} again={again} />;
    case 'ready': {
      // What a change answered is newer than what was asked for before it.
      const report = taken?.instead === asked.answer ? taken.report : asked.answer;
      const take = (next: SettingsReport): void => setTaken({ report: next, instead: asked.answer });
      return (
        <SettingsContext value={{ report, take, again }}>
          <Groups report={report} />
        </SettingsContext>
      );
    }
  }
}

function Groups({ report }: { readonly report: SettingsReport }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useSettingWords();
  const [search, setSearch] = useState('');
  const wanted = plain(search.trim());
  const matches = (facts: SettingFacts): boolean =>
    wanted === '' ||
    plain(
      [facts.key, words.label(facts.key), words.help(facts), titleOf(facts.path[0] ?? '')].join(' '),
    ).includes(wanted);
  const groups = useMemo(() => groupsOf(settingFacts()), []);
  const found = settingFacts().filter(matches).length;
  const isAppearance =
    wanted === '' ||
    plain(
      [
        t('settings.groups.appearance'),
        t('settings.appearance.language'),
        t('settings.appearance.theme'),
        t('settings.appearance.initials'),
      ].join(' '),
    ).includes(wanted);
  return (
    <div className="settings">
      <div className="settings-head">
        <SearchField className="field settings-search" value={search} onChange={setSearch} maxLength={200}>
          <Label>{t('settings.search')}</Label>
          <Input />
          <Text slot="description" className="muted">
            {t('settings.searchHelp')}
          </Text>
        </SearchField>
        <p className="muted settings-found" role="status">
          {wanted === ''
            ? ''
            : found === 0 && !isAppearance
              ? t('settings.nothingFound')
              : t('settings.found', { count: found, formatted: format.count(found) })}
        </p>
      </div>
      <SettingsTop />
      {wanted === '' ? (
        <nav className="settings-jump" aria-label={t('settings.jump')}>
          {groups.map(({ name }) => (
            <Button key={name} look="quiet" onPress={() => focusSoon(panelOf(name))}>
              {titleOf(name)}
            </Button>
          ))}
        </nav>
      ) : null}
      <Appearance isShown={isAppearance} />
      {groups.map(({ name, facts }) => (
        <SettingsGroup
          key={name}
          title={titleOf(name)}
          id={panelOf(name)}
          icon={icons[name as KnownGroup] ?? <ComputerIcon />}
          settings={facts.flatMap((one) => {
            const state = report.settings.find(({ key }) => key === one.key);
            return state === undefined ? [] : [{ facts: one, state, isShown: matches(one) }];
          })}
        />
      ))}
      <p className="muted settings-file">{t('settings.file', { file: report.file })}</p>
    </div>
  );

  function titleOf(name: string): string {
    return i18next.exists(`settings.groups.${name}`) ? t(`settings.groups.${name as KnownGroup}`) : name;
  }
}

/** A place that focus can be put on. */
function panelOf(group: string): string {
  return `settings-${group}`;
}

const icons: Readonly<Record<KnownGroup, ReactNode>> = {
  dicom: <DeviceIcon />,
  destinations: <CloudIcon />,
  upload: <CloudIcon />,
  network: <UnplugIcon />,
  folders: <FolderIcon />,
  disk: <ComputerIcon />,
  verify: <LookIcon />,
  sharing: <LinkIcon />,
  status: <BellIcon />,
  alerts: <BellIcon />,
  keys: <KeyIcon />,
  log: <LookIcon />,
};

interface Group {
  readonly name: string;
  readonly facts: readonly SettingFacts[];
}

/** In the order of the screen; a group that came later stands at the end. */
function groupsOf(all: readonly SettingFacts[]): readonly Group[] {
  const names = new Set([...groupOrder, ...all.map(({ path }) => path[0] ?? '')]);
  return [...names]
    .map((name) => ({ name, facts: all.filter(({ path }) => path[0] === name) }))
    .filter(({ facts }) => facts.length > 0);
}

/** Accents and case do not matter to who searches. */
function plain(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}
