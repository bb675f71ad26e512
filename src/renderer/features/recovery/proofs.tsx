import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StatusReport } from '../../../shared/status.ts';
import { useFormat } from '../../i18n/format.ts';
import { Ago } from '../../ui/time.tsx';

/** When the words were last proven, by what, and when they are to be tried again. */
export function Proofs({ kit }: { readonly kit: NonNullable<StatusReport['recoveryKit']> }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <dl className="facts facts-below">
      <div>
        <dt>{t('recovery.lastProven')}</dt>
        <dd>
          <Ago iso={kit.provenAt} />
        </dd>
      </div>
      <div>
        <dt>{t('recovery.provenWith')}</dt>
        <dd>{t(`recovery.by.${kit.provenBy}`)}</dd>
      </div>
      <div>
        <dt>{t('recovery.nextCheck')}</dt>
        <dd>{t('recovery.until', { date: format.date(Date.parse(kit.dueAt)) })}</dd>
      </div>
    </dl>
  );
}
