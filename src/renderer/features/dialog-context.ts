import { createContext, useContext } from 'react';
import { assertNever } from '../../shared/assert-never.ts';
import type { CertificateSummary } from '../../shared/contract-certificates.ts';
import type { Device, RefusedCaller } from '../../shared/devices.ts';
import type { PairingDraft } from './devices/pairing-draft.ts';

/** What a filled-in pairing is for. */
export type PairingPurpose =
  | { readonly tag: 'pair' }
  | { readonly tag: 'allow'; readonly caller: RefusedCaller }
  | { readonly tag: 'change'; readonly device: Device };

/** Everything that opens in front of the page. Held above it: a delta that removes a button must not close a dialog. */
export type OpenDialog =
  | { readonly tag: 'create-kit' }
  | { readonly tag: 'replace-kit' }
  | { readonly tag: 'check-kit' }
  | { readonly tag: 'credential'; readonly name: string }
  | { readonly tag: 'import' }
  | { readonly tag: 'restore' }
  | { readonly tag: 'pairing'; readonly purpose: PairingPurpose; readonly draft: PairingDraft }
  | { readonly tag: 'remove-device'; readonly device: Device }
  | {
      readonly tag: 'revoke';
      readonly certificate: CertificateSummary;
      /** Names of the devices that are paired with it. */
      readonly usedBy: readonly string[];
    }
  | { readonly tag: 'attention-files' };

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
    case 'attention-files':
      return dialog.tag;
    case 'pairing':
      return `pairing ${purposeKey(dialog.purpose)}`;
    case 'remove-device':
      return `remove-device ${dialog.device.id}`;
    case 'revoke':
      return `revoke ${dialog.certificate.sha256}`;
    default:
      return assertNever(dialog);
  }
}

function purposeKey(purpose: PairingPurpose): string {
  switch (purpose.tag) {
    case 'pair':
      return 'pair';
    case 'allow':
      return `allow ${purpose.caller.id}`;
    case 'change':
      return `change ${purpose.device.id}`;
    default:
      return assertNever(purpose);
  }
}
