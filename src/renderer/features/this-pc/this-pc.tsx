import { memo } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { StatusReport } from '../../../shared/status.ts';
import { useFormat } from '../../i18n/format.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { ComputerIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { placeIds } from '../failures/places.ts';
import { DaysLeft } from './days-left.tsx';

/** What to type into a device, and how much room there is. */
export const ThisPc = memo(function ThisPc({
  listener,
  spool,
  startedAt,
}: {
  readonly listener: StatusReport['listener'];
  readonly spool: StatusReport['spool'];
  /** When the engine started, ISO 8601. */
  readonly startedAt: string;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  return (
    <Panel
      title={t('thisPc.title')}
      icon={<ComputerIcon />}
      id={placeIds.thisPc}
      aside={
        isLive ? (
          <Chip
            tone={listener.up ? 'all-safe' : 'not-receiving'}
            text={listener.up ? t('thisPc.listening') : t('thisPc.notListening')}
          />
        ) : (
          <Chip tone="unknown" text={t('headline.unknown')} />
        )
      }
    >
      <p className="muted">{t('thisPc.intro')}</p>
      <dl className="facts">
        <div>
          <dt>{t('thisPc.aeTitle')}</dt>
          <dd className="typed">{listener.aeTitle}</dd>
        </div>
        <div>
          <dt>{t('thisPc.address')}</dt>
          <dd className="typed">{listener.host}</dd>
        </div>
        <div>
          <dt>{t('thisPc.port')}</dt>
          {/* Typed into a device: no thousands separator. */}
          <dd className="typed">{String(listener.port)}</dd>
        </div>
      </dl>
      <DaysLeft spool={spool} />
      <dl className="facts facts-below">
        <div>
          <dt>{t('thisPc.spool')}</dt>
          <dd>{format.size(spool.bytes)}</dd>
        </div>
        {spool.evictableBytes === undefined ? null : (
          <div>
            <dt>{t('disk.evictable')}</dt>
            <dd>{format.size(spool.evictableBytes)}</dd>
          </div>
        )}
        {typeof spool.intakeBytesPerDay !== 'number' ? null : (
          <div>
            <dt>{t('disk.intake')}</dt>
            <dd>{format.size(spool.intakeBytesPerDay)}</dd>
          </div>
        )}
        <div>
          <dt>{t('thisPc.free')}</dt>
          <dd>{format.size(spool.freeBytes)}</dd>
        </div>
        <div>
          <dt>{t('thisPc.runningSince')}</dt>
          <dd>{format.moment(startedAt, nowMs)}</dd>
        </div>
      </dl>
      <div className="panel-actions">
        <Button isDisabled={!isLive} onPress={() => openDialog({ tag: 'diagnostics' })}>
          {t('diagnostics.open')}
        </Button>
      </div>
    </Panel>
  );
});
