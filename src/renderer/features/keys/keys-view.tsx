import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { AgentState } from '../../../shared/agent-state.ts';
import { AskedFailed, AskedLoading } from '../../ui/asked-view.tsx';
import { useKeys } from './keys-context.ts';
import { Backup } from './backup.tsx';
import { InstallationKeys } from './installation-keys.tsx';
import { Recipients } from './recipients.tsx';
import { WordsPanel } from './words-panel.tsx';

/** Who can open the images, when that was last proven, and what can be renewed. */
export function KeysView({ agent }: { readonly agent: AgentState }): ReactElement {
  const { t } = useTranslation();
  const { status, again } = useKeys();
  switch (status.tag) {
    case 'loading':
      return <AskedLoading text={t('keys.loading')} />;
    case 'failed':
      return <AskedFailed report={status.report} again={again} />;
    case 'ready':
      return (
        <div className="columns">
          <div className="column-main">
            <WordsPanel recovery={status.answer.recovery} kit={agent.status.recoveryKit} />
            <Recipients recipients={status.answer.recipients} />
          </div>
          <div className="column-side">
            <InstallationKeys keys={status.answer} />
            <Backup />
          </div>
        </div>
      );
  }
}
