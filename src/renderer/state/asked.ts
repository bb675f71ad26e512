import { useCallback, useEffect, useRef, useState } from 'react';
import { SessionRefusedError } from '../transport/session-refused.ts';
import type { EngineClient } from '../transport/transport.ts';
import { reportOf, useIsLive, useStore } from './engine-context.ts';
import type { ShownReport } from './engine-context.ts';

/** An answer of the engine's that is not part of the feed. */
export type Asked<Answer> =
  | { readonly tag: 'loading' }
  | { readonly tag: 'ready'; readonly answer: Answer }
  | { readonly tag: 'failed'; readonly report: ShownReport };

export interface Asking<Answer> {
  readonly asked: Asked<Answer>;
  readonly again: () => void;
}

/**
 * Asks when shown, when the engine is heard again, and whenever `moment` is another than before; the last answer
 * stands meanwhile. A null moment asks nothing. Answers that come out of order are dropped: an older one never
 * replaces a newer.
 */
export function useAsked<Answer>(
  moment: string | null,
  ask: (client: EngineClient) => Promise<Answer>,
): Asking<Answer> {
  const store = useStore();
  const isLive = useIsLive();
  const [asked, setAsked] = useState<Asked<Answer>>({ tag: 'loading' });
  const [round, setRound] = useState(0);
  const sent = useRef(0);
  const shown = useRef(0);
  const lastSent = useRef<
    { readonly client: EngineClient; readonly moment: string; readonly round: number } | undefined
  >(undefined);
  const latest = useRef(ask);
  useEffect(() => {
    latest.current = ask;
  });

  useEffect(() => {
    const { client } = store;
    if (moment === null || !isLive || client === undefined) return;
    // Asking can be written to the audit trail: what was asked already is not asked twice by a mere redraw.
    const { current: before } = lastSent;
    if (before?.client === client && before.moment === moment && before.round === round) return;
    lastSent.current = { client, moment, round };
    sent.current += 1;
    const turn = sent.current;
    latest
      .current(client)
      .then((answer): Asked<Answer> => ({ tag: 'ready', answer }))
      .catch((error: unknown): Asked<Answer> => {
        if (error instanceof SessionRefusedError) store.refuse();
        return { tag: 'failed', report: reportOf(error) };
      })
      .then((answered) => {
        if (turn <= shown.current) return;
        shown.current = turn;
        setAsked(answered);
      })
      .catch(() => undefined);
  }, [store, isLive, moment, round]);

  const again = useCallback(() => setRound((last) => last + 1), []);
  return { asked, again };
}
