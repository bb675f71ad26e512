import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { FolderIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { AttentionButton } from '../attention/attention-button.tsx';
import { useOpenDialog } from '../dialog-context.ts';

/** Bringing images in, taking them out as files, and what was given to others. */
export const Files = memo(function Files(): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  return (
    <Panel title={t('files.title')} icon={<FolderIcon />}>
      <div className="file-action">
        <p>{t('files.importText')}</p>
        <Button isDisabled={!isLive} onPress={() => openDialog({ tag: 'import' })}>
          {t('files.import')}
        </Button>
      </div>
      <div className="file-action">
        <p>{t('files.restoreText')}</p>
        <Button isDisabled={!isLive} onPress={() => openDialog({ tag: 'restore' })}>
          {t('files.restore')}
        </Button>
      </div>
      <div className="file-action">
        <p>{t('attention.panelText')}</p>
        <AttentionButton look="secondary" />
      </div>
      <div className="file-action">
        <p>{t('share.panelText')}</p>
        <Button isDisabled={!isLive} onPress={() => openDialog({ tag: 'shares' })}>
          {t('share.openList')}
        </Button>
      </div>
    </Panel>
  );
});
