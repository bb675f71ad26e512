import { useEffect, useRef } from 'react';
import type { ReactElement } from 'react';
import uPlot from 'uplot';
import type { Columns } from './chart-data.ts';

interface CurveCanvasProps {
  readonly label: string;
  readonly columns: Columns;
  readonly series: readonly string[];
  readonly language: string;
  /** First curve as an area: amounts; the others as lines. */
  readonly first: 'area' | 'line';
}

const heightPx = 190;
/** Told apart by dash as well as by colour. */
const dashes: readonly (readonly number[])[] = [[], [8, 5], [2, 4], [12, 4, 2, 4]];
const strokes = ['--working', '--attention-shape', '--safe', '--stop'] as const;

/** Drawn on a canvas in the colours of the page; a canvas says nothing to readers, so the table stands beside it. */
export function CurveCanvas({ label, columns, series, language, first }: CurveCanvasProps): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let plot: uPlot | undefined;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(
        options(element.clientWidth, { series, language, first }),
        columns as unknown as uPlot.AlignedData,
        element,
      );
    };
    draw();
    const resized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: heightPx }));
    resized.observe(element);
    // Another appearance needs other colours: a canvas does not follow by itself.
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributeFilter: ['data-theme', 'data-connection'] });
    const media = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) =>
      window.matchMedia(query),
    );
    for (const one of media) one.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      themed.disconnect();
      for (const one of media) one.removeEventListener('change', draw);
      plot?.destroy();
    };
  }, [columns, series, language, first]);
  return <div className="curve" role="img" aria-label={label} ref={place} />;
}

function options(
  width: number,
  { series, language, first }: Pick<CurveCanvasProps, 'series' | 'language' | 'first'>,
): uPlot.Options {
  const isForced = window.matchMedia('(forced-colors: active)').matches;
  // Of the body: what is green there turns grey while the engine is not heard.
  const style = getComputedStyle(document.body);
  const colour = (token: string) => (isForced ? 'CanvasText' : style.getPropertyValue(token).trim());
  const time = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });
  const count = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
  const axis = {
    stroke: colour('--ink-soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
    font: `12px ${style.fontFamily}`,
  };
  return {
    width: Math.max(width, 200),
    height: heightPx,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, Math.max(max, 1e-6) * 1.1] } },
    axes: [
      { ...axis, values: (_plot, values) => values.map((one) => time.format(one * 1000)), space: 70 },
      { ...axis, values: (_plot, values) => values.map((one) => count.format(one)), size: 56 },
    ],
    series: [
      {},
      ...series.map((name, index) => {
        const stroke = colour(strokes[index % strokes.length] ?? '--ink');
        const isArea = first === 'area' && index === 0 && !isForced;
        return {
          label: name,
          stroke,
          width: 2,
          dash: [...(dashes[index % dashes.length] ?? [])],
          points: { show: false },
          ...(isArea ? { fill: colour('--working-wash') } : {}),
        };
      }),
    ],
  };
}
