import { useState } from 'react';
import type { ReactElement } from 'react';
import { Label, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { Connection, NetworkAddressFacts } from '../../../../shared/devices.ts';
import { useAction, useIsLive } from '../../../state/engine-context.ts';
import { Button } from '../../../ui/button.tsx';
import { Choice } from '../../../ui/choice.tsx';
import { ActionError } from '../../../ui/error-note.tsx';
import { TriangleAlert } from '../../../ui/icons.tsx';
import { useNotice } from '../../../ui/notice.tsx';

/** Where devices reach this PC: asked for while none can, and to be changed on request. */
export function NetworkChoice({
  connection,
  addresses,
}: {
  readonly connection: Connection;
  readonly addresses: readonly NetworkAddressFacts[];
}): ReactElement {
  const { t } = useTranslation();
  const [isWanted, setWanted] = useState(false);
  const { reach } = connection;
  if (reach === 'network' && !isWanted)
    return (
      <div className="pair-actions no-print">
        <Button look="quiet" onPress={() => setWanted(true)}>
          {t('pairing.network.change')}
        </Button>
      </div>
    );
  return (
    <div className="pair-network no-print">
      {reach === 'network' ? null : (
        <div className="note" data-tone="attention" role="status">
          <TriangleAlert />
          <p className="note-message">
            {t(reach === 'nobody' ? 'pairing.network.nobody' : 'pairing.network.loopback')}
          </p>
        </div>
      )}
      <Networks addresses={addresses} onDone={() => setWanted(false)} />
    </div>
  );
}

function Networks({
  addresses,
  onDone,
}: {
  readonly addresses: readonly NetworkAddressFacts[];
  readonly onDone: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const say = useNotice();
  const isLive = useIsLive();
  const offered = networksOf(addresses);
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const [isAsking, setAsking] = useState(false);
  const best = offered.find(({ scope }) => scope === 'private') ?? offered[0];
  const network = offered.find((one) => one.interface === chosen) ?? best;
  const listen = useAction(async (client, host: string, address: string) => {
    await client.setup.listen({ host });
    say(t('pairing.network.changed', { address }));
    setAsking(false);
    onDone();
  });
  if (network === undefined) return <p className="muted">{t('pairing.network.none')}</p>;
  const { interface: name, address } = network;
  if (isAsking)
    return (
      <div className="pair-confirm" role="group" aria-label={t('pairing.network.confirmTitle', { name })}>
        <h4>{t('pairing.network.confirmTitle', { name })}</h4>
        <p>{t('pairing.network.confirmText', { address })}</p>
        <ActionError state={listen.state} />
        <div className="pair-actions">
          <Button onPress={() => setAsking(false)}>{t('pairing.network.cancel')}</Button>
          <Button
            look="primary"
            autoFocus
            isPending={listen.state.tag === 'busy'}
            onPress={() => listen.run(name, address)}
          >
            {t('pairing.network.confirm')}
          </Button>
        </div>
      </div>
    );
  return (
    <>
      <RadioGroup className="choices" value={name} onChange={setChosen}>
        <Label className="strong">{t('pairing.network.title')}</Label>
        {offered.map((one) => (
          <Choice
            key={one.interface}
            value={one.interface}
            text={`${one.interface} · ${one.address} · ${t(`devices.connect.scope.${one.scope}`)}`}
          />
        ))}
      </RadioGroup>
      <div className="pair-actions">
        <Button look="primary" isDisabled={!isLive} onPress={() => setAsking(true)}>
          {t('pairing.network.use')}
        </Button>
      </div>
    </>
  );
}

/** One address for each interface that devices could use; the engine follows the interface. */
function networksOf(addresses: readonly NetworkAddressFacts[]): readonly NetworkAddressFacts[] {
  const byName = new Map<string, NetworkAddressFacts>();
  for (const one of addresses) {
    if (one.scope === 'loopback' || one.scope === 'public') continue;
    const before = byName.get(one.interface);
    if (before === undefined || rank(one) < rank(before)) byName.set(one.interface, one);
  }
  return [...byName.values()];
}

/** IPv4 in the local network first: many modalities know nothing else. */
function rank({ address, scope }: NetworkAddressFacts): number {
  return (scope === 'private' ? 0 : 2) + (address.includes(':') ? 1 : 0);
}
