import type { ReactElement, ReactNode, Ref } from 'react';
import { FieldError, Input, Label, Text, TextArea, TextField } from 'react-aria-components';

interface TextLineProps {
  readonly label: string;
  readonly help?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly problem: string | undefined;
  /** More than one: a field of several lines. */
  readonly rows?: number;
  /** Copied letter by letter from somewhere else: drawn so that similar ones can be told apart. */
  readonly look?: 'words' | 'typed';
  readonly maxLength?: number;
  readonly autoFocus?: boolean;
  /** Of a field of one line. */
  readonly inputRef?: Ref<HTMLInputElement>;
  /** A button that fills it in. */
  readonly beside?: ReactNode;
}

/** A field with its name, its help, and what is wrong with it beside it. */
export function TextLine({
  label,
  help,
  value,
  onChange,
  problem,
  rows = 1,
  look = 'typed',
  maxLength,
  autoFocus = false,
  inputRef,
  beside = null,
}: TextLineProps): ReactElement {
  const className = look === 'typed' ? 'typed' : '';
  const line = <Input className={className} {...(inputRef === undefined ? {} : { ref: inputRef })} />;
  return (
    <TextField
      className="field"
      value={value}
      onChange={onChange}
      isInvalid={problem !== undefined}
      spellCheck="false"
      autoComplete="off"
      autoFocus={autoFocus}
      {...(maxLength === undefined ? {} : { maxLength })}
    >
      <Label>{label}</Label>
      {help === undefined ? null : (
        <Text slot="description" className="muted">
          {help}
        </Text>
      )}
      {rows > 1 ? (
        <TextArea rows={rows} className={className} />
      ) : beside === null ? (
        line
      ) : (
        <div className="field-row">
          {line}
          {beside}
        </div>
      )}
      <FieldError className="field-error">{problem}</FieldError>
    </TextField>
  );
}
