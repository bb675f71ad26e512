import type { ReactElement } from 'react';
import { useIsLive } from '../state/engine-context.ts';
import type { Tone } from '../state/headline-view.ts';
import { ToneIcon } from './icons.tsx';

/** A state in shape, colour and words. What was good loses its good shape while the page does not hear the engine. */
export function Chip({ tone, text }: { readonly tone: Tone; readonly text: string }): ReactElement {
  const isLive = useIsLive();
  const shown = tone === 'all-safe' && !isLive ? 'unknown' : tone;
  return (
    <span className="chip" data-tone={shown}>
      <ToneIcon tone={shown} />
      {text}
    </span>
  );
}
