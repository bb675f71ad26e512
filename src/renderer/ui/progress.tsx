import type { ReactElement } from 'react';
import type { Tone } from '../state/headline-view.ts';

interface ProgressProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  /** What a screen reader says instead of a percentage. */
  readonly valueText: string;
  readonly tone: Tone;
}

/** The browser's own element: its width needs no style attribute, which the security policy forbids. */
export function Progress({ label, value, max, valueText, tone }: ProgressProps): ReactElement {
  return (
    <progress
      className="progress"
      data-tone={tone}
      aria-label={label}
      aria-valuetext={valueText}
      value={Math.min(value, max)}
      max={Math.max(max, 1)}
    />
  );
}
