import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../../ui/dialog.tsx';
import { useAccess } from '../access-context.ts';
import { PairDevice } from './pair-device.tsx';

/** Setting up a device, in front of the page. What is done in it is done at once; closing it loses nothing. */
export function PairDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation();
  const { again } = useAccess();
  return (
    <Dialog title={t('pairing.title')} onClose={onClose} leaveBy="button" width="wide">
      <PairDevice onPaired={again} />
      <DialogButtons>
        <Button look="primary" onPress={onClose}>
          {t('pairing.done')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
