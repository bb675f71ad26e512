import type { ReactElement } from 'react';
import { RadioButton, RadioField, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { StudySeries } from '../../../shared/contract-study.ts';
import { useFormat } from '../../i18n/format.ts';
import { Thumbnail } from './thumbnail.tsx';

/** The series of a study; one is looked at. */
export function SeriesList({
  studyId,
  series,
  chosen,
  onChoose,
  descriptions,
  grant,
}: {
  readonly studyId: string;
  readonly series: readonly StudySeries[];
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
  /** By series id; only while shown. */
  readonly descriptions: ReadonlyMap<string, string> | undefined;
  readonly grant: string | undefined;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <RadioGroup
      className="series-list"
      aria-label={t('study.series.title')}
      value={chosen}
      onChange={onChoose}
    >
      {series.map((one) => {
        const stuck = one.failed + one.parked;
        const name =
          one.number === '' ? t('study.series.none') : t('study.series.one', { number: one.number });
        const description = descriptions?.get(one.id) ?? '';
        return (
          <RadioField key={one.id} value={one.id}>
            <RadioButton className="series">
              <Thumbnail
                studyId={studyId}
                instanceId={one.sampleInstanceId}
                isHere={one.local > 0}
                grant={grant}
              />
              <span className="series-words">
                <span className="strong">
                  {name} · {one.modality}
                </span>
                {description === '' ? null : <span translate="no">{description}</span>}
                <span className="muted">
                  {t('study.series.images', { count: one.instances, formatted: format.count(one.instances) })}{' '}
                  ·{' '}
                  {one.verified === one.instances
                    ? t('study.series.allVerified')
                    : t('study.series.verifiedOf', {
                        verified: format.count(one.verified),
                        total: format.count(one.instances),
                      })}
                </span>
                {stuck === 0 ? null : (
                  <span className="series-stuck">
                    {t('study.series.stuck', { count: stuck, formatted: format.count(stuck) })}
                  </span>
                )}
              </span>
            </RadioButton>
          </RadioField>
        );
      })}
    </RadioGroup>
  );
}
