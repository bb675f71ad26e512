import type { ReactElement } from 'react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';

interface SwitchProps<Id extends string> {
  readonly label: string;
  readonly choices: readonly { readonly id: Id; readonly text: string }[];
  readonly chosen: Id;
  readonly onChange: (id: Id) => void;
  readonly className?: string;
}

/** One of a few ways to look at something; one is always chosen. */
export function Switch<Id extends string>({
  label,
  choices,
  chosen,
  onChange,
  className = '',
}: SwitchProps<Id>): ReactElement {
  return (
    <ToggleButtonGroup
      className={`switch ${className}`.trim()}
      aria-label={label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[chosen]}
      onSelectionChange={(keys) => {
        const next = choices.find(({ id }) => keys.has(id));
        if (next !== undefined) onChange(next.id);
      }}
    >
      {choices.map(({ id, text }) => (
        <ToggleButton key={id} id={id} className="switch-choice">
          {text}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
