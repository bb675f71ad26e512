import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { useOpenDialog } from '../dialog-context.ts';

export function AttentionButton({ look }: { readonly look: 'primary' | 'secondary' }): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  return (
    <Button look={look} isDisabled={!isLive} onPress={() => openDialog({ tag: 'attention-files' })}>
      {t('attention.open')}
    </Button>
  );
}
