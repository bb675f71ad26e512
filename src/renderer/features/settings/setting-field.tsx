import { useId } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { Label, RadioGroup } from 'react-aria-components';
import type { PathPurpose } from '../../../shared/path-choice.ts';
import type { FieldFacts, SettingFacts } from '../../../shared/settings-facts.ts';
import { Choice, Tick } from '../../ui/choice.tsx';
import { PathField } from '../../ui/path-field.tsx';
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
  /** Of a text that is a path of this PC. */
  readonly path?: PathPurpose | undefined;
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
  path,
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
    case 'text': {
      const field = {
        label,
        ...(help === '' ? {} : { help }),
        value: String(form),
        onChange,
        problem,
        maxLength: facts.kind === 'number' ? 20 : (facts.longest ?? 2000),
      };
      return path === undefined ? <TextLine {...field} /> : <PathField {...field} purpose={path} />;
    }
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
