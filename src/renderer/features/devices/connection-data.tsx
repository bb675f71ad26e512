import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Connection, NetworkAddressFacts } from '../../../shared/devices.ts';
import { Button } from '../../ui/button.tsx';
import { CommandLine, CopyButton } from '../../ui/copy.tsx';
import { ComputerIcon, TriangleAlert } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useOpenDialog } from '../dialog-context.ts';

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
  const { aeTitle, host, port, tlsPort, reach } = connection;
  const isPublic = addresses.some(({ scope, used }) => used && scope === 'public');
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
      {reach === 'network' ? null : (
        <div className="note" data-tone="attention">
          <TriangleAlert />
          <p>{t(reach === 'nobody' ? 'devices.connect.nobody' : 'devices.connect.thisPc')}</p>
        </div>
      )}
      {reach === 'network' && !isPublic ? null : <Networks addresses={addresses} />}
      {connection.interface === null ? null : (
        <p className="muted">{t('devices.connect.follows', { name: connection.interface })}</p>
      )}
      {tlsPort === null ? (
        <div className="how">
          <p className="muted">{t('devices.connect.tlsHow')}</p>
          <CommandLine command="edge-sync config set dicom.tls.enabled true" />
        </div>
      ) : null}
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

/** The networks that devices could reach this PC by, each with the line that chooses it. */
function Networks({ addresses }: { readonly addresses: readonly NetworkAddressFacts[] }): ReactElement {
  const { t } = useTranslation();
  const outside = addresses.filter(({ scope }) => scope !== 'loopback');
  const local = outside.find(({ scope }) => scope === 'private');
  if (outside.length === 0) return <p className="muted">{t('devices.connect.noAddresses')}</p>;
  return (
    <div className="how">
      <h3>{t('devices.connect.addresses')}</h3>
      <ul className="networks">
        {outside.map(({ interface: name, address, scope, used }) => (
          <li key={`${name} ${address}`}>
            <span>
              <strong>{name}</strong> <span className="typed">{address}</span>
            </span>
            <span className="muted">
              {t(`devices.connect.scope.${scope}`)}
              {used ? ` · ${t('devices.connect.used')}` : ''}
            </span>
          </li>
        ))}
      </ul>
      {local === undefined ? null : (
        <CommandLine command={`edge-sync config set dicom.host ${quoted(local.interface)}`} />
      )}
    </div>
  );
}

function quoted(name: string): string {
  return /^[A-Za-z0-9._-]+$/.test(name) ? name : `"${name}"`;
}
