import { useState } from 'react';
import type { ReactElement } from 'react';
import { Form, Label, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { classesOfKind, likelyKind } from '../../../../shared/device-kinds.ts';
import type { DeviceKind } from '../../../../shared/device-kinds.ts';
import type { Device, RefusedCaller } from '../../../../shared/devices.ts';
import type { Proposal } from '../../../../shared/pairing.ts';
import { useFormat } from '../../../i18n/format.ts';
import { useAction } from '../../../state/engine-context.ts';
import { Button } from '../../../ui/button.tsx';
import { Choice, Tick } from '../../../ui/choice.tsx';
import { ActionError } from '../../../ui/error-note.tsx';
import { LockIcon, TriangleAlert } from '../../../ui/icons.tsx';
import { TextLine } from '../../../ui/text-line.tsx';
import { KindChoice } from './kind-choice.tsx';

/** As the pairing's schema has it. */
const mostNameLetters = 64;

type Limit = 'all' | 'kind' | 'proposed';

interface AllowFormProps {
  readonly caller: RefusedCaller;
  /** What it wants to send. */
  readonly proposals: readonly Proposal[];
  readonly devices: readonly Device[];
  readonly onBack: () => void;
  readonly onPaired: (device: Device) => void;
}

/** Name, kind and limits of a caller that may send from now on. */
export function AllowForm({ caller, proposals, devices, onBack, onPaired }: AllowFormProps): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const uids = proposals.map(({ uid }) => uid);
  const [kind, setKind] = useState<DeviceKind>(likelyKind(uids) ?? 'other');
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const [limit, setLimit] = useState<Limit>('all');
  const [knowsPlain, setKnowsPlain] = useState(false);
  const [asked, setAsked] = useState(false);
  const { channel, address } = caller;
  const known = pairedTwin(caller, devices);
  // As long as nobody has typed one, the kind names it.
  const name = typed ?? (kind === 'other' ? (caller.callingAeTitle ?? '') : t(`pairing.allow.kinds.${kind}`));
  const isNameMissing = name.trim() === '';
  const isPlainOpen = channel === 'plain' && !knowsPlain;

  const allow = useAction(async (client) => {
    const classes = classesFor(limit, kind, uids);
    const device = await client.devices.allowCaller({
      id: caller.id,
      name: name.trim().slice(0, mostNameLetters),
      pairing: classes === undefined ? {} : { classes: [...classes] },
    });
    onPaired(device);
  });
  const addTo = useAction(async (client, device: Device) => {
    const { certificate } = caller;
    const change =
      channel === 'tls' && certificate !== null
        ? { certificates: [...device.certificates, certificate].slice(-8) }
        : { addresses: [...device.addresses, address].slice(-16) };
    onPaired(await client.devices.change({ id: device.id, change }));
  });
  const submit = () => {
    setAsked(true);
    if (!isNameMissing && !isPlainOpen) allow.run();
  };
  return (
    <Form
      className="pair-form"
      validationBehavior="aria"
      aria-label={t('pairing.allow.title', { title: caller.callingAeTitle ?? '' })}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {known === undefined ? null : (
        <div className="pair-known">
          <p>{t('pairing.allow.addToText')}</p>
          <Button look="primary" isPending={addTo.state.tag === 'busy'} onPress={() => addTo.run(known)}>
            {t('pairing.allow.addTo', { name: known.name })}
          </Button>
          <ActionError state={addTo.state} />
        </div>
      )}
      <KindChoice value={kind} onChange={setKind} />
      <TextLine
        label={t('pairing.allow.name')}
        help={t('pairing.allow.nameHelp')}
        value={name}
        onChange={setTyped}
        problem={asked && isNameMissing ? t('pairing.allow.nameMissing') : undefined}
        look="words"
        maxLength={mostNameLetters}
      />
      <RadioGroup
        className="choices"
        value={limit}
        onChange={(value) => setLimit(value === 'kind' || value === 'proposed' ? value : 'all')}
      >
        <Label className="strong">{t('pairing.allow.limits')}</Label>
        <Choice value="all" text={t('pairing.allow.limitAll')} />
        {kind === 'other' ? null : <Choice value="kind" text={t('pairing.allow.limitKind')} />}
        {uids.length === 0 ? null : (
          <Choice
            value="proposed"
            text={t('pairing.allow.limitProposed', {
              count: uids.length,
              formatted: format.count(uids.length),
            })}
          />
        )}
      </RadioGroup>
      {channel === 'tls' ? (
        <p className="pair-tls">
          <LockIcon /> {t('pairing.allow.tls')}
        </p>
      ) : (
        <div className="note" data-tone="attention">
          <TriangleAlert />
          <div className="pair-plain">
            <p className="note-message">{t('pairing.allow.plain')}</p>
            <p>{t('pairing.allow.pinned', { address })}</p>
            <Tick text={t('pairing.allow.plainTick')} isTicked={knowsPlain} onChange={setKnowsPlain} />
            {asked && isPlainOpen ? (
              <p className="field-error" role="alert">
                {t('pairing.allow.plainMissing')}
              </p>
            ) : null}
          </div>
        </div>
      )}
      <ActionError state={allow.state} />
      <div className="pair-actions">
        <Button onPress={onBack}>{t('pairing.allow.cancel')}</Button>
        <Button look="primary" type="submit" isPending={allow.state.tag === 'busy'}>
          {t('pairing.allow.confirm')}
        </Button>
      </div>
    </Form>
  );
}

/** undefined: all of the standard. */
function classesFor(
  limit: Limit,
  kind: DeviceKind,
  proposed: readonly string[],
): readonly string[] | undefined {
  switch (limit) {
    case 'all':
      return undefined;
    case 'kind':
      return classesOfKind(kind);
    case 'proposed':
      return proposed.length === 0 ? undefined : proposed;
  }
}

/** The one paired device that this may be, at another address or with another certificate. */
function pairedTwin(caller: RefusedCaller, devices: readonly Device[]): Device | undefined {
  const { because, callingAeTitle, channel } = caller;
  if (because !== 'other-address' && because !== 'other-certificate') return undefined;
  const same = devices.filter((one) => one.aeTitle === callingAeTitle && one.channel === channel);
  return same.length === 1 ? same[0] : undefined;
}
