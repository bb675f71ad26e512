import { Button as AriaButton } from 'react-aria-components';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudySummary } from '../../../shared/agent-state.ts';
import { useFormat } from '../../i18n/format.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { openerId, useShownStudy } from './study-context.ts';

/** The way from a row to its study. */
export function OpenStudy({
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
  const { open } = useShownStudy();
  const time = format.moment(study.lastReceivedAt, nowMs);
  return (
    <AriaButton
      id={openerId(study.id)}
      className="button button-quiet"
      isDisabled={!isLive}
      onPress={() => open(study.id)}
      aria-label={t('study.openLabel', { initials, modality: study.modality, time })}
    >
      {t('study.open')}
    </AriaButton>
  );
}
