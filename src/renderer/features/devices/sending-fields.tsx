import { useId, useState } from 'react';
import type { ReactElement } from 'react';
import { Label, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { Choice, Tick } from '../../ui/choice.tsx';
import { TextLine } from '../../ui/text-line.tsx';
import type { PairingPurpose } from '../dialog-context.ts';
import type { PartOfDraftProps } from './certificate-fields.tsx';
import { storedKinds } from './words.tsx';

/** What it may send, and where confirmations go: right as they are for most devices, so folded away. */
export function SendingFields(props: PartOfDraftProps & { readonly purpose: PairingPurpose }): ReactElement {
  const { t } = useTranslation();
  const { draft, problemOf } = props;
  const isSpecial =
    draft.classes === 'some' || draft.commitment === 'other' || draft.privateClasses.length > 0;
  const [open, setOpen] = useState(isSpecial);
  const hasProblem = (['classes', 'host', 'port', 'commitmentAeTitle'] as const).some(
    (field) => problemOf(field) !== undefined,
  );
  return (
    <details
      className="fold"
      open={open || hasProblem}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{t('devices.form.more')}</summary>
      <div className="fold-body">
        <ClassFields {...props} />
        <CommitmentFields {...props} />
      </div>
    </details>
  );
}

function ClassFields({
  draft,
  onChange,
  problemOf,
  purpose,
}: PartOfDraftProps & { readonly purpose: PairingPurpose }): ReactElement {
  const { t } = useTranslation();
  const labelId = useId();
  // What could have been unticked stays in sight while the form is open.
  const [offered] = useState(draft.privateClasses);
  const proposed = purpose.tag === 'allow' ? storedKinds(purpose.caller.classes) : [];
  return (
    <>
      <RadioGroup
        className="choices"
        value={draft.classes}
        onChange={(value) => onChange({ classes: value === 'some' ? 'some' : 'standard' })}
      >
        <Label>{t('devices.form.classes')}</Label>
        <Choice value="standard" text={t('devices.form.classesStandard')} />
        <Choice value="some" text={t('devices.form.classesSome')} />
      </RadioGroup>
      {draft.classes === 'standard' ? null : (
        <>
          <TextLine
            label={t('devices.form.classUids')}
            help={t('devices.form.classUidsHelp')}
            value={draft.classUids}
            onChange={(classUids) => onChange({ classUids })}
            problem={problemOf('classes')}
            rows={4}
          />
          {proposed.length === 0 ? null : (
            <div>
              <Button onPress={() => onChange({ classUids: proposed.map(({ uid }) => uid).join('\n') })}>
                {t('devices.form.proposed')}
              </Button>
            </div>
          )}
        </>
      )}
      {offered.length === 0 ? null : (
        <div className="choices" role="group" aria-labelledby={labelId}>
          <span id={labelId} className="strong">
            {t('devices.form.privateClasses')}
          </span>
          {offered.map((uid) => (
            <Tick
              key={uid}
              text={uid}
              isTicked={draft.privateClasses.includes(uid)}
              onChange={(isTicked) =>
                onChange({
                  privateClasses: offered.filter((one) =>
                    one === uid ? isTicked : draft.privateClasses.includes(one),
                  ),
                })
              }
            />
          ))}
        </div>
      )}
    </>
  );
}

function CommitmentFields({ draft, onChange, problemOf }: PartOfDraftProps): ReactElement {
  const { t } = useTranslation();
  return (
    <>
      <RadioGroup
        className="choices"
        value={draft.commitment}
        onChange={(value) => onChange({ commitment: value === 'other' ? 'other' : 'same' })}
      >
        <Label>{t('devices.form.commitment')}</Label>
        <p className="muted">{t('devices.form.commitmentHelp')}</p>
        <Choice value="same" text={t('devices.form.commitmentSame')} />
        <Choice value="other" text={t('devices.form.commitmentOther')} />
      </RadioGroup>
      {draft.commitment === 'same' ? null : (
        <>
          <TextLine
            label={t('devices.form.commitmentHost')}
            value={draft.host}
            onChange={(host) => onChange({ host })}
            problem={problemOf('host')}
          />
          <TextLine
            label={t('devices.form.commitmentPort')}
            value={draft.port}
            onChange={(port) => onChange({ port })}
            problem={problemOf('port')}
          />
          <TextLine
            label={t('devices.form.commitmentAeTitle')}
            help={t('devices.form.commitmentAeTitleHelp')}
            value={draft.commitmentAeTitle}
            onChange={(commitmentAeTitle) => onChange({ commitmentAeTitle })}
            problem={problemOf('commitmentAeTitle')}
          />
          <Tick
            text={t('devices.form.commitmentTls')}
            isTicked={draft.commitmentChannel === 'tls'}
            onChange={(isTicked) => onChange({ commitmentChannel: isTicked ? 'tls' : 'plain' })}
          />
        </>
      )}
    </>
  );
}
