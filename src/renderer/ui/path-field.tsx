import { useRef } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { PathPurpose } from '../../shared/path-choice.ts';
import { Button } from './button.tsx';
import { TextLine } from './text-line.tsx';
import { usePathChoice } from './use-path-choice.ts';

/** A field for a path of this PC. In the desktop app a button beside it opens the system's own dialog, which fills it in. */
export function PathField({
  label,
  help,
  value,
  onChange,
  problem,
  purpose,
  maxLength,
  autoFocus = false,
}: {
  readonly label: string;
  readonly help?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly problem: string | undefined;
  readonly purpose: PathPurpose;
  readonly maxLength: number;
  readonly autoFocus?: boolean;
}): ReactElement {
  const { t } = useTranslation();
  const field = useRef<HTMLInputElement>(null);
  const { choose, isChoosing, trouble, forget } = usePathChoice((path) => {
    onChange(path);
    // What was chosen is read out, and can be corrected at once.
    field.current?.focus();
  });
  return (
    <TextLine
      label={label}
      {...(help === undefined ? {} : { help })}
      value={value}
      onChange={(typed) => {
        forget();
        onChange(typed);
      }}
      problem={trouble ?? problem}
      maxLength={maxLength}
      autoFocus={autoFocus}
      inputRef={field}
      beside={
        choose === undefined ? null : (
          <Button
            isPending={isChoosing}
            label={t('pathChoice.chooseFor', { field: label })}
            onPress={() => choose(purpose)}
          >
            {t('pathChoice.choose')}
          </Button>
        )
      }
    />
  );
}
