/** What is known about the keys, for the keys screen and the dialogs in front of it. No secret is ever in here. */
import { createContext, useContext } from 'react';
import type { KeysStatus } from '../../../shared/contract-keys.ts';
import type { BackupSummary, CloudProblem } from '../../../shared/contract-backup.ts';
import type { Asked } from '../../state/asked.ts';

export interface BackupFacts {
  readonly backups: readonly BackupSummary[];
  readonly problems: readonly CloudProblem[];
}

export interface Keys {
  readonly status: Asked<KeysStatus>;
  readonly backups: Asked<BackupFacts>;
  /** Asks anew: after something was changed here. */
  readonly again: () => void;
  readonly backupsAgain: () => void;
}

export const KeysContext = createContext<Keys>({
  status: { tag: 'loading' },
  backups: { tag: 'loading' },
  again: () => undefined,
  backupsAgain: () => undefined,
});

export function useKeys(): Keys {
  return useContext(KeysContext);
}

export const keyPanelIds = {
  words: 'recovery-words',
  keys: 'installation-keys',
  recipients: 'further-recipients',
  backup: 'settings-backup',
} as const;
