import type { ReactElement } from 'react';
import { CheckboxButton, CheckboxField, RadioButton, RadioField } from 'react-aria-components';

/** One of a radio group. */
export function Choice({ value, text }: { readonly value: string; readonly text: string }): ReactElement {
  return (
    <RadioField value={value}>
      <RadioButton className="radio">
        <span className="radio-dot" aria-hidden="true" />
        {text}
      </RadioButton>
    </RadioField>
  );
}

export function Tick({
  text,
  isTicked,
  onChange,
}: {
  readonly text: string;
  readonly isTicked: boolean;
  readonly onChange: (isTicked: boolean) => void;
}): ReactElement {
  return (
    <CheckboxField isSelected={isTicked} onChange={onChange}>
      <CheckboxButton className="checkbox">
        <span className="checkbox-box" aria-hidden="true" />
        <span>{text}</span>
      </CheckboxButton>
    </CheckboxField>
  );
}
