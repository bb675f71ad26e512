import type { ReactElement } from 'react';
import { HiddenField } from '../../ui/hidden-field.tsx';

/** The contract's limit (Windows' keychain holds 2,560 bytes an entry). */
const credentialMaxLength = 2500;

/** Where a credential is typed: never shown, never remembered by the browser. */
export function CredentialField({
  label,
  help,
  value,
  onChange,
  problem,
  autoFocus = false,
}: {
  readonly label: string;
  readonly help?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly problem?: string | undefined;
  readonly autoFocus?: boolean;
}): ReactElement {
  return (
    <HiddenField
      label={label}
      {...(help === undefined ? {} : { help })}
      value={value}
      onChange={onChange}
      maxLength={credentialMaxLength}
      problem={problem}
      autoFocus={autoFocus}
    />
  );
}
