import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudySummary } from '../../../shared/agent-state.ts';
import { useFormat } from '../../i18n/format.ts';
import { useNowMs } from '../../state/now.ts';
import { StudyIcon } from '../../ui/icons.tsx';
import { useShownInitials } from './initials.ts';

/** Which study a dialog is about: no more than its row shows. */
export function StudyLine({ study }: { readonly study: StudySummary }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const initials = useShownInitials(study.initials);
  const time = format.moment(study.lastReceivedAt, nowMs);
  const images = t('studies.images', { count: study.instances, formatted: format.count(study.instances) });
  return (
    <p className="study-line">
      <StudyIcon />
      <span>
        {t('restoreDialog.studyIs', { initials, modality: study.modality, time })} · {images}
      </span>
    </p>
  );
}
