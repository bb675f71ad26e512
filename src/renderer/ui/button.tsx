import type { ReactElement, ReactNode } from 'react';
import { Button as AriaButton } from 'react-aria-components';

interface ButtonProps {
  readonly look?: 'primary' | 'secondary' | 'quiet' | 'danger';
  readonly children: ReactNode;
  readonly onPress?: () => void;
  readonly type?: 'button' | 'submit';
  readonly isDisabled?: boolean;
  /** Runs already: a turning mark; what it does ignores further presses (useAction), and focus stays. */
  readonly isPending?: boolean;
  readonly label?: string;
  readonly autoFocus?: boolean;
}

/** The one button. `label` names it for screen readers where the text alone would be the same in every row. */
export function Button({
  look = 'secondary',
  children,
  onPress,
  type = 'button',
  isDisabled = false,
  isPending = false,
  label,
  autoFocus = false,
}: ButtonProps): ReactElement {
  return (
    <AriaButton
      className={`button button-${look} ${isPending ? 'button-pending' : ''}`}
      type={type}
      isDisabled={isDisabled}
      autoFocus={autoFocus}
      {...(onPress === undefined ? {} : { onPress })}
      {...(label === undefined ? {} : { 'aria-label': label })}
    >
      {children}
    </AriaButton>
  );
}
