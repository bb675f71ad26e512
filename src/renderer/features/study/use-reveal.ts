import { useCallback, useEffect, useRef, useState } from 'react';
import { useAction, useStore } from '../../state/engine-context.ts';
import type { Action } from '../../state/engine-context.ts';

export interface StudyRevealed {
  readonly patientName: string;
  readonly patientId: string;
  readonly studyDescription: string;
  readonly studyDate: string;
  /** By series id. */
  readonly descriptions: ReadonlyMap<string, string>;
  readonly grant: string;
  readonly secondsLeft: number;
}

export interface Reveal {
  readonly revealed: StudyRevealed | undefined;
  readonly show: Action<readonly []>;
  readonly hide: () => void;
  /** Was shown before: said once when it is over. */
  readonly isOver: boolean;
}

/** The engine says how long names and images may stand; more than this the page does not believe. */
const longestSeconds = 120;

type Held = Omit<StudyRevealed, 'secondsLeft'> & { readonly untilMs: number };

/** Dropped, not only hidden, when the time is over, the page goes out of sight, or the study is left. */
export function useReveal(studyId: string): Reveal {
  const store = useStore();
  const [held, setHeld] = useState<Held | undefined>(undefined);
  const [secondsLeft, setSecondsLeft] = useState(0);
  const [isOver, setIsOver] = useState(false);
  const grant = useRef<string | undefined>(undefined);

  const giveBack = useCallback(() => {
    const { current } = grant;
    grant.current = undefined;
    // Over by itself at its time even where this does not get through.
    if (current !== undefined) store.client?.study.hide({ grant: current }).catch(() => undefined);
  }, [store]);

  const hide = useCallback(() => {
    giveBack();
    setHeld(undefined);
    setIsOver(true);
  }, [giveBack]);

  const show = useAction(async (client) => {
    const { series, hideAfterSeconds, ...answer } = await client.study.reveal({ studyId });
    giveBack();
    grant.current = answer.grant;
    const seconds = Math.min(hideAfterSeconds, longestSeconds);
    const descriptions = new Map(series.map(({ id, description }) => [id, description]));
    setHeld({ ...answer, descriptions, untilMs: Date.now() + seconds * 1000 });
    setSecondsLeft(Math.ceil(seconds));
    setIsOver(false);
  });

  useEffect(() => {
    if (held === undefined) return;
    const tick = setInterval(() => {
      const left = Math.ceil((held.untilMs - Date.now()) / 1000);
      if (left <= 0) hide();
      else setSecondsLeft(left);
    }, 500);
    const onSight = () => {
      if (document.visibilityState === 'hidden') hide();
    };
    document.addEventListener('visibilitychange', onSight);
    return () => {
      clearInterval(tick);
      document.removeEventListener('visibilitychange', onSight);
    };
  }, [held, hide]);

  useEffect(() => giveBack, [giveBack]);

  return { revealed: held && { ...held, secondsLeft }, show, hide, isOver };
}
