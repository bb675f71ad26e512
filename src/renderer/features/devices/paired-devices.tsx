import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '../../../shared/devices.ts';
import { useFormat } from '../../i18n/format.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { DeviceIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Ago } from '../../ui/time.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { panelIds, useCertificates } from './access-context.ts';
import { draftOfDevice, emptyDraft } from './pairing-draft.ts';
import { CertificateMark, ChannelMark, fingerprintStart } from './words.tsx';

export function PairedDevices({ devices }: { readonly devices: readonly Device[] }): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  return (
    <Panel
      title={t('devices.paired.title')}
      icon={<DeviceIcon />}
      id={panelIds.paired}
      aside={
        <Button
          isDisabled={!isLive}
          onPress={() => openDialog({ tag: 'pairing', purpose: { tag: 'pair' }, draft: emptyDraft })}
        >
          {t('devices.paired.add')}
        </Button>
      }
    >
      {devices.length === 0 ? (
        <div className="empty">
          <p>{t('devices.paired.empty')}</p>
          <p className="muted">{t('devices.paired.emptyText')}</p>
        </div>
      ) : (
        <ul className="card-list">
          {devices.map((device) => (
            <DeviceCard key={device.id} device={device} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function DeviceCard({ device }: { readonly device: Device }): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  const { name, aeTitle, channel, lastSeenAt } = device;
  return (
    <li className="card device">
      <div className="card-head">
        <h3>{name}</h3>
        <ChannelMark channel={channel} />
      </div>
      <dl className="facts device-facts">
        <div>
          <dt>{t('devices.paired.aeTitle')}</dt>
          <dd className="typed">{aeTitle}</dd>
        </div>
        <div>
          <dt>{t('devices.paired.addresses')}</dt>
          <Addresses device={device} />
        </div>
        {channel === 'plain' ? null : (
          <div>
            <dt>{t('devices.paired.certificate')}</dt>
            <dd className="device-certificates">
              {device.certificates.map((sha256) => (
                <DeviceCertificate key={sha256} sha256={sha256} />
              ))}
            </dd>
          </div>
        )}
        <div>
          <dt>{t('devices.paired.lastSeen')}</dt>
          <dd>{lastSeenAt === null ? t('devices.paired.never') : <Ago iso={lastSeenAt} />}</dd>
        </div>
        <div>
          <dt>{t('devices.paired.maySend')}</dt>
          <dd>
            <MaySend device={device} />
          </dd>
        </div>
        <div>
          <dt>{t('devices.paired.commitment')}</dt>
          <dd>
            <Commitment device={device} />
          </dd>
        </div>
      </dl>
      <div className="card-actions">
        <Button
          isDisabled={!isLive}
          label={t('devices.paired.changeLabel', { name })}
          onPress={() =>
            openDialog({ tag: 'pairing', purpose: { tag: 'change', device }, draft: draftOfDevice(device) })
          }
        >
          {t('devices.paired.change')}
        </Button>
        <Button
          look="quiet"
          isDisabled={!isLive}
          label={t('devices.paired.removeLabel', { name })}
          onPress={() => openDialog({ tag: 'remove-device', device })}
        >
          {t('devices.paired.remove')}
        </Button>
      </div>
    </li>
  );
}

function Addresses({ device: { addresses } }: { readonly device: Device }): ReactElement {
  const { t } = useTranslation();
  if (addresses.length === 0) return <dd>{t('devices.paired.anyAddress')}</dd>;
  return (
    <dd className="typed device-addresses">
      {addresses.map((address) => (
        <span key={address}>{address}</span>
      ))}
    </dd>
  );
}

function DeviceCertificate({ sha256 }: { readonly sha256: string }): ReactElement {
  const { t } = useTranslation();
  const known = useCertificates().find((one) => one.sha256 === sha256);
  if (known === undefined)
    return (
      <span>
        <span className="typed">{fingerprintStart(sha256)}…</span>{' '}
        <span className="muted">{t('devices.certificates.unknown')}</span>
      </span>
    );
  return (
    <span>
      {known.name} <CertificateMark certificate={known} />
    </span>
  );
}

function MaySend({ device: { classes, privateClasses } }: { readonly device: Device }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const counted = (key: 'some' | 'extra', count: number) =>
    t(`devices.paired.${key}`, { count, formatted: format.count(count) });
  return (
    <>
      {classes === 'standard' ? t('devices.paired.everything') : counted('some', classes.length)}
      {privateClasses.length === 0 ? '' : ` ${counted('extra', privateClasses.length)}`}
    </>
  );
}

function Commitment({ device: { commitment } }: { readonly device: Device }): ReactElement {
  const { t } = useTranslation();
  if (commitment === null) return <>{t('devices.paired.sameConnection')}</>;
  const { host, port, channel, aeTitle } = commitment;
  const where = `${aeTitle === undefined ? '' : `${aeTitle}@`}${host}:${String(port)}`;
  return (
    <>
      {t(channel === 'tls' ? 'devices.paired.otherConnectionTls' : 'devices.paired.otherConnection', {
        where,
      })}
    </>
  );
}
