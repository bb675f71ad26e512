import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StatusReport } from '../../../shared/status.ts';
import { useFormat } from '../../i18n/format.ts';
import { TriangleAlert } from '../../ui/icons.tsx';

/** Less room than this is told as something to do. */
const fewDays = 3;
/** More than anybody plans for. */
const mostDays = 3650;

/** How long images can be received while the cloud stays away. */
export function DaysLeft({ spool }: { readonly spool: StatusReport['spool'] }): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const { daysLeft } = spool;
  // An engine that does not tell, and one that does not know yet.
  if (daysLeft === undefined) return null;
  if (daysLeft === null) return <p className="muted days-left">{t('disk.unknown')}</p>;
  const days = Math.min(Math.floor(daysLeft), mostDays);
  const text =
    days < 1 ? t('disk.lessThanADay') : t('disk.daysLeft', { count: days, formatted: format.count(days) });
  if (days >= fewDays) return <p className="days-left">{text}</p>;
  return (
    <div className="note days-left" data-tone="attention">
      <TriangleAlert />
      <p>{text}</p>
    </div>
  );
}
