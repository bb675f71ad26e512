import { useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device, RefusedCaller } from '../../../../shared/devices.ts';
import type { PairingState, Proposal, Visit } from '../../../../shared/pairing.ts';
import { useFormat } from '../../../i18n/format.ts';
import { useAction, useIsLive } from '../../../state/engine-context.ts';
import { useNowMs } from '../../../state/now.ts';
import { Button } from '../../../ui/button.tsx';
import { ActionError } from '../../../ui/error-note.tsx';
import { CheckCircle, DoorIcon } from '../../../ui/icons.tsx';
import { ChannelMark } from '../words.tsx';
import { AllowForm } from './allow-form.tsx';
import { imagesOf, useNames } from './names.ts';
import { VisitList } from './visit-list.tsx';

interface LiveCallersProps {
  readonly state: PairingState;
  readonly devices: readonly Device[];
  /** The one that is being set up, once it is allowed. */
  readonly device: Device | undefined;
  readonly onPaired: (device: Device) => void;
}

/** Whoever called and waits for a yes, as they come; then what has called at all. */
export function LiveCallers({ state, devices, device, onPaired }: LiveCallersProps): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const isReachable = state.connection.reach === 'network';
  const waiting = state.callers.filter(({ because }) => decidable.has(because));
  return (
    <div className="pair-live">
      <p className="pair-listening" data-live={isLive && isReachable} role="status">
        {t(`pairing.live.${!isLive ? 'offline' : isReachable ? 'listening' : 'thisPcOnly'}`)}
      </p>
      {waiting.length === 0 ? null : (
        <>
          <p className="muted">{t('pairing.live.compare')}</p>
          <ul className="pair-callers">
            {waiting.map((caller) => (
              <Caller
                key={caller.id}
                caller={caller}
                visit={visitOf(caller, state.visits)}
                devices={devices}
                onPaired={onPaired}
              />
            ))}
          </ul>
        </>
      )}
      {device === undefined ? null : (
        <div className="pair-good" data-tone="all-safe" role="status">
          <CheckCircle />
          <div>
            <p className="strong">{t('pairing.live.paired', { name: device.name })}</p>
            <p>
              {t('pairing.live.pairedText', {
                title: device.aeTitle,
                address: device.addresses[0] ?? t('devices.paired.anyAddress'),
              })}
            </p>
            <ChannelMark channel={device.channel} />
          </div>
        </div>
      )}
      <VisitList visits={state.visits} devices={devices} />
    </div>
  );
}

/** The others have to be set right in the device first; what is wrong stands below. */
const decidable: ReadonlySet<RefusedCaller['because']> = new Set([
  'unknown-title',
  'other-address',
  'other-certificate',
  'plain-only',
]);

/** Its latest call, which says more of what it proposed. */
function visitOf(caller: RefusedCaller, visits: readonly Visit[]): Visit | undefined {
  return visits.find(
    (one) =>
      one.address === caller.address &&
      one.callingAeTitle === caller.callingAeTitle &&
      one.entrance === caller.channel,
  );
}

function Caller({
  caller,
  visit,
  devices,
  onPaired,
}: {
  readonly caller: RefusedCaller;
  readonly visit: Visit | undefined;
} & Pick<LiveCallersProps, 'devices' | 'onPaired'>): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const isLive = useIsLive();
  const [isAllowing, setAllowing] = useState(false);
  const { address, channel, id } = caller;
  const title = caller.callingAeTitle ?? t('pairing.live.noTitle');
  const dismiss = useAction(async (client) => {
    await client.devices.dismiss({ id });
  });
  return (
    <li className="pair-caller" data-tone="attention">
      <DoorIcon className="pair-caller-icon" />
      <div className="pair-caller-words">
        <h4>{t('pairing.live.caller', { title, address })}</h4>
        <p className="muted">
          {t('pairing.live.times', {
            count: caller.count,
            formatted: format.count(caller.count),
            when: format.ago(caller.lastAt, nowMs),
          })}
        </p>
        {visit === undefined || visit.software === null ? null : (
          <p className="muted">{t('pairing.live.software', { name: visit.software })}</p>
        )}
        <ChannelMark channel={channel} />
        <Proposes visit={visit} />
        {isAllowing ? (
          <AllowForm
            caller={caller}
            proposals={imagesOf(visit?.proposals ?? [])}
            devices={devices}
            onBack={() => setAllowing(false)}
            onPaired={onPaired}
          />
        ) : (
          <div className="pair-actions">
            <Button look="primary" isDisabled={!isLive} onPress={() => setAllowing(true)}>
              {t('pairing.live.allow', { title })}
            </Button>
            <Button
              isDisabled={!isLive}
              isPending={dismiss.state.tag === 'busy'}
              label={t('pairing.live.dismissLabel', { title, address })}
              onPress={dismiss.run}
            >
              {t('pairing.live.dismiss')}
            </Button>
          </div>
        )}
        <ActionError state={dismiss.state} />
      </div>
    </li>
  );
}

/** Of what it wants to send; many devices propose everything there is. */
const proposalsShown = 5;

function Proposed({ proposal }: { readonly proposal: Proposal }): ReactElement {
  const { t } = useTranslation();
  const names = useNames();
  return <li>{t('pairing.live.in', { kind: names.kind(proposal), codings: names.codings(proposal) })}</li>;
}

function Proposes({ visit }: { readonly visit: Visit | undefined }): ReactElement | null {
  const { t } = useTranslation();
  const format = useFormat();
  if (visit === undefined) return null;
  const images = imagesOf(visit.proposals);
  if (images.length === 0) return <p>{t('pairing.live.asksOnly')}</p>;
  return (
    <div>
      <p className="strong">{t('pairing.live.proposes')}</p>
      <ul className="pair-proposals">
        {images.slice(0, proposalsShown).map((one) => (
          <Proposed key={one.uid} proposal={one} />
        ))}
      </ul>
      {images.length <= proposalsShown ? null : (
        <details className="fold">
          <summary>
            {t('pairing.live.more', {
              count: images.length - proposalsShown,
              formatted: format.count(images.length - proposalsShown),
            })}
          </summary>
          <ul className="pair-proposals">
            {images.slice(proposalsShown).map((one) => (
              <Proposed key={one.uid} proposal={one} />
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
