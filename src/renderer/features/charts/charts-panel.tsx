import { lazy, memo, Suspense, useMemo, useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { DayChart } from '../../../shared/contract-home.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAsked } from '../../state/asked.ts';
import { useNowMs } from '../../state/now.ts';
import { AskedFailed, AskedLoading } from '../../ui/asked-view.tsx';
import { ChartIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Switch } from '../../ui/switch.tsx';
import { hoursOf, isEmptyDay } from './chart-data.ts';

/** The library that draws comes only when there is something to draw. */
const DayCurves = lazy(() => import('./day-curves.tsx'));
const askedEveryMs = 60_000;

export const ChartsPanel = memo(function ChartsPanel(): ReactElement {
  const { t } = useTranslation();
  const [form, setForm] = useState<'chart' | 'table'>('chart');
  const round = Math.floor(useNowMs() / askedEveryMs);
  const { asked, again } = useAsked(String(round), (client) => client.home.chart({ day: null }));
  const isEmpty = asked.tag === 'ready' && isEmptyDay(asked.answer);
  return (
    <Panel
      title={t('charts.title')}
      icon={<ChartIcon />}
      aside={
        asked.tag !== 'ready' || isEmpty ? undefined : (
          <Switch
            label={t('charts.view')}
            choices={[
              { id: 'chart', text: t('charts.asChart') },
              { id: 'table', text: t('charts.asTable') },
            ]}
            chosen={form}
            onChange={setForm}
          />
        )
      }
    >
      {asked.tag === 'loading' ? (
        <AskedLoading text={t('charts.loading')} />
      ) : asked.tag === 'failed' ? (
        <AskedFailed report={asked.report} again={again} />
      ) : isEmpty ? (
        <p className="empty">{t('charts.empty')}</p>
      ) : form === 'table' ? (
        <HourTable chart={asked.answer} />
      ) : (
        <Suspense fallback={<AskedLoading text={t('charts.loading')} />}>
          <DayCurves chart={asked.answer} />
        </Suspense>
      )}
    </Panel>
  );
});

/** The same figures in words and numbers. */
function HourTable({ chart }: { readonly chart: DayChart }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const rows = useMemo(() => hoursOf(chart), [chart]);
  const rate = useMemo(
    () => new Intl.NumberFormat(format.language, { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
    [format.language],
  );
  return (
    <div className="table-scroll" role="region" aria-label={t('charts.tableHours')} tabIndex={0}>
      <table className="table" aria-label={t('charts.tableHours')}>
        <thead>
          <tr>
            <th scope="col">{t('charts.time')}</th>
            <th scope="col" className="number">
              {t('charts.received')}
            </th>
            <th scope="col" className="number">
              {t('charts.waiting')}
            </th>
            {chart.destinations.map(({ name }) => (
              <th key={name} scope="col" className="number">
                {name}, MB/s
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ at, images, waiting, rates }) => (
            <tr key={at}>
              <th scope="row">{format.moment(at, Date.parse(at))}</th>
              <td className="number">{format.count(images)}</td>
              <td className="number">{waiting === null ? '–' : format.count(waiting)}</td>
              {rates.map((one, index) => (
                <td key={chart.destinations[index]?.name ?? index} className="number">
                  {rate.format(one)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
