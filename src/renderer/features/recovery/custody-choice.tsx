import type { ReactElement } from 'react';
import { Label, RadioButton, RadioField, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { KitHeld } from './words.ts';

const kinds: readonly KitHeld[] = ['words', 'shares'];

/** Who will keep the kit, each way in one sentence. */
export function CustodyChoice({
  value,
  onChange,
}: {
  readonly value: KitHeld;
  readonly onChange: (value: KitHeld) => void;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <RadioGroup
      className="choices custody"
      value={value}
      onChange={(chosen) => onChange(chosen === 'shares' ? 'shares' : 'words')}
    >
      <Label>{t('create.custody.label')}</Label>
      {kinds.map((kind) => (
        <RadioField key={kind} value={kind}>
          <RadioButton className="radio">
            <span className="radio-dot" aria-hidden="true" />
            <span>
              <span className="strong">{t(`create.custody.${kind}`)}</span>
              <br />
              <span className="muted">{t(`create.custody.${kind}Text`)}</span>
            </span>
          </RadioButton>
        </RadioField>
      ))}
    </RadioGroup>
  );
}
