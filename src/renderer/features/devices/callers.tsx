import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Device, RefusedCaller } from '../../../shared/devices.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction, useIsLive } from '../../state/engine-context.ts';
import { useNowMs } from '../../state/now.ts';
import { Button } from '../../ui/button.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { DoorIcon, OctagonStop, TriangleAlert } from '../../ui/icons.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { keepFocus, panelIds, useAccess } from './access-context.ts';
import { draftOfCaller, draftWithCaller } from './pairing-draft.ts';
import { ChannelMark, fingerprintStart, kindName, storedKinds } from './words.tsx';

/** Of what a caller wants to send; the rest is counted. */
const kindsShown = 3;

interface CallersProps {
  readonly callers: readonly RefusedCaller[];
  readonly devices: readonly Device[];
  readonly ourTitle: string;
}

/** Who called and was turned away; those that wait for a decision first. */
export function Callers({ callers, devices, ourTitle }: CallersProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const waiting = callers.filter(({ dismissed }) => !dismissed);
  const dismissed = callers.filter((one) => one.dismissed);
  const row = (caller: RefusedCaller) => (
    <CallerRow key={caller.id} caller={caller} devices={devices} ourTitle={ourTitle} />
  );
  return (
    <Panel title={t('devices.callers.title')} icon={<DoorIcon />} id={panelIds.callers} className="callers">
      <p role="status" className={waiting.length === 0 ? 'empty' : 'strong'}>
        {waiting.length === 0
          ? t('devices.callers.empty')
          : t('devices.callers.waiting', { count: waiting.length, formatted: format.count(waiting.length) })}
      </p>
      <p className="muted">
        {waiting.length === 0 ? t('devices.callers.emptyText') : t('devices.callers.compare')}
      </p>
      {waiting.length === 0 ? null : <ul className="failure-list">{waiting.map(row)}</ul>}
      {dismissed.length === 0 ? null : (
        <details className="fold">
          <summary>
            {t('devices.callers.dismissed', {
              count: dismissed.length,
              formatted: format.count(dismissed.length),
            })}
          </summary>
          <ul className="failure-list">{dismissed.map(row)}</ul>
        </details>
      )}
    </Panel>
  );
}

function CallerRow({
  caller,
  devices,
  ourTitle,
}: {
  readonly caller: RefusedCaller;
} & Omit<CallersProps, 'callers'>): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const { because, address, certificate, dismissed } = caller;
  const title = caller.callingAeTitle ?? t('devices.callers.noTitle');
  const mayPretend = because === 'tls-only';
  const step =
    because === 'tls-only' || because === 'other-called-title' || because === 'odd-title'
      ? t(`devices.callers.step.${because}`, { ours: ourTitle })
      : undefined;
  return (
    <li className="failure" data-tone={dismissed ? 'unknown' : mayPretend ? 'not-receiving' : 'attention'}>
      {mayPretend ? <OctagonStop className="failure-icon" /> : <TriangleAlert className="failure-icon" />}
      <div className="failure-words">
        <h3 className="failure-message">
          <span className="typed">{title}</span> <span>{t('devices.callers.from', { address })}</span>
        </h3>
        <p className="failure-where">
          {t('failures.times', {
            count: caller.count,
            formatted: format.count(caller.count),
            first: format.moment(caller.firstAt, nowMs),
            last: format.ago(caller.lastAt, nowMs),
          })}
        </p>
        <p className="failure-step">
          {t(`devices.callers.why.${because}`, {
            called: caller.calledAeTitle ?? t('devices.callers.noTitle'),
            ours: ourTitle,
          })}
        </p>
        {step === undefined ? null : <p>{step}</p>}
        <p className="failure-where">
          <Wants caller={caller} />
        </p>
        <p className="caller-marks">
          <ChannelMark channel={caller.channel} />
          {certificate === null ? null : (
            <span className="typed">
              {t('devices.callers.certificate', { start: fingerprintStart(certificate) })}
            </span>
          )}
        </p>
      </div>
      <CallerActions caller={caller} devices={devices} title={title} />
    </li>
  );
}

function Wants({ caller }: { readonly caller: RefusedCaller }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const kinds = storedKinds(caller.classes).map(kindName);
  if (kinds.length === 0) return <>{t('devices.callers.wantsNothing')}</>;
  const hidden = kinds.length - kindsShown;
  const shown = kinds.slice(0, kindsShown);
  const list = format.list(
    hidden > 0
      ? [...shown, t('devices.callers.wantsMore', { count: hidden, formatted: format.count(hidden) })]
      : shown,
  );
  return <>{t('devices.callers.wants', { list })}</>;
}

/** What may be decided. A caller that has to be set right first cannot be allowed as it came. */
function CallerActions({
  caller,
  devices,
  title,
}: {
  readonly caller: RefusedCaller;
  readonly devices: readonly Device[];
  readonly title: string;
}): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  const { id, address, because } = caller;
  const pairable = because !== 'tls-only' && because !== 'other-called-title' && because !== 'odd-title';
  const known = pairable ? pairedTwin(caller, devices) : undefined;
  const allow = () =>
    openDialog({ tag: 'pairing', purpose: { tag: 'allow', caller }, draft: draftOfCaller(caller) });
  return (
    <div className="failure-action">
      {known === undefined ? null : (
        <Button
          look="primary"
          isDisabled={!isLive}
          label={t('devices.callers.addToLabel', { address, name: known.name })}
          onPress={() =>
            openDialog({
              tag: 'pairing',
              purpose: { tag: 'change', device: known },
              draft: draftWithCaller(known, caller),
            })
          }
        >
          {t('devices.callers.addTo', { name: known.name })}
        </Button>
      )}
      {!pairable ? null : (
        <Button
          look={known === undefined ? 'primary' : 'secondary'}
          isDisabled={!isLive}
          label={t(`devices.callers.${known === undefined ? 'allowLabel' : 'allowNewLabel'}`, {
            title,
            address,
          })}
          onPress={allow}
        >
          {t(`devices.callers.${known === undefined ? 'allow' : 'allowNew'}`)}
        </Button>
      )}
      {caller.dismissed ? null : <DismissCaller id={id} title={title} address={address} />}
    </div>
  );
}

/** The one paired device that this may be, at another address or with another certificate. */
function pairedTwin(caller: RefusedCaller, devices: readonly Device[]): Device | undefined {
  const { because, callingAeTitle, channel } = caller;
  if (because !== 'other-address' && because !== 'other-certificate') return undefined;
  const same = devices.filter((one) => one.aeTitle === callingAeTitle && one.channel === channel);
  return same.length === 1 ? same[0] : undefined;
}

function DismissCaller({
  id,
  title,
  address,
}: {
  readonly id: string;
  readonly title: string;
  readonly address: string;
}): ReactElement {
  const { t } = useTranslation();
  const say = useNotice();
  const isLive = useIsLive();
  const { again } = useAccess();
  const dismiss = useAction(async (client) => {
    await client.devices.dismiss({ id });
    say(t('devices.dismissedNote'));
    again();
    keepFocus(panelIds.callers);
  });
  return (
    <>
      <Button
        isDisabled={!isLive}
        isPending={dismiss.state.tag === 'busy'}
        label={t('devices.callers.dismissLabel', { title, address })}
        onPress={dismiss.run}
      >
        {t('devices.callers.dismiss')}
      </Button>
      <ActionError state={dismiss.state} />
    </>
  );
}
