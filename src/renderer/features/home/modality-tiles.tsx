import type { ReactElement } from 'react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../../i18n/format.ts';
import { Progress } from '../../ui/progress.tsx';
import { secondsLeft } from './today.ts';
import type { ModalityToday } from './today.ts';

/** Today at a glance; a press shows one modality's studies only. */
export function ModalityTiles({
  modalities,
  chosen,
  bytesPerSecond,
  onChoose,
}: {
  readonly modalities: readonly ModalityToday[];
  readonly chosen: string | undefined;
  readonly bytesPerSecond: number;
  readonly onChoose: (modality: string | undefined) => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <ToggleButtonGroup
      className="tiles"
      aria-label={t('home.byModality')}
      selectionMode="single"
      selectedKeys={chosen === undefined ? [] : [chosen]}
      onSelectionChange={(keys) => {
        const [key] = keys;
        onChoose(key === undefined ? undefined : String(key));
      }}
    >
      {modalities.map((one) => {
        const { modality, studies, instances, verified, bytesLeft, stuck } = one;
        const verifiedText = t('home.tileVerified', {
          verified: format.count(verified),
          total: format.count(instances),
        });
        const seconds = secondsLeft(bytesLeft, bytesPerSecond);
        const tone = stuck > 0 ? 'attention' : verified === instances ? 'all-safe' : 'working';
        return (
          <ToggleButton key={modality} id={modality} className="tile">
            <span className="tile-head">
              <strong>{modality}</strong>
              <span className="muted">
                {t('home.tile', { count: studies, formatted: format.count(studies) })}
              </span>
            </span>
            <Progress
              label={t('home.tileProgress', { modality })}
              value={verified}
              max={instances}
              valueText={verifiedText}
              tone={tone}
            />
            <span className="muted">
              {verifiedText}
              {verified === instances
                ? ''
                : ` · ${
                    seconds === undefined
                      ? t('home.noTimeLeft')
                      : t('home.timeLeft', { time: format.duration(seconds) })
                  }`}
            </span>
          </ToggleButton>
        );
      })}
    </ToggleButtonGroup>
  );
}
