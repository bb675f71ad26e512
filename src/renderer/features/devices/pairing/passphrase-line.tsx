import type { ReactElement } from 'react';
import { FieldError, Input, Label, Text, TextField } from 'react-aria-components';

/** A passphrase that is typed here and told nowhere. */
export function PassphraseLine({
  label,
  help,
  value,
  onChange,
  problem,
}: {
  readonly label: string;
  readonly help: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly problem: string | undefined;
}): ReactElement {
  return (
    <TextField
      className="field"
      type="password"
      value={value}
      onChange={onChange}
      isInvalid={problem !== undefined}
      autoComplete="new-password"
      maxLength={128}
    >
      <Label>{label}</Label>
      <Text slot="description" className="muted">
        {help}
      </Text>
      <Input />
      <FieldError className="field-error">{problem}</FieldError>
    </TextField>
  );
}
