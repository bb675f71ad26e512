import type { ReactElement } from 'react';
import { FieldError, Input, Label, Text, TextField } from 'react-aria-components';

interface HiddenFieldProps {
  readonly label: string;
  readonly help?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly problem?: string | undefined;
  readonly maxLength: number;
  /** new-password: the browser may offer one, as for what is made up here. */
  readonly autoComplete?: 'off' | 'new-password';
  readonly autoFocus?: boolean;
}

/** Where a passphrase or credential is typed: never shown, told nowhere. */
export function HiddenField({
  label,
  help,
  value,
  onChange,
  problem,
  maxLength,
  autoComplete = 'off',
  autoFocus = false,
}: HiddenFieldProps): ReactElement {
  return (
    <TextField
      className="field"
      type="password"
      value={value}
      onChange={onChange}
      maxLength={maxLength}
      isInvalid={problem !== undefined}
      autoComplete={autoComplete}
      autoFocus={autoFocus}
    >
      <Label>{label}</Label>
      {help === undefined ? null : (
        <Text slot="description" className="muted">
          {help}
        </Text>
      )}
      <Input />
      <FieldError className="field-error">{problem}</FieldError>
    </TextField>
  );
}
