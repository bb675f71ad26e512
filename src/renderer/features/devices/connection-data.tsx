import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Connection, NetworkAddressFacts } from '../../../shared/devices.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { ComputerIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { NetworkChoice } from './pairing/network-choice.tsx';
import { SwitchOnTls } from './switch-on-tls.tsx';

/** What has to be typed into a device, and what stands in the way of reaching this PC. */
export function ConnectionData({
  connection,
  addresses,
}: {
  readonly connection: Connection;
  readonly addresses: readonly NetworkAddressFacts[];
}): ReactElement {
  const { t } = useTranslation();
  const openDialog = useOpenDialog();
  const { aeTitle, host, port, tlsPort } = connection;
  return (
    <Panel title={t('devices.connect.title')} icon={<ComputerIcon />}>
      <p className="muted">{t('devices.connect.intro')}</p>
      <div className="pair-open">
        <Button look="primary" onPress={() => openDialog({ tag: 'pair-device' })}>
          {t('pairing.open')}
        </Button>
      </div>
      <dl className="facts typed-facts">
        <Fact name={t('devices.connect.aeTitle')} value={aeTitle} />
        <Fact name={t('devices.connect.address')} value={host} otherwise={t('devices.connect.none')} />
        {/* Typed into a device: no thousands separator. */}
        <Fact name={t('devices.connect.port')} value={String(port)} />
        <Fact
          name={t('devices.connect.tlsPort')}
          value={tlsPort === null ? null : String(tlsPort)}
          otherwise={t('devices.connect.tlsOff')}
        />
      </dl>
      <NetworkChoice connection={connection} addresses={addresses} />
      {connection.interface === null ? null : (
        <p className="muted">{t('devices.connect.follows', { name: connection.interface })}</p>
      )}
      {tlsPort === null ? <SwitchOnTls text={t('devices.connect.tlsHow')} /> : null}
    </Panel>
  );
}

function Fact({
  name,
  value,
  otherwise,
}: {
  readonly name: string;
  readonly value: string | null;
  readonly otherwise?: string;
}): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      {value === null ? (
        <dd className="muted">{otherwise}</dd>
      ) : (
        <dd>
          <span className="typed">{value}</span>
          <CopyButton what={name} text={value} />
        </dd>
      )}
    </div>
  );
}
