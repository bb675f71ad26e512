import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '../../../shared/devices.ts';
import { useAction } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { keepFocus, panelIds, useAccess } from './access-context.ts';

/** Asks once more: a device that is removed can send nothing, at once. */
export function RemoveDialog({
  device: { id, name },
  onClose,
}: {
  readonly device: Device;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const say = useNotice();
  const { again } = useAccess();
  const remove = useAction(async (client) => {
    await client.devices.remove({ id });
    say(t('devices.remove.done', { name }));
    again();
    onClose();
    keepFocus(panelIds.paired);
  });
  return (
    <Dialog title={t('devices.remove.title', { name })} onClose={onClose}>
      <p>{t('devices.remove.text')}</p>
      <ActionError state={remove.state} />
      <DialogButtons>
        <Button onPress={onClose} autoFocus>
          {t('dialog.cancel')}
        </Button>
        <Button look="danger" isPending={remove.state.tag === 'busy'} onPress={remove.run}>
          {t('devices.remove.confirm')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
