import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { useOpenDialog } from '../dialog-context.ts';

/** Opens one of the two recovery dialogs, from wherever it is the next step. */
export function RecoveryButton({
  dialog,
  look,
}: {
  readonly dialog: 'create' | 'check';
  readonly look: 'primary' | 'secondary';
}): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  return (
    <Button
      look={look}
      isDisabled={!isLive}
      onPress={() =>
        openDialog(
          dialog === 'create' ? { tag: 'make-kit', purpose: 'first' } : { tag: 'check-kit', held: 'words' },
        )
      }
    >
      {dialog === 'create' ? t('recovery.create') : t('recovery.check')}
    </Button>
  );
}
