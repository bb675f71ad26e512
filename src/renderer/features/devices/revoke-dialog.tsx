import { useState } from 'react';
import type { ReactElement } from 'react';
import { Label, RadioGroup } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { revocationReasonSchema } from '../../../shared/contract-certificates.ts';
import type { CertificateSummary, RevocationReason } from '../../../shared/contract-certificates.ts';
import { useFormat } from '../../i18n/format.ts';
import { useAction } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Choice } from '../../ui/choice.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { ActionError } from '../../ui/error-note.tsx';
import { useNotice } from '../../ui/notice.tsx';
import { keepFocus, panelIds, useAccess } from './access-context.ts';

/** Asks why, which is kept with it, and once more: revoking cannot be taken back. */
export function RevokeDialog({
  certificate: { name, sha256 },
  usedBy,
  onClose,
}: {
  readonly certificate: CertificateSummary;
  readonly usedBy: readonly string[];
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useNotice();
  const { again } = useAccess();
  const [reason, setReason] = useState<RevocationReason>('unspecified');
  const revoke = useAction(async (client) => {
    const { cut } = await client.certificates.revoke({ sha256, reason });
    say(t('devices.revoke.done', { count: cut, formatted: format.count(cut) }));
    again();
    onClose();
    keepFocus(panelIds.certificates);
  });
  return (
    <Dialog title={t('devices.revoke.title', { name })} onClose={onClose}>
      <p>{t('devices.revoke.text')}</p>
      {usedBy.length === 0 ? null : (
        <p className="strong">{t('devices.revoke.inUse', { name: format.list(usedBy) })}</p>
      )}
      <RadioGroup
        className="choices"
        value={reason}
        onChange={(value) => setReason(revocationReasonSchema.parse(value))}
      >
        <Label>{t('devices.revoke.reason')}</Label>
        {revocationReasonSchema.options.map((one) => (
          <Choice key={one} value={one} text={t(`devices.revoke.reasons.${one}`)} />
        ))}
      </RadioGroup>
      <ActionError state={revoke.state} />
      <DialogButtons>
        <Button onPress={onClose} autoFocus>
          {t('dialog.cancel')}
        </Button>
        <Button look="danger" isPending={revoke.state.tag === 'busy'} onPress={revoke.run}>
          {t('devices.revoke.confirm')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
