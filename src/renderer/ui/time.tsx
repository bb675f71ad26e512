import type { ReactElement } from 'react';
import { useFormat } from '../i18n/format.ts';
import { useNowMs } from '../state/now.ts';

/** "5 minutes ago", moving on by itself; the exact time stands in the element for who needs it. */
export function Ago({ iso }: { readonly iso: string }): ReactElement {
  const format = useFormat();
  const nowMs = useNowMs();
  return <time dateTime={iso}>{format.ago(iso, nowMs)}</time>;
}
