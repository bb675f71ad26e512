import { createContext, useContext } from 'react';
import type { StudySummary } from '../../shared/agent-state.ts';
import { assertNever } from '../../shared/assert-never.ts';
import type { CertificateSummary } from '../../shared/contract-certificates.ts';
import type { Device, RefusedCaller } from '../../shared/devices.ts';
import type { KeyStep } from './keys/keys-confirm.tsx';
import type { KitPurpose } from './recovery/create-dialog.tsx';
import type { KitHeld } from './recovery/words.ts';
import type { PairingDraft } from './devices/pairing-draft.ts';
import type { CertificatePurpose } from './devices/pairing/certificate-maker.tsx';

/** What a filled-in pairing is for. */
export type PairingPurpose =
  | { readonly tag: 'pair' }
  | { readonly tag: 'allow'; readonly caller: RefusedCaller }
  | { readonly tag: 'change'; readonly device: Device };

/** Which cloud copies are looked at. */
export type VerifyWhat =
  | { readonly tag: 'sample' }
  | { readonly tag: 'all' }
  | { readonly tag: 'study'; readonly study: StudySummary };

/** Everything that opens in front of the page. Held above it: a delta that removes a button must not close a dialog. */
export type OpenDialog =
  | { readonly tag: 'make-kit'; readonly purpose: KitPurpose }
  | { readonly tag: 'check-kit'; readonly held: KitHeld }
  | { readonly tag: 'keys-confirm'; readonly step: KeyStep }
  | { readonly tag: 'passphrase' }
  | { readonly tag: 'add-recipient' }
  | { readonly tag: 'credential'; readonly name: string }
  /** To Entra, for the storage of this name. */
  | { readonly tag: 'sign-in'; readonly name: string }
  | { readonly tag: 'erase-list' }
  | { readonly tag: 'import' }
  /** Without a study: everything, or what is chosen there. */
  | { readonly tag: 'restore'; readonly study?: StudySummary }
  | { readonly tag: 'verify'; readonly what: VerifyWhat }
  | { readonly tag: 'share'; readonly study: StudySummary }
  | { readonly tag: 'shares' }
  | { readonly tag: 'pairing'; readonly purpose: PairingPurpose; readonly draft: PairingDraft }
  | { readonly tag: 'pair-device' }
  | { readonly tag: 'remove-device'; readonly device: Device }
  | { readonly tag: 'certificate'; readonly purpose: CertificatePurpose }
  | {
      readonly tag: 'revoke';
      readonly certificate: CertificateSummary;
      /** Names of the devices that are paired with it. */
      readonly usedBy: readonly string[];
    }
  | { readonly tag: 'diagnostics' }
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
    case 'sign-in':
      return `sign-in ${dialog.name}`;
    case 'make-kit':
      return `make-kit ${dialog.purpose}`;
    case 'keys-confirm':
      return `keys-confirm ${dialog.step.tag}`;
    case 'check-kit':
    case 'passphrase':
    case 'add-recipient':
    case 'erase-list':
    case 'import':
    case 'shares':
    case 'attention-files':
    case 'diagnostics':
    case 'pair-device':
      return dialog.tag;
    case 'restore':
      return `restore ${dialog.study?.id ?? ''}`;
    case 'verify':
      return `verify ${dialog.what.tag === 'study' ? dialog.what.study.id : dialog.what.tag}`;
    case 'share':
      return `share ${dialog.study.id}`;
    case 'pairing':
      return `pairing ${purposeKey(dialog.purpose)}`;
    case 'remove-device':
      return `remove-device ${dialog.device.id}`;
    case 'certificate':
      return `certificate ${dialog.purpose.tag === 'new' ? 'new' : dialog.purpose.certificate.id}`;
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
