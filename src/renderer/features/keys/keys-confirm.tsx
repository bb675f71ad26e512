import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../../shared/assert-never.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { keepFocus } from '../devices/access-context.ts';
import { keyPanelIds, useKeys } from './keys-context.ts';

/** A step that is asked about once more. */
export type KeyStep =
  | { readonly tag: 'rotate-device' }
  | { readonly tag: 'new-epoch' }
  | { readonly tag: 'cancel-replacement' }
  | { readonly tag: 'remove-recipient'; readonly name: string; readonly fingerprint: string };

/** Says what a step means and what stays readable before it is taken. */
export function KeysConfirm({
  step,
  onClose,
}: {
  readonly step: KeyStep;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useNotice();
  const { again } = useKeys();
  const name = step.tag === 'remove-recipient' ? step.name : '';
  const act = useAction(async ({ keys, recipients }) => {
    switch (step.tag) {
      case 'rotate-device':
        await keys.rotateDevice();
        say(t('keys.confirm.rotate-device.done'));
        break;
      case 'new-epoch': {
        const { epoch } = await keys.newEpoch();
        say(t('keys.confirm.new-epoch.done', { number: format.count(epoch) }));
        break;
      }
      case 'cancel-replacement':
        await keys.cancelReplacement();
        say(t('keys.confirm.cancel-replacement.done'));
        break;
      case 'remove-recipient':
        await recipients.remove({ fingerprint: step.fingerprint });
        say(t('keys.confirm.remove-recipient.done', { name }));
        break;
      default:
        assertNever(step);
    }
    again();
    onClose();
    keepFocus(panelOf(step));
  });
  const isLoss = step.tag === 'remove-recipient' || step.tag === 'cancel-replacement';
  return (
    <Dialog title={t(`keys.confirm.${step.tag}.title`, { name })} onClose={onClose}>
      <p>{t(`keys.confirm.${step.tag}.means`)}</p>
      <p className="strong">{t(`keys.confirm.${step.tag}.stays`)}</p>
      <ActionError state={act.state} />
      <DialogButtons>
        <Button onPress={onClose} autoFocus>
          {t('dialog.cancel')}
        </Button>
        <Button look={isLoss ? 'danger' : 'primary'} isPending={act.state.tag === 'busy'} onPress={act.run}>
          {t(`keys.confirm.${step.tag}.confirm`)}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}

function panelOf(step: KeyStep): string {
  switch (step.tag) {
    case 'rotate-device':
    case 'new-epoch':
      return keyPanelIds.keys;
    case 'cancel-replacement':
      return keyPanelIds.words;
    case 'remove-recipient':
      return keyPanelIds.recipients;
    default:
      return assertNever(step);
  }
}
