import { useMemo } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { useAsked } from '../../state/asked.ts';
import { useAgentView } from '../../state/engine-context.ts';
import { useViews } from '../view-context.ts';
import { KeysContext } from './keys-context.ts';
import type { Keys } from './keys-context.ts';

/**
 * Asks only while the keys screen is shown, and again when the feed says that the words have another state. Backups
 * are asked for once a visit and on request: that looks into the cloud.
 */
export function KeysHost({ children }: { readonly children: ReactNode }): ReactElement {
  const { view } = useViews();
  const { agent } = useAgentView();
  const isShown = view === 'keys' && agent !== undefined;
  const { recovery = 'none', recoveryKit } = agent?.status ?? {};
  const { asked: status, again } = useAsked(
    isShown ? `${recovery} ${recoveryKit?.provenAt ?? ''}` : null,
    (client) => client.keys.status(),
  );
  const { asked: backups, again: backupsAgain } = useAsked(isShown ? 'shown' : null, (client) =>
    client.backup.list(),
  );
  const value = useMemo(
    (): Keys => ({ status, backups, again, backupsAgain }),
    [status, backups, again, backupsAgain],
  );
  return <KeysContext value={value}>{children}</KeysContext>;
}
