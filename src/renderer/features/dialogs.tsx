import { useCallback, useEffect, useRef, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { assertNever } from '../../shared/assert-never.ts';
import { AttentionDialog } from './attention/attention-dialog.tsx';
import { CredentialDialog } from './destinations/credential.tsx';
import { RemoveDialog } from './devices/remove-dialog.tsx';
import { RevokeDialog } from './devices/revoke-dialog.tsx';
import { PairingDialog } from './devices/pairing-dialog.tsx';
import { DialogContext, dialogKey } from './dialog-context.ts';
import type { OpenDialog } from './dialog-context.ts';
import { ImportDialog } from './files/import-dialog.tsx';
import { RestoreDialog } from './files/restore-dialog.tsx';
import { CheckDialog } from './recovery/check-dialog.tsx';
import { CreateDialog } from './recovery/create-dialog.tsx';

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
    case 'create-kit':
      return <CreateDialog makes="first" onClose={onClose} onCheck={() => onOpen({ tag: 'check-kit' })} />;
    case 'replace-kit':
      return <CreateDialog makes="new" onClose={onClose} onCheck={() => onOpen({ tag: 'check-kit' })} />;
    case 'check-kit':
      return <CheckDialog onClose={onClose} />;
    case 'credential':
      return <CredentialDialog name={dialog.name} onClose={onClose} />;
    case 'import':
      return <ImportDialog onClose={onClose} />;
    case 'restore':
      return <RestoreDialog onClose={onClose} />;
    case 'pairing':
      return <PairingDialog purpose={dialog.purpose} draft={dialog.draft} onClose={onClose} />;
    case 'remove-device':
      return <RemoveDialog device={dialog.device} onClose={onClose} />;
    case 'revoke':
      return <RevokeDialog certificate={dialog.certificate} usedBy={dialog.usedBy} onClose={onClose} />;
    case 'attention-files':
      return <AttentionDialog onClose={onClose} />;
    default:
      return assertNever(dialog);
  }
}
