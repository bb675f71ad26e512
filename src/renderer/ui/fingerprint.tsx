import type { ReactElement } from 'react';

/** In groups of four digits, as on paper, for comparing by eye or aloud. */
export function Fingerprint({ hex }: { readonly hex: string }): ReactElement {
  return (
    <span className="typed fingerprint-whole" translate="no">
      {hex.replace(/(.{4})(?=.)/g, '$1 ')}
    </span>
  );
}
