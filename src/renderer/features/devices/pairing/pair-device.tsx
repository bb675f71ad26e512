import { useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device } from '../../../../shared/devices.ts';
import type { PairingState, Visit } from '../../../../shared/pairing.ts';
import { useAsked } from '../../../state/asked.ts';
import { AskedFailed, AskedLoading } from '../../../ui/asked-view.tsx';
import { CheckCircle } from '../../../ui/icons.tsx';
import { BothWays } from './both-ways.tsx';
import { CertificateFiles } from './certificate-files.tsx';
import { ConnectionCard } from './connection-card.tsx';
import { FirstImage } from './first-image.tsx';
import { LiveCallers } from './live-callers.tsx';
import { NetworkChoice } from './network-choice.tsx';
import { Trouble } from './trouble.tsx';
import { usePairing } from './use-pairing.ts';

/**
 * The whole way of a modality to this PC: what to type in, its first call, the question whether it may send, tests both
 * ways, its first image. `onPaired` is told of each device that was allowed here.
 */
export function PairDevice({ onPaired }: { readonly onPaired?: (device: Device) => void }): ReactElement {
  const { t } = useTranslation();
  const pairing = usePairing();
  switch (pairing.tag) {
    case 'loading':
      return <AskedLoading text={t('pairing.loading')} />;
    case 'failed':
      return <AskedFailed report={pairing.report} again={() => undefined} />;
    case 'ready':
      return <Steps state={pairing.answer} onPaired={onPaired} />;
  }
}

function Steps({
  state,
  onPaired,
}: {
  readonly state: PairingState;
  readonly onPaired: ((device: Device) => void) | undefined;
}): ReactElement {
  const { t } = useTranslation();
  const [allowed, setAllowed] = useState<Device | undefined>(undefined);
  const { asked: devices } = useAsked(`${state.revision}`, (client) => client.devices.list());
  const known = devices.tag === 'ready' ? devices.answer : [];
  const { connection, addresses, visits } = state;
  const isReachable = connection.reach === 'network';
  const device = currentDevice(allowed, known, visits);
  const own = visits.filter(({ deviceId }) => device !== undefined && deviceId === device.id);
  const echoed = own.find(({ echoes }) => echoes > 0);
  const images = own.reduce((sum, one) => sum + one.images, 0);
  const paired = (one: Device) => {
    setAllowed(one);
    onPaired?.(one);
  };
  return (
    <ol className="pair-steps">
      <Step number={1} title={t('pairing.step.type')} state={isReachable ? 'done' : 'now'}>
        {isReachable ? <ConnectionCard connection={connection} /> : null}
        <NetworkChoice connection={connection} addresses={addresses} />
        <CertificateFiles tlsPort={connection.tlsPort} />
      </Step>
      <Step
        number={2}
        title={t('pairing.step.call')}
        state={device !== undefined ? 'done' : isReachable ? 'now' : 'waiting'}
      >
        <LiveCallers state={state} devices={known} device={device} onPaired={paired} />
        <Trouble state={state} />
      </Step>
      <Step
        number={3}
        title={t('pairing.step.echo')}
        state={echoed !== undefined ? 'done' : device === undefined ? 'waiting' : 'now'}
      >
        <BothWays key={device?.id ?? ''} device={device} echoed={echoed} ours={connection.aeTitle} />
      </Step>
      <Step
        number={4}
        title={t('pairing.step.image')}
        state={images > 0 ? 'done' : device === undefined ? 'waiting' : 'now'}
      >
        <FirstImage device={device} visits={own} />
      </Step>
    </ol>
  );
}

/** The one that was allowed here, else the paired one that called last. */
function currentDevice(
  allowed: Device | undefined,
  known: readonly Device[],
  visits: readonly Visit[],
): Device | undefined {
  if (allowed !== undefined) return known.find(({ id }) => id === allowed.id) ?? allowed;
  const last = visits.find(({ deviceId }) => deviceId !== null);
  return known.find(({ id }) => id === last?.deviceId);
}

function Step({
  number,
  title,
  state,
  children,
}: {
  readonly number: number;
  readonly title: string;
  readonly state: 'done' | 'now' | 'waiting';
  readonly children: ReactNode;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <li className="pair-step" data-state={state}>
      <span className="pair-number" data-tone={state === 'done' ? 'all-safe' : 'unknown'} aria-hidden="true">
        {state === 'done' ? <CheckCircle /> : number}
      </span>
      <div className="pair-body">
        <h3 className="pair-title">
          {title} <span className="visually-hidden">({t(`pairing.stepState.${state}`)})</span>
        </h3>
        {children}
      </div>
    </li>
  );
}
