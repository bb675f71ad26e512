import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { LinkIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useOpenDialog } from '../dialog-context.ts';

export const SharesPanel = memo(function SharesPanel(): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  return (
    <Panel title={t('share.panelTitle')} icon={<LinkIcon />}>
      <div className="file-action">
        <p>{t('share.panelText')}</p>
        <Button isDisabled={!isLive} onPress={() => openDialog({ tag: 'shares' })}>
          {t('share.openList')}
        </Button>
      </div>
    </Panel>
  );
});
