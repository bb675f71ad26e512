import type { ReactElement, ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  /** `button`: Escape does nothing, because what is on the screen is shown once or still runs. */
  readonly leaveBy?: 'escape' | 'button';
  readonly width?: 'narrow' | 'wide';
  readonly children: ReactNode;
}

/** Modal: focus goes in, stays in and comes back to where it was. */
export function Dialog({
  title,
  onClose,
  leaveBy = 'escape',
  width = 'narrow',
  children,
}: DialogProps): ReactElement {
  return (
    <ModalOverlay
      className="overlay"
      isOpen
      isKeyboardDismissDisabled={leaveBy === 'button'}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className={`modal modal-${width}`}>
        <AriaDialog className="dialog">
          <Heading slot="title" className="dialog-title">
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export function DialogButtons({ children }: { readonly children: ReactNode }): ReactElement {
  return <div className="dialog-buttons">{children}</div>;
}
