import { useRef, useState } from 'react';
import type { ReactElement } from 'react';
import { Form, Label, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { assertNever } from '../../../shared/assert-never.ts';
import type { Pairing } from '../../../shared/devices.ts';
import { useAction } from '../../state/engine-context.ts';
import type { EngineClient } from '../../transport/transport.ts';
import { Button } from '../../ui/button.tsx';
import { Choice } from '../../ui/choice.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { TriangleAlert } from '../../ui/icons.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { TextLine } from '../../ui/text-line.tsx';
import type { PairingPurpose } from '../dialog-context.ts';
import { keepFocus, panelIds, useAccess, useCertificates } from './access-context.ts';
import { CertificateFields } from './certificate-fields.tsx';
import { changesOf, checkDraft, withTicks } from './pairing-draft.ts';
import type { DraftField, PairingDraft } from './pairing-draft.ts';
import { SendingFields } from './sending-fields.tsx';

/** What the schema allows; longer ones cannot be typed. */
const mostNameLetters = 64;

/** One form for pairing by hand, allowing a caller, and changing a pairing. */
export function PairingDialog({
  purpose,
  draft: start,
  onClose,
}: {
  readonly purpose: PairingPurpose;
  readonly draft: PairingDraft;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const say = useNotice();
  const { again } = useAccess();
  const form = useRef<HTMLFormElement>(null);
  const certificates = useCertificates();
  const [draft, setDraft] = useState(() =>
    withTicks(
      start,
      certificates.filter(({ role }) => role === 'device').map(({ sha256 }) => sha256),
    ),
  );
  const [asked, setAsked] = useState(false);
  const outcome = checkDraft(draft);
  const problemOf = (field: DraftField): string | undefined => {
    const key = asked && outcome.tag === 'wrong' ? outcome.problems[field] : undefined;
    return key === undefined ? undefined : t(`devices.form.problem.${key}`);
  };
  const change = (part: Partial<PairingDraft>) => setDraft((before) => ({ ...before, ...part }));

  const save = useAction(async (client, pairing: Pairing) => {
    const saved = await carryOut(client, purpose, pairing);
    say(
      saved === undefined
        ? t('devices.form.unchanged')
        : t(purpose.tag === 'change' ? 'devices.form.saved' : 'devices.form.paired', { name: saved }),
    );
    again();
    onClose();
    keepFocus(purpose.tag === 'allow' ? panelIds.callers : panelIds.paired);
  });
  const submit = () => {
    setAsked(true);
    if (outcome.tag === 'fits') save.run(outcome.pairing);
    else
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  };

  const { channel } = draft;
  return (
    <Dialog title={useTitle(purpose)} onClose={onClose}>
      <Form
        ref={form}
        validationBehavior="aria"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextLine
          label={t('devices.form.name')}
          help={t('devices.form.nameHelp')}
          value={draft.name}
          onChange={(name) => change({ name })}
          problem={problemOf('name')}
          look="words"
          maxLength={mostNameLetters}
          autoFocus
        />
        <TextLine
          label={t('devices.form.aeTitle')}
          help={t('devices.form.aeTitleHelp')}
          value={draft.aeTitle}
          onChange={(aeTitle) => change({ aeTitle })}
          problem={problemOf('aeTitle')}
        />
        <RadioGroup
          className="choices"
          value={channel}
          onChange={(value) => change({ channel: value === 'tls' ? 'tls' : 'plain' })}
        >
          <Label>{t('devices.form.channel')}</Label>
          <Choice value="tls" text={t('devices.form.channelTls')} />
          <Choice value="plain" text={t('devices.form.channelPlain')} />
        </RadioGroup>
        {channel === 'plain' ? (
          <div className="note" data-tone="attention">
            <TriangleAlert />
            <p>{t('devices.form.plainWarning')}</p>
          </div>
        ) : (
          <CertificateFields draft={draft} onChange={change} problemOf={problemOf} />
        )}
        <TextLine
          label={t('devices.form.addresses')}
          help={t(channel === 'plain' ? 'devices.form.addressesHelp' : 'devices.form.addressesTlsHelp')}
          value={draft.addresses}
          onChange={(addresses) => change({ addresses })}
          problem={problemOf('addresses')}
          rows={2}
        />
        <SendingFields draft={draft} onChange={change} problemOf={problemOf} purpose={purpose} />
        <ActionError state={save.state} />
        <DialogButtons>
          <Button onPress={onClose}>{t('dialog.cancel')}</Button>
          <Button look="primary" type="submit" isPending={save.state.tag === 'busy'}>
            {t(`devices.form.${purpose.tag === 'change' ? 'save' : purpose.tag}`)}
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

function useTitle(purpose: PairingPurpose): string {
  const { t } = useTranslation();
  switch (purpose.tag) {
    case 'pair':
      return t('devices.form.pairTitle');
    case 'allow':
      return t('devices.form.allowTitle', { title: purpose.caller.callingAeTitle ?? '' });
    case 'change':
      return t('devices.form.changeTitle', { name: purpose.device.name });
    default:
      return assertNever(purpose);
  }
}

/** The name it has now; undefined when there was nothing to change. */
async function carryOut(
  { devices }: EngineClient,
  purpose: PairingPurpose,
  pairing: Pairing,
): Promise<string | undefined> {
  switch (purpose.tag) {
    case 'pair':
      return (await devices.pair(pairing)).name;
    case 'allow': {
      const { name, ...rest } = pairing;
      return (await devices.allowCaller({ id: purpose.caller.id, name, pairing: rest })).name;
    }
    case 'change': {
      const change = changesOf(purpose.device, pairing);
      if (Object.keys(change).length === 0) return undefined;
      return (await devices.change({ id: purpose.device.id, change })).name;
    }
    default:
      return assertNever(purpose);
  }
}
