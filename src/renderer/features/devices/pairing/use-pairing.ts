import { useEffect, useState } from 'react';
import type { PairingState } from '../../../../shared/pairing.ts';
import type { Asked } from '../../../state/asked.ts';
import { reportOf, useIsLive, useStore } from '../../../state/engine-context.ts';
import { SessionRefusedError } from '../../../transport/session-refused.ts';

/** The engine starts again when where it listens was changed. */
const againAfterMs = 2_000;

/** What the engine sees of devices, as long as this is shown. The last state stands while the engine is not heard. */
export function usePairing(): Asked<PairingState> {
  const store = useStore();
  const isLive = useIsLive();
  const [asked, setAsked] = useState<Asked<PairingState>>({ tag: 'loading' });
  const [round, setRound] = useState(0);

  useEffect(() => {
    const { client } = store;
    if (!isLive || client === undefined) return;
    const ending = new AbortController();
    const { signal } = ending;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const listen = async () => {
      const states = await client.pairing.watch(undefined, { signal });
      for await (const state of states) {
        if (signal.aborted) return;
        setAsked({ tag: 'ready', answer: state });
      }
    };
    listen()
      .catch((error: unknown) => {
        if (signal.aborted) return;
        if (error instanceof SessionRefusedError) store.refuse();
        setAsked((before) => (before.tag === 'ready' ? before : { tag: 'failed', report: reportOf(error) }));
      })
      .finally(() => {
        if (!signal.aborted) timer = setTimeout(() => setRound((last) => last + 1), againAfterMs);
      })
      .catch(() => undefined);
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [store, isLive, round]);

  return asked;
}
