import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import { useAccess } from '../access-context.ts';
import { SwitchOnTls } from '../switch-on-tls.tsx';
import { CertificateMaker } from './certificate-maker.tsx';

/** A certificate for the device, folded away: not every device can do TLS. */
export function CertificateFiles({ tlsPort }: { readonly tlsPort: number | null }): ReactElement {
  const { t } = useTranslation();
  const { again } = useAccess();
  return (
    <details className="fold no-print">
      <summary>{t('pairing.certificate.fold')}</summary>
      <div className="fold-body">
        <p className="muted">{t('pairing.certificate.intro')}</p>
        {tlsPort === null ? <SwitchOnTls text={t('pairing.certificate.off')} /> : null}
        <CertificateMaker purpose={{ tag: 'new' }} onMade={again} />
      </div>
    </details>
  );
}
