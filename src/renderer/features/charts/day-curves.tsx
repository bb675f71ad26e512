import { useMemo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { DayChart } from '../../../shared/contract-home.ts';
import { useFormat } from '../../i18n/format.ts';
import { curvesOf } from './chart-data.ts';
import { CurveCanvas } from './curve-canvas.tsx';

/** Both curves of a day. Loaded only where it is shown. */
export default function DayCurves({ chart }: { readonly chart: DayChart }): ReactElement {
  const { t } = useTranslation();
  const { language } = useFormat();
  const { intake, rate, names } = useMemo(() => curvesOf(chart), [chart]);
  const received = t('charts.received');
  const waiting = t('charts.waiting');
  const intakeNames = useMemo(() => [received, waiting], [received, waiting]);
  return (
    <div className="curves">
      <Figure name={t('charts.intake')} series={intakeNames}>
        <CurveCanvas
          label={t('charts.chartLabel', { name: t('charts.intake') })}
          columns={intake}
          series={intakeNames}
          language={language}
          first="area"
        />
      </Figure>
      {names.length === 0 ? null : (
        <Figure name={t('charts.rate')} series={names}>
          <CurveCanvas
            label={t('charts.chartLabel', { name: t('charts.rate') })}
            columns={rate}
            series={names}
            language={language}
            first="line"
          />
        </Figure>
      )}
    </div>
  );
}

function Figure({
  name,
  series,
  children,
}: {
  readonly name: string;
  readonly series: readonly string[];
  readonly children: ReactElement;
}): ReactElement {
  return (
    <figure className="figure">
      <figcaption>
        <span className="strong">{name}</span>
        <ul className="legend">
          {series.map((one, index) => (
            <li key={one}>
              <svg className="legend-line" data-curve={index % 4} viewBox="0 0 28 4" aria-hidden="true">
                <line x1="0" y1="2" x2="28" y2="2" />
              </svg>
              {one}
            </li>
          ))}
        </ul>
      </figcaption>
      {children}
    </figure>
  );
}
