import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { AgentState } from '../../../shared/agent-state.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
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
      return (
        <div className="skeleton" aria-busy="true">
          <p className="visually-hidden">{t('keys.loading')}</p>
          <div className="skeleton-block" />
          <div className="skeleton-block" />
        </div>
      );
    case 'failed':
      return (
        <div className="panel asked-failed">
          <ErrorNote report={status.report} />
          <Button onPress={again}>{t('devices.again')}</Button>
        </div>
      );
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
