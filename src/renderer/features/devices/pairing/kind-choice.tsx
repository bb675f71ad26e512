import type { ReactElement } from 'react';
import { Button, Label, ListBox, ListBoxItem, Popover, Select, SelectValue } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { deviceKindSchema } from '../../../../shared/device-kinds.ts';
import type { DeviceKind } from '../../../../shared/device-kinds.ts';

/** What kind of device it is, from a list. */
export function KindChoice({
  value,
  onChange,
}: {
  readonly value: DeviceKind;
  readonly onChange: (kind: DeviceKind) => void;
}): ReactElement {
  const { t } = useTranslation();
  return (
    <Select
      className="field"
      value={value}
      onChange={(key) => {
        const kind = deviceKindSchema.safeParse(key);
        if (kind.success) onChange(kind.data);
      }}
    >
      <Label className="strong">{t('pairing.allow.kind')}</Label>
      <Button className="pair-select">
        <SelectValue />
        <span className="pair-select-mark" aria-hidden="true" />
      </Button>
      <Popover className="popover">
        <ListBox className="menu">
          {deviceKindSchema.options.map((kind) => (
            <ListBoxItem
              key={kind}
              id={kind}
              className="menu-item"
              textValue={t(`pairing.allow.kinds.${kind}`)}
            >
              {t(`pairing.allow.kinds.${kind}`)}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </Select>
  );
}
