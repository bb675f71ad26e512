import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { AgentState } from '../../../shared/agent-state.ts';
import { AskedFailed, AskedLoading } from '../../ui/asked-view.tsx';
import { useAccess } from './access-context.ts';
import { Callers } from './callers.tsx';
import { Certificates } from './certificates.tsx';
import { Classes } from './classes.tsx';
import { ConnectionData } from './connection-data.tsx';
import { PairedDevices } from './paired-devices.tsx';

/** Who may send, who wanted to, and what a device has to be told; what waits for a decision first. */
export function DevicesView({ agent }: { readonly agent: AgentState }): ReactElement {
  const { t } = useTranslation();
  const { lists, again } = useAccess();
  switch (lists.tag) {
    case 'loading':
      return <AskedLoading text={t('devices.loading')} />;
    case 'failed':
      return <AskedFailed report={lists.report} again={again} />;
    case 'ready': {
      const { devices, callers, classes, connection, addresses } = lists.answer;
      return (
        <div className="columns">
          <div className="column-main">
            <Callers callers={callers} devices={devices} ourTitle={agent.status.listener.aeTitle} />
            <Classes classes={classes} devices={devices} />
            <PairedDevices devices={devices} />
            <Certificates devices={devices} />
          </div>
          <div className="column-side">
            <ConnectionData connection={connection} addresses={addresses} />
          </div>
        </div>
      );
    }
  }
}
