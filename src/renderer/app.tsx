import { Component, useEffect, useLayoutEffect, useMemo, useRef } from 'react';
import type { ReactElement, ReactNode } from 'react';
import i18next from 'i18next';
import { I18nProvider } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { AgentState } from '../shared/agent-state.ts';
import { DialogHost } from './features/dialogs.tsx';
import { AccessHost } from './features/devices/access-host.tsx';
import { DevicesView } from './features/devices/devices-view.tsx';
import { Destinations } from './features/destinations/destinations.tsx';
import { Failures } from './features/failures/failures.tsx';
import { Files } from './features/files/files.tsx';
import { FreshLink } from './features/fresh-link/fresh-link.tsx';
import { Header } from './features/header/header.tsx';
import { Counts } from './features/headline/counts.tsx';
import { Headline } from './features/headline/headline.tsx';
import { KeysHost } from './features/keys/keys-host.tsx';
import { KeysView } from './features/keys/keys-view.tsx';
import { Modalities } from './features/modalities/modalities.tsx';
import { Recovery } from './features/recovery/recovery.tsx';
import { StudyBoard } from './features/home/study-board.tsx';
import { ActivityPanel } from './features/activity/activity-panel.tsx';
import { ChartsPanel } from './features/charts/charts-panel.tsx';
import { MissingPanel } from './features/missing/missing-panel.tsx';
import { ErasePanel } from './features/safe-to-erase/erase-panel.tsx';
import { SettingsView } from './features/settings/settings-view.tsx';
import { ThisPc } from './features/this-pc/this-pc.tsx';
import { PublicAddress, withoutPublicAddress } from './features/devices/public-address.tsx';
import { usePagePlace } from './features/page-place.ts';
import { useViews } from './features/view-context.ts';
import { Verification } from './features/verify/verification.tsx';
import { StudyHost } from './features/study/study-host.tsx';
import { useShownStudy } from './features/study/study-context.ts';
import { StudyScreen } from './features/study/study-screen.tsx';
import { ViewHost, ViewTabs } from './features/views.tsx';
import { WizardBanner } from './features/wizard/wizard-banner.tsx';
import { beginsWithSetup } from './features/wizard/wizard-context.ts';
import { isToldByEngine } from './features/wizard/wizard-state.ts';
import { Wizard } from './features/wizard/wizard.tsx';
import { usePreferences } from './preferences/preferences.ts';
import type { AgentStore } from './state/agent-store.ts';
import { StoreContext, useAgentView } from './state/engine-context.ts';
import { Button } from './ui/button.tsx';
import { TriangleAlert } from './ui/icons.tsx';
import { NoticeArea } from './ui/notice.tsx';

export function App({ store }: { readonly store: AgentStore }): ReactElement {
  const [{ language }] = usePreferences();
  useEffect(() => {
    void i18next.changeLanguage(language);
  }, [language]);
  return (
    <I18nProvider locale={language}>
      <FaultScreen>
        <StoreContext value={store}>
          <NoticeArea>
            <StudyHost>
              <ViewHost>
                <AccessHost>
                  <KeysHost>
                    <DialogHost>
                      <Page />
                    </DialogHost>
                  </KeysHost>
                </AccessHost>
              </ViewHost>
            </StudyHost>
          </NoticeArea>
        </StoreContext>
      </FaultScreen>
    </I18nProvider>
  );
}

function Page(): ReactElement {
  const { t } = useTranslation();
  const view = useAgentView();
  const { connection, agent } = view;
  const { view: shown, show } = useViews();
  usePagePlace();
  const isDecided = useRef(false);
  useLayoutEffect(() => {
    // Once, with the first that is heard: what somebody chose later stays.
    if (agent === undefined || !isToldByEngine(agent.status) || isDecided.current) return;
    isDecided.current = true;
    if (beginsWithSetup(agent.status)) show('setup');
  }, [agent, show]);
  const isSetup = agent !== undefined && connection.tag !== 'refused' && shown === 'setup';
  return (
    <div className="page">
      <a className="skip-link" href="#state">
        {t('header.skip')}
      </a>
      <Header connection={connection} destinations={agent?.status.destinations} version={agent?.version} />
      <main>
        {connection.tag === 'refused' ? (
          <FreshLink />
        ) : (
          <>
            {isSetup ? null : <Headline view={view} />}
            {agent === undefined ? <Loading /> : isSetup ? <Wizard agent={agent} /> : <Views agent={agent} />}
          </>
        )}
      </main>
    </div>
  );
}

function Views({ agent }: { readonly agent: AgentState }): ReactElement {
  const { access } = agent.status;
  const { studyId } = useShownStudy();
  if (studyId !== undefined) return <StudyScreen key={studyId} studyId={studyId} agent={agent} />;
  return (
    <>
      <PublicAddress failures={agent.status.failures} />
      <WizardBanner status={agent.status} />
      <ViewTabs waiting={(access?.waitingCallers ?? 0) + (access?.waitingClasses ?? 0)} {...tabs} />
    </>
  );
}

/** Made once: each follows the feed by itself, so that a delta draws what it changes and not the tabs around it. */
const tabs = {
  overview: <Heard show={(agent) => <Overview agent={agent} />} />,
  devices: <Heard show={(agent) => <DevicesView agent={agent} />} />,
  keys: <Heard show={(agent) => <KeysView agent={agent} />} />,
  settings: <SettingsView />,
} as const;

function Heard({ show }: { readonly show: (agent: AgentState) => ReactElement }): ReactElement | null {
  const { agent } = useAgentView();
  return agent === undefined ? null : show(agent);
}

/** What stands below the headline, most urgent first. */
function Overview({ agent }: { readonly agent: AgentState }): ReactElement {
  const { status } = agent;
  const failures = useMemo(() => withoutPublicAddress(status.failures), [status.failures]);
  return (
    <div className="overview">
      <Counts counts={status.counts} />
      <Failures failures={failures} studies={agent.studies} />
      <div className="columns">
        <div className="column-main">
          <Modalities modalities={status.modalities} access={status.access} />
          <ErasePanel status={status} />
          <MissingPanel />
          <StudyBoard
            studies={agent.studies}
            total={agent.studiesTotal}
            bytesPerSecond={agent.uploadBytesPerSecond}
          />
          <ChartsPanel />
        </div>
        <div className="column-side">
          <Destinations destinations={status.destinations} />
          {status.destinations.length === 0 ? null : <Verification verification={status.verification} />}
          <Recovery state={status.recovery} kit={status.recoveryKit} />
          <ThisPc listener={status.listener} spool={status.spool} startedAt={agent.startedAt} />
          <ActivityPanel status={status} />
          <Files />
        </div>
      </div>
    </div>
  );
}

function Loading(): ReactElement {
  const { t } = useTranslation();
  return (
    <div className="skeleton" aria-busy="true">
      <p className="visually-hidden">{t('loading.studies')}</p>
      <div className="skeleton-strip" />
      <div className="skeleton-block" />
      <div className="skeleton-block" />
    </div>
  );
}

/** A fault in drawing must not leave an old green page standing. */
class FaultScreen extends Component<{ readonly children: ReactNode }, { readonly broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { readonly broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? <Broken /> : this.props.children;
  }
}

function Broken(): ReactElement {
  const { t } = useTranslation();
  return (
    <main className="page">
      <section className="whole-page">
        <TriangleAlert className="whole-page-icon" />
        <h1>{t('broken.title')}</h1>
        <p>{t('broken.text')}</p>
        <Button look="primary" onPress={() => window.location.reload()}>
          {t('broken.reload')}
        </Button>
      </section>
    </main>
  );
}
