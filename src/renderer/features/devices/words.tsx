import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { CertificateSummary } from '../../../shared/contract-certificates.ts';
import { useFormat } from '../../i18n/format.ts';
import { Chip } from '../../ui/chip.tsx';
import { LockIcon } from '../../ui/icons.tsx';

/** C-ECHO (PS3.4 annex A): asks for an answer and sends nothing. */
const verificationClass = '1.2.840.10008.1.1';

interface ProposedClass {
  readonly uid: string;
  readonly keyword: string | null;
}

/** "CTImageStorage" as people read it: "CT Image"; what the standard does not know keeps its number. */
export function kindName({ uid, keyword }: ProposedClass): string {
  if (keyword === null) return uid;
  return keyword
    .replace(/Storage/, ' ')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .replace(/\s+/g, ' ')
    .trim();
}

export function storedKinds(classes: readonly ProposedClass[]): readonly ProposedClass[] {
  return classes.filter(({ uid }) => uid !== verificationClass);
}

/** Whether what a device sends can be read on its way, in words and shape. */
export function ChannelMark({ channel }: { readonly channel: 'tls' | 'plain' }): ReactElement {
  const { t } = useTranslation();
  if (channel === 'plain') return <Chip tone="attention" text={t('devices.plain')} />;
  return (
    <span className="chip" data-tone="unknown">
      <LockIcon />
      {t('devices.tls')}
    </span>
  );
}

/** How long a certificate still counts, or why it does not. */
export function CertificateMark({
  certificate: { state, daysLeft },
}: {
  readonly certificate: CertificateSummary;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const days = { count: daysLeft, formatted: format.count(daysLeft) };
  switch (state) {
    case 'valid':
      return <Chip tone="all-safe" text={t('devices.certificates.daysLeft', days)} />;
    case 'expires-soon':
      return <Chip tone="attention" text={t('devices.certificates.endsIn', days)} />;
    case 'expired':
      return <Chip tone="not-receiving" text={t('devices.certificates.expired')} />;
    case 'revoked':
      return <Chip tone="not-receiving" text={t('devices.certificates.revoked')} />;
    case 'replaced':
      return <Chip tone="unknown" text={t('devices.certificates.replaced')} />;
    case 'not-yet-valid':
      return <Chip tone="attention" text={t('devices.certificates.notYet')} />;
  }
}

/** Enough of a fingerprint to compare by eye. */
export function fingerprintStart(sha256: string): string {
  return sha256
    .slice(0, 16)
    .toUpperCase()
    .replace(/(..)(?=.)/g, '$1:');
}
