import type { ReactElement } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { StudySummary } from '../../../shared/agent-state.ts';
import { useFormat } from '../../i18n/format.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { DotsIcon } from '../../ui/icons.tsx';
import { useOpenDialog } from '../dialog-context.ts';

/** What can be done with one study. */
export function StudyMenu({
  study,
  initials,
}: {
  readonly study: StudySummary;
  readonly initials: string;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  const time = format.moment(study.lastReceivedAt, nowMs);
  return (
    <MenuTrigger>
      <Button
        className="button button-quiet button-icon"
        isDisabled={!isLive}
        aria-label={t('studyMenu.moreLabel', { initials, modality: study.modality, time })}
      >
        <DotsIcon />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" aria-label={t('studyMenu.more')}>
          <MenuItem className="menu-item menu-plain" onAction={() => openDialog({ tag: 'share', study })}>
            {t('studyMenu.share')}
          </MenuItem>
          <MenuItem className="menu-item menu-plain" onAction={() => openDialog({ tag: 'restore', study })}>
            {t('studyMenu.restore')}
          </MenuItem>
          <MenuItem
            className="menu-item menu-plain"
            onAction={() => openDialog({ tag: 'verify', what: { tag: 'study', study } })}
          >
            {t('studyMenu.verify')}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
