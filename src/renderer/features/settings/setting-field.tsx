import { useId } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { Label, RadioGroup } from 'react-aria-components';
import type { FieldFacts, SettingFacts } from '../../../shared/settings-facts.ts';
import { Choice, Tick } from '../../ui/choice.tsx';
import { TextLine } from '../../ui/text-line.tsx';
import type { FieldForm } from './settings-form.ts';

interface FieldProps {
  readonly facts: Pick<FieldFacts, 'choices' | 'longest' | 'unit'> & { readonly kind: SettingFacts['kind'] };
  readonly label: string;
  readonly help: string;
  readonly form: FieldForm;
  readonly onChange: (form: FieldForm) => void;
  readonly choiceText: (value: string) => string;
  readonly problem: string | undefined;
}

/** The control for one value, by its kind. */
export function SettingField({
  facts,
  label,
  help,
  form,
  onChange,
  choiceText,
  problem,
}: FieldProps): ReactElement {
  switch (facts.kind) {
    case 'boolean':
      return (
        <Described help={help} problem={problem}>
          <Tick text={label} isTicked={form === true} onChange={onChange} />
        </Described>
      );
    case 'choice':
      return (
        <Described help={help} problem={problem}>
          <RadioGroup className="choices" value={String(form)} onChange={onChange}>
            <Label>{label}</Label>
            {facts.choices.map((value) => (
              <Choice key={value} value={value} text={choiceText(value)} />
            ))}
          </RadioGroup>
        </Described>
      );
    case 'choices':
      return (
        <Ticks
          label={label}
          choices={facts.choices}
          chosen={Array.isArray(form) ? form : []}
          onChange={onChange}
          choiceText={choiceText}
          problem={problem}
        />
      );
    case 'list':
      return (
        <TextLine
          label={label}
          help={help}
          value={String(form)}
          onChange={onChange}
          problem={problem}
          rows={3}
        />
      );
    case 'number':
    case 'text':
      return (
        <TextLine
          label={label}
          {...(help === '' ? {} : { help })}
          value={String(form)}
          onChange={onChange}
          problem={problem}
          {...(facts.kind === 'number' ? { maxLength: 20 } : { maxLength: facts.longest ?? 2000 })}
        />
      );
  }
}

function Described({
  help,
  problem,
  children,
}: {
  readonly help: string;
  readonly problem: string | undefined;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <div className="setting-control">
      {children}
      {help === '' ? null : <p className="muted">{help}</p>}
      {problem === undefined ? null : (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function Ticks({
  label,
  choices,
  chosen,
  onChange,
  choiceText,
  problem,
}: {
  readonly label: string;
  readonly choices: readonly string[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
  readonly choiceText: (value: string) => string;
  readonly problem: string | undefined;
}): ReactElement {
  const labelId = useId();
  return (
    <Described help="" problem={problem}>
      <div role="group" aria-labelledby={labelId} className="setting-ticks">
        <span id={labelId} className="strong">
          {label}
        </span>
        <div className="setting-ticks-row">
          {choices.map((value) => (
            <Tick
              key={value}
              text={choiceText(value)}
              isTicked={chosen.includes(value)}
              onChange={(isTicked) =>
                onChange(choices.filter((one) => (one === value ? isTicked : chosen.includes(one))))
              }
            />
          ))}
        </div>
      </div>
    </Described>
  );
}
