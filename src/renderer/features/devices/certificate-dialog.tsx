import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogButtons } from '../../ui/dialog.tsx';
import { keepFocus, panelIds, useAccess } from './access-context.ts';
import { CertificateMaker } from './pairing/certificate-maker.tsx';
import type { CertificatePurpose } from './pairing/certificate-maker.tsx';

/** Makes or renews a device's certificate, in front of the page. Its files are shown once: only the button closes it. */
export function CertificateDialog({
  purpose,
  onClose,
}: {
  readonly purpose: CertificatePurpose;
  readonly onClose: () => void;
}): ReactElement {
  const { t } = useTranslation();
  const { again } = useAccess();
  return (
    <Dialog
      title={
        purpose.tag === 'new'
          ? t('devices.certificates.makeTitle')
          : t('devices.certificates.renewTitle', { name: purpose.certificate.name })
      }
      onClose={onClose}
      leaveBy="button"
    >
      <p className="muted">
        {t(purpose.tag === 'new' ? 'pairing.certificate.intro' : 'devices.certificates.renewText')}
      </p>
      <CertificateMaker purpose={purpose} onMade={again} />
      <DialogButtons>
        <Button
          onPress={() => {
            onClose();
            keepFocus(panelIds.certificates);
          }}
        >
          {t('dialog.close')}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
