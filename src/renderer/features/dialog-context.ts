import { createContext, useContext } from 'react';
import { assertNever } from '../../shared/assert-never.ts';

/** Everything that opens in front of the page. Held above it: a delta that removes a button must not close a dialog. */
export type OpenDialog =
  | { readonly tag: 'create-kit' }
  | { readonly tag: 'replace-kit' }
  | { readonly tag: 'check-kit' }
  | { readonly tag: 'credential'; readonly name: string }
  | { readonly tag: 'import' }
  | { readonly tag: 'restore' };

export const DialogContext = createContext<(dialog: OpenDialog) => void>(() => undefined);

export function useOpenDialog(): (dialog: OpenDialog) => void {
  return useContext(DialogContext);
}

/** Two dialogs of the same kind and subject are one. */
export function dialogKey(dialog: OpenDialog): string {
  switch (dialog.tag) {
    case 'credential':
      return `credential ${dialog.name}`;
    case 'create-kit':
    case 'replace-kit':
    case 'check-kit':
    case 'import':
    case 'restore':
      return dialog.tag;
    default:
      return assertNever(dialog);
  }
}
