import { memo, useCallback, useMemo, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format.ts';
import { TriangleAlert } from '../ui/icons.tsx';
import { focusSoon, useViews, ViewContext } from './view-context.ts';
import type { View, Views } from './view-context.ts';

/** Held above the page: a row of one part can lead to another. */
export function ViewHost({ children }: { readonly children: ReactNode }): ReactElement {
  const [view, setView] = useState<View>('overview');
  const show = useCallback((next: View, panelId?: string) => {
    setView(next);
    if (panelId !== undefined) focusSoon(panelId);
  }, []);
  const value = useMemo((): Views => ({ view, show }), [view, show]);
  return <ViewContext value={value}>{children}</ViewContext>;
}

const tabs = ['overview', 'devices', 'keys', 'settings'] as const;

/** `waiting`: callers and classes that nobody has decided about. */
export const ViewTabs = memo(function ViewTabs({
  waiting,
  overview,
  devices,
  keys,
  settings,
}: {
  readonly waiting: number;
  readonly overview: ReactNode;
  readonly devices: ReactNode;
  readonly keys: ReactNode;
  readonly settings: ReactNode;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const { view, show } = useViews();
  return (
    <Tabs
      className="views"
      selectedKey={view}
      onSelectionChange={(key) => show(tabs.find((one) => one === key) ?? 'overview')}
    >
      <TabList className="view-tabs" aria-label={t('views.label')}>
        <Tab id="overview" className="view-tab">
          {t('views.overview')}
        </Tab>
        <Tab id="devices" className="view-tab">
          {t('views.devices')}
          {waiting === 0 ? null : (
            <span className="view-waiting" data-tone="attention">
              <TriangleAlert />
              {t('views.waiting', { count: waiting, formatted: format.count(waiting) })}
            </span>
          )}
        </Tab>
        <Tab id="keys" className="view-tab">
          {t('views.keys')}
        </Tab>
        <Tab id="settings" className="view-tab">
          {t('views.settings')}
        </Tab>
      </TabList>
      <TabPanel id="overview" className="view-panel">
        {overview}
      </TabPanel>
      <TabPanel id="devices" className="view-panel">
        {devices}
      </TabPanel>
      <TabPanel id="keys" className="view-panel">
        {keys}
      </TabPanel>
      <TabPanel id="settings" className="view-panel">
        {settings}
      </TabPanel>
    </Tabs>
  );
});
