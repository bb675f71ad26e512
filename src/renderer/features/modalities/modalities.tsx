import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { AccessStatus, StatusReport } from '../../../shared/status.ts';
import { useFormat } from '../../i18n/format.ts';
import { useNowMs } from '../../state/now.ts';
import { DeviceIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Progress } from '../../ui/progress.tsx';
import { ChannelMark } from '../devices/words.tsx';

type Modality = StatusReport['modalities'][number];

/**
 * What arrived from each device. "Safe to erase" is not said here: without a storage commitment only the device knows
 * what it meant to send.
 */
export const Modalities = memo(function Modalities({
  modalities,
  access,
}: {
  readonly modalities: readonly Modality[];
  readonly access: AccessStatus | undefined;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <Panel title={t('modalities.title')} icon={<DeviceIcon />}>
      {modalities.length === 0 ? (
        <p className="empty muted">{t('modalities.empty')}</p>
      ) : (
        <ul className="modality-list">
          {modalities.map((modality) => (
            <ModalityCard
              key={modality.aeTitle}
              modality={modality}
              isPlain={
                access?.devices.some(
                  ({ aeTitle, channel }) => aeTitle === modality.aeTitle && channel === 'plain',
                ) === true
              }
            />
          ))}
        </ul>
      )}
    </Panel>
  );
});

function ModalityCard({
  modality,
  isPlain,
}: {
  readonly modality: Modality;
  readonly isPlain: boolean;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const { aeTitle, received, verified, lastReceivedAt } = modality;
  const complete = verified === received && received > 0;
  const text = complete
    ? t('modalities.allVerified', { count: received, formatted: format.count(received) })
    : t('modalities.someVerified', { verified: format.count(verified), total: format.count(received) });
  return (
    <li className="modality">
      <h3>{aeTitle}</h3>
      {isPlain ? <ChannelMark channel="plain" /> : null}
      <Progress
        label={t('modalities.progress', { aeTitle })}
        value={verified}
        max={received}
        valueText={text}
        tone={complete ? 'all-safe' : 'working'}
      />
      <p>{text}</p>
      {lastReceivedAt === null ? null : (
        <p className="muted">{t('modalities.last', { when: format.ago(lastReceivedAt, nowMs) })}</p>
      )}
    </li>
  );
}
