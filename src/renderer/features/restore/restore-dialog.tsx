import { useState } from 'react';
import type { ReactElement } from 'react';
import type { StudySummary } from '../../../shared/agent-state.ts';
import type { RestoreEvent, RestoreProblem } from '../../../shared/contract-restore.ts';
import type { EngineClient } from '../../transport/transport.ts';
import { useRun } from '../files/use-run.ts';
import { OrderForm } from './order-form.tsx';
import type { Order } from './order.ts';
import { RestoreRun } from './restore-run.tsx';

export type RestoreProgress = Extract<RestoreEvent, { tag: 'progress' }>;

/** With a study: that one, by its own menu; otherwise everything or what is chosen. */
export function RestoreDialog({
  study,
  onClose,
}: {
  readonly study: StudySummary | undefined;
  readonly onClose: () => void;
}): ReactElement {
  const { run, start, stop } = useRun<RestoreProgress, RestoreProblem>();
  const [order, setOrder] = useState<Order | undefined>(undefined);
  const begin = (wanted: Order) => {
    setOrder(wanted);
    start((client, signal) => restore(client, wanted, signal));
  };
  if (run.tag === 'ready' || order === undefined)
    return <OrderForm study={study} onClose={onClose} onOrder={begin} />;
  return (
    <RestoreRun
      run={run}
      goesTo={order.target.node === undefined ? 'folder' : 'node'}
      onStop={stop}
      onAgain={() => begin(order)}
      onClose={onClose}
    />
  );
}

async function restore(client: EngineClient, { selecting, target }: Order, signal: AbortSignal) {
  const selection =
    selecting.tag === 'ready'
      ? selecting.selection
      : { tag: 'study' as const, ...(await client.studies.identify({ studyId: selecting.studyId })) };
  return client.restore.run({ ...target, selection }, { signal });
}
