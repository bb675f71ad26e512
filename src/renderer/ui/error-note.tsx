import type { ReactElement } from 'react';
import { errorText } from '../i18n/error-text.ts';
import { usePreferences } from '../preferences/preferences.ts';
import type { ActionState, ShownReport } from '../state/engine-context.ts';
import { TriangleAlert } from './icons.tsx';

/** What went wrong and what to do, where it went wrong. */
export function ErrorNote({ report }: { readonly report: ShownReport }): ReactElement {
  const [{ language }] = usePreferences();
  const words = errorText(report, language);
  return (
    <div className="note" data-tone="attention" role="alert">
      <TriangleAlert />
      <div>
        <p className="note-message">{words.message}</p>
        <p>{words.nextStep}</p>
      </div>
    </div>
  );
}

export function ActionError({ state }: { readonly state: ActionState }): ReactElement | null {
  return state.tag === 'failed' ? <ErrorNote report={state.report} /> : null;
}
