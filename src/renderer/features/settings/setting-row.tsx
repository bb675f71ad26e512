import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { SecretState, SettingState } from '../../../shared/contract-settings.ts';
import type { SettingFacts } from '../../../shared/settings-facts.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Credential } from './credential-state.tsx';
import { ListField } from './list-field.tsx';
import { pathSettings } from './path-settings.ts';
import { SettingField } from './setting-field.tsx';
import { useSettingWords } from './setting-words.ts';
import type { FieldForm, SettingForm } from './settings-form.ts';

interface RowProps {
  readonly facts: SettingFacts;
  readonly state: SettingState;
  readonly isShown: boolean;
  readonly form: SettingForm;
  readonly problemAt: (place: string) => string | undefined;
  readonly secrets: readonly SecretState[];
  readonly onChange: (form: SettingForm) => void;
  readonly onReset: () => void;
}

type SecretWords = 'proxy' | 'smtp' | 'alerts-webhook';

/** Below which setting the credential stands that is no destination's. */
const placesOfSecrets: Readonly<Record<string, SecretWords>> = {
  'network.proxy.address': 'proxy',
  'alerts.email.user': 'smtp',
  'alerts.webhook.url': 'alerts-webhook',
};

/** One setting: its field, what is allowed, where its value comes from. */
export function SettingRow(props: RowProps): ReactElement {
  const { facts, state, isShown, secrets } = props;
  const { t } = useTranslation();
  const words = useSettingWords();
  const isLive = useIsLive();
  const label = words.label(facts.key);
  const secret = secrets.find(({ name }) => name === placesOfSecrets[facts.key]);
  return (
    <div className="setting" hidden={!isShown} data-setting={facts.key}>
      {state.source === 'environment' ? <ReadOnly {...props} /> : <Field {...props} />}
      {secret === undefined ? null : (
        <div>
          <p className="strong">{t(`settings.secret.${secret.name as SecretWords}`)}</p>
          <Credential secret={secret} />
        </div>
      )}
      <p className="setting-facts">
        <code>{facts.key}</code>
        {state.source === 'environment' ? null : (
          <span data-source={state.source}>{t(`settings.source.${state.source}`)}</span>
        )}
        {facts.applies === 'restart' ? <span>{t('settings.restartNote')}</span> : null}
        {state.inForce === undefined ? null : (
          <span className="strong">
            {t('settings.stillUsed', { value: words.value(facts, state.inForce.value) })}
          </span>
        )}
        {state.source !== 'file' ? null : (
          <Button
            look="quiet"
            isDisabled={!isLive}
            label={t('settings.resetLabel', { name: label })}
            onPress={props.onReset}
          >
            {t('settings.reset')}
          </Button>
        )}
      </p>
    </div>
  );
}

function ReadOnly({ facts, state }: RowProps): ReactElement {
  const { t } = useTranslation();
  const words = useSettingWords();
  return (
    <div className="setting-control">
      <p className="strong">{words.label(facts.key)}</p>
      <p className="muted">{words.help(facts)}</p>
      <p className="setting-fixed">{words.value(facts, state.value)}</p>
      <p>{t('settings.source.environment', { variable: state.variable })}</p>
    </div>
  );
}

function Field({ facts, form, problemAt, secrets, onChange }: RowProps): ReactElement {
  const { t } = useTranslation();
  const words = useSettingWords();
  if (typeof form === 'object' && 'items' in form)
    return (
      <ListField
        facts={facts}
        items={form.items}
        problemAt={problemAt}
        secrets={secrets}
        onChange={(items) => onChange({ items })}
      />
    );
  const unit = words.unit(facts.unit);
  const label = words.label(facts.key);
  return (
    <SettingField
      facts={facts}
      label={unit === undefined ? label : `${label} (${unit})`}
      help={helpOf()}
      form={form}
      choiceText={(value) => words.choice(facts.key, value)}
      problem={problemAt(facts.key) ?? entryProblem()}
      path={pathSettings[facts.key]}
      onChange={(next: FieldForm) => onChange(next)}
    />
  );

  /** Of a list of lines: whichever line it is about. */
  function entryProblem(): string | undefined {
    if (facts.kind !== 'list') return undefined;
    const lines = typeof form === 'string' ? form.split('\n') : [];
    return lines.map((_, index) => problemAt(`${facts.key}.${index}`)).find((one) => one !== undefined);
  }

  function helpOf(): string {
    const preset =
      facts.preset === undefined || facts.preset === ''
        ? undefined
        : t('settings.preset', { value: words.value(facts, facts.preset) });
    const limits = words.limits(facts);
    const inBrackets = [limits, preset].filter((one) => one !== undefined).join('; ');
    return [
      words.help(facts),
      ...(facts.kind === 'list' ? [`${t('settings.list.oneEachLine')}.`] : []),
      ...(inBrackets === '' ? [] : [`(${inBrackets})`]),
    ].join(' ');
  }
}
