import { useEffect, useRef, useState } from 'react';
import type { ImageFacts, PictureSize } from '../../../shared/preview.ts';
import { reportOf, useStore } from '../../state/engine-context.ts';
import type { ShownReport } from '../../state/engine-context.ts';
import { SessionRefusedError } from '../../transport/session-refused.ts';
import { drawnPicture } from './drawn-picture.ts';
import type { DrawnPicture } from './drawn-picture.ts';

export interface WantedPicture {
  readonly studyId: string;
  readonly instanceId: string;
  readonly frame: number;
  readonly size: PictureSize;
  readonly from: 'here' | 'cloud';
  readonly grant: string;
  /** Another number asks again. */
  readonly round?: number;
}

export type PictureState =
  | { readonly tag: 'loading'; readonly before: Loaded | undefined }
  | { readonly tag: 'ready'; readonly loaded: Loaded }
  | { readonly tag: 'failed'; readonly report: ShownReport };

export interface Loaded {
  readonly instanceId: string;
  readonly frame: number;
  readonly image: ImageFacts;
  readonly picture: DrawnPicture;
}

/** Rows that are only passed by ask for nothing. */
const restMs = 120;
/** Frames of the image that is looked at. */
const keptFrames = 48;

/**
 * One picture at a time: who moves on no longer waits for what was passed. Kept in memory only: render it only while
 * images are shown, and what it holds goes with it.
 */
export function usePicture(wanted: WantedPicture): PictureState {
  const store = useStore();
  const [state, setState] = useState<PictureState>({ tag: 'loading', before: undefined });
  const kept = useRef(new Map<number, Loaded>());
  const { studyId, instanceId, frame, size, from, grant, round } = wanted;

  useEffect(() => {
    const leaving = new AbortController();
    const ask = async (): Promise<void> => {
      const known = kept.current.get(frame);
      if (known !== undefined) {
        setState({ tag: 'ready', loaded: known });
        return;
      }
      setState((last) => ({ tag: 'loading', before: shownBefore(last) }));
      const { client } = store;
      if (client === undefined) return;
      try {
        const answer = await client.study.picture(
          { studyId, instanceId, frame, size, from, grant },
          { signal: leaving.signal },
        );
        const loaded = { instanceId, frame, image: answer.image, picture: drawnPicture(answer) };
        if (kept.current.size >= keptFrames) kept.current.delete(kept.current.keys().next().value ?? 0);
        kept.current.set(frame, loaded);
        if (!leaving.signal.aborted) setState({ tag: 'ready', loaded });
      } catch (error) {
        if (leaving.signal.aborted) return;
        if (error instanceof SessionRefusedError) store.refuse();
        setState({ tag: 'failed', report: reportOf(error) });
      }
    };
    const timer = setTimeout(() => void ask(), size === 'thumbnail' ? restMs : 0);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [store, studyId, instanceId, frame, size, from, grant, round]);

  return state;
}

function shownBefore(state: PictureState): Loaded | undefined {
  if (state.tag === 'ready') return state.loaded;
  return state.tag === 'loading' ? state.before : undefined;
}
