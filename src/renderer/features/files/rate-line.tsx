import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format.ts';

/** How much, how fast, how long still: as far as it is known. */
export function RateLine({
  doneBytes,
  totalBytes,
  bytesPerSecond,
  secondsLeft,
}: {
  readonly doneBytes: number | undefined;
  readonly totalBytes: number | undefined;
  readonly bytesPerSecond: number | null | undefined;
  readonly secondsLeft: number | null | undefined;
}): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  const known = (value: number | null | undefined): value is number => value !== null && value !== undefined;
  const parts = [
    ...(known(doneBytes) && known(totalBytes)
      ? [t('rate.amount', { done: format.size(doneBytes), total: format.size(totalBytes) })]
      : []),
    ...(known(bytesPerSecond) && bytesPerSecond > 0
      ? [t('rate.rate', { rate: format.size(bytesPerSecond) })]
      : []),
    ...(known(secondsLeft)
      ? [
          t('rate.left', {
            time: secondsLeft < 60 ? t('rate.lessThanAMinute') : format.duration(secondsLeft),
          }),
        ]
      : []),
  ];
  return parts.length === 0 ? null : <p className="muted">{parts.join(' · ')}</p>;
}
