import { useId, useRef } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { SecretState } from '../../../shared/contract-settings.ts';
import type { ItemFacts, SettingFacts } from '../../../shared/settings-facts.ts';
import { Button } from '../../ui/button.tsx';
import { Credential } from './credential-state.tsx';
import { pathSettings } from './path-settings.ts';
import { SettingField } from './setting-field.tsx';
import { useSettingWords } from './setting-words.ts';
import { fieldsOf, newItem } from './settings-form.ts';
import type { ItemForm } from './settings-form.ts';

interface ListProps {
  readonly facts: SettingFacts;
  readonly items: readonly ItemForm[];
  readonly onChange: (items: readonly ItemForm[]) => void;
  /** By the place of the field: `destinations.0.container`. */
  readonly problemAt: (place: string) => string | undefined;
  readonly secrets: readonly SecretState[];
}

/** Entries that can be added, changed and removed. */
export function ListField({ facts, items, onChange, problemAt, secrets }: ListProps): ReactElement {
  const { t } = useTranslation();
  const words = useSettingWords();
  const labelId = useId();
  const listRef = useRef<HTMLDivElement>(null);
  const { item } = facts;
  const add = (kind: string | undefined): void => {
    if (item === undefined) return;
    const id = Math.max(0, ...items.map((one) => one.id)) + 1;
    onChange([...items, newItem(item, kind, id)]);
    // Reading goes on where there is something to fill in.
    requestAnimationFrame(() => {
      const fields = listRef.current?.querySelectorAll<HTMLElement>('fieldset:last-of-type input');
      fields?.[0]?.focus();
    });
  };
  const own = problemAt(facts.key);
  return (
    <div className="setting-control" role="group" aria-labelledby={labelId} tabIndex={-1} ref={listRef}>
      <p id={labelId} className="strong">
        {words.label(facts.key)}
      </p>
      <p className="muted">{words.help(facts)}</p>
      {own === undefined ? null : (
        <p className="field-error" role="alert">
          {own}
        </p>
      )}
      {items.length === 0 ? <p className="muted">{t('settings.list.empty')}</p> : null}
      {items.map((one, index) => (
        <Entry
          key={one.id}
          facts={facts}
          entry={one}
          index={index}
          problemAt={problemAt}
          secret={secrets.find(({ name }) => facts.key === 'destinations' && name === one.values['name'])}
          onChange={(next) => onChange(items.map((other) => (other.id === next.id ? next : other)))}
          onRemove={() => {
            onChange(items.filter((other) => other.id !== one.id));
            listRef.current?.focus();
          }}
        />
      ))}
      <div className="setting-adds">
        {kindsOf(item).map((kind) => (
          <Button key={kind ?? ''} onPress={() => add(kind)}>
            {kind === undefined
              ? t('settings.list.add')
              : t('settings.list.addKind', { kind: words.kind(kind) })}
          </Button>
        ))}
      </div>
    </div>
  );
}

function kindsOf(item: ItemFacts | undefined): readonly (string | undefined)[] {
  return item?.tag === 'kinds' ? item.kinds.map(({ kind }) => kind) : [undefined];
}

function Entry({
  facts,
  entry,
  index,
  problemAt,
  secret,
  onChange,
  onRemove,
}: {
  readonly facts: SettingFacts;
  readonly entry: ItemForm;
  readonly index: number;
  readonly problemAt: ListProps['problemAt'];
  readonly secret: SecretState | undefined;
  readonly onChange: (entry: ItemForm) => void;
  readonly onRemove: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const words = useSettingWords();
  const { kind, values, isNew } = entry;
  const given = values['name'] ?? values['path'];
  const number = t('settings.list.entry', { number: index + 1 });
  const name = typeof given === 'string' && given !== '' ? given : number;
  const place = `${facts.key}.${index}`;
  const whole = problemAt(place);
  const needsSecret = facts.key === 'destinations' && kind !== 'folder' && values['auth'] !== 'none';
  return (
    <fieldset className="setting-entry">
      <legend>{kind === undefined ? name : `${name} · ${words.kind(kind)}`}</legend>
      {whole === undefined ? null : (
        <p className="field-error" role="alert">
          {whole}
        </p>
      )}
      <div className="setting-entry-fields">
        {fieldsOf(facts.item, kind)
          // Images are filed under the name: it stays.
          .filter((field) => isNew || facts.key !== 'destinations' || field.name !== 'name')
          .map((field) => {
            const unit = words.unit(field.unit);
            const label = words.itemLabel(facts.key, field.name);
            const mayBeEmpty = !field.isRequired && (field.kind === 'text' || field.kind === 'number');
            return (
              <SettingField
                key={field.name}
                facts={field}
                label={unit === undefined ? label : `${label} (${unit})`}
                help={mayBeEmpty ? t('settings.list.optional') : ''}
                form={values[field.name] ?? ''}
                choiceText={(value) => words.choice(`${facts.key}.${field.name}`, value)}
                problem={problemAt(`${place}.${field.name}`)}
                path={pathSettings[`${facts.key}.${field.name}`]}
                onChange={(form) => onChange({ ...entry, values: { ...values, [field.name]: form } })}
              />
            );
          })}
      </div>
      {!needsSecret ? null : isNew ? (
        <p className="muted">{t('settings.secret.saveFirst')}</p>
      ) : secret === undefined ? null : (
        <Credential secret={secret} />
      )}
      <div>
        <Button look="quiet" label={t('settings.list.removeLabel', { name })} onPress={onRemove}>
          {t('settings.list.remove')}
        </Button>
      </div>
    </fieldset>
  );
}
