import type { ReactElement } from 'react';
import type { Tone } from '../state/headline-view.ts';
import { ToneIcon } from './icons.tsx';

/** A state in shape, colour and words. */
export function Chip({ tone, text }: { readonly tone: Tone; readonly text: string }): ReactElement {
  return (
    <span className="chip" data-tone={tone}>
      <ToneIcon tone={tone} />
      {text}
    </span>
  );
}
