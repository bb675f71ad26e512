import { useCallback, useEffect, useRef, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { assertNever } from '../../shared/assert-never.ts';
import { AttentionDialog } from './attention/attention-dialog.tsx';
import { CredentialDialog } from './destinations/credential.tsx';
import { SignInDialog } from './destinations/sign-in-dialog.tsx';
import { CertificateDialog } from './devices/certificate-dialog.tsx';
import { RemoveDialog } from './devices/remove-dialog.tsx';
import { RevokeDialog } from './devices/revoke-dialog.tsx';
import { PairingDialog } from './devices/pairing-dialog.tsx';
import { PairDialog } from './devices/pairing/pair-dialog.tsx';
import { DialogContext, dialogKey } from './dialog-context.ts';
import type { OpenDialog } from './dialog-context.ts';
import { DiagnosticsDialog } from './diagnostics/diagnostics-dialog.tsx';
import { EraseDialog } from './safe-to-erase/erase-dialog.tsx';
import { ImportDialog } from './files/import-dialog.tsx';
import { KeysConfirm } from './keys/keys-confirm.tsx';
import { PassphraseDialog } from './keys/passphrase-dialog.tsx';
import { RecipientDialog } from './keys/recipient-dialog.tsx';
import { CheckDialog } from './recovery/check-dialog.tsx';
import { CreateDialog } from './recovery/create-dialog.tsx';
import { RestoreDialog } from './restore/restore-dialog.tsx';
import { ShareDialog } from './share/share-dialog.tsx';
import { SharesDialog } from './share/shares-dialog.tsx';
import { VerifyDialog } from './verify/verify-dialog.tsx';

/** One dialog at a time, above everything else on the page. */
export function DialogHost({ children }: { readonly children: ReactNode }): ReactElement {
  const [open, setOpen] = useState<OpenDialog | undefined>(undefined);
  const close = useCallback(() => setOpen(undefined), []);
  const wasOpen = useRef(false);

  useEffect(() => {
    const closed = wasOpen.current && open === undefined;
    wasOpen.current = open !== undefined;
    if (!closed) return;
    // The button that opened it may be gone with its reason: then the state is where reading goes on.
    const frame = requestAnimationFrame(() => {
      if (document.activeElement === document.body) document.getElementById('state')?.focus();
    });
    return () => cancelAnimationFrame(frame);
  }, [open]);

  return (
    <DialogContext value={setOpen}>
      {children}
      {open === undefined ? null : (
        <OneDialog key={dialogKey(open)} dialog={open} onClose={close} onOpen={setOpen} />
      )}
    </DialogContext>
  );
}

function OneDialog({
  dialog,
  onClose,
  onOpen,
}: {
  readonly dialog: OpenDialog;
  readonly onClose: () => void;
  readonly onOpen: (dialog: OpenDialog) => void;
}): ReactElement {
  switch (dialog.tag) {
    case 'make-kit':
      return (
        <CreateDialog
          purpose={dialog.purpose}
          onClose={onClose}
          onCheck={(held) => onOpen({ tag: 'check-kit', held })}
        />
      );
    case 'check-kit':
      return <CheckDialog held={dialog.held} onClose={onClose} />;
    case 'keys-confirm':
      return <KeysConfirm step={dialog.step} onClose={onClose} />;
    case 'passphrase':
      return <PassphraseDialog onClose={onClose} />;
    case 'add-recipient':
      return <RecipientDialog onClose={onClose} />;
    case 'credential':
      return <CredentialDialog name={dialog.name} onClose={onClose} />;
    case 'sign-in':
      return <SignInDialog name={dialog.name} onClose={onClose} />;
    case 'erase-list':
      return <EraseDialog onClose={onClose} />;
    case 'import':
      return <ImportDialog onClose={onClose} />;
    case 'restore':
      return <RestoreDialog study={dialog.study} onClose={onClose} />;
    case 'verify':
      return <VerifyDialog what={dialog.what} onClose={onClose} />;
    case 'share':
      return <ShareDialog study={dialog.study} onClose={onClose} />;
    case 'shares':
      return <SharesDialog onClose={onClose} />;
    case 'pairing':
      return <PairingDialog purpose={dialog.purpose} draft={dialog.draft} onClose={onClose} />;
    case 'pair-device':
      return <PairDialog onClose={onClose} />;
    case 'remove-device':
      return <RemoveDialog device={dialog.device} onClose={onClose} />;
    case 'certificate':
      return <CertificateDialog purpose={dialog.purpose} onClose={onClose} />;
    case 'revoke':
      return <RevokeDialog certificate={dialog.certificate} usedBy={dialog.usedBy} onClose={onClose} />;
    case 'diagnostics':
      return <DiagnosticsDialog onClose={onClose} />;
    case 'attention-files':
      return <AttentionDialog onClose={onClose} />;
    default:
      return assertNever(dialog);
  }
}
