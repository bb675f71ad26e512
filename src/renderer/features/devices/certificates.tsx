import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { CertificateSummary } from '../../../shared/contract-certificates.ts';
import type { Device } from '../../../shared/devices.ts';
import { useFormat } from '../../i18n/format.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { ErrorNote } from '../../ui/error-note.tsx';
import { CertificateIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { panelIds, useAccess } from './access-context.ts';
import { CertificateMark, fingerprintStart } from './words.tsx';

const roleOrder: readonly CertificateSummary['role'][] = ['device', 'server', 'issuer', 'anchor'];

/** Every certificate with the days it has left. */
export function Certificates({ devices }: { readonly devices: readonly Device[] }): ReactElement {
  const { t } = useTranslation();
  const { certificates, again } = useAccess();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  return (
    <Panel
      title={t('devices.certificates.title')}
      icon={<CertificateIcon />}
      id={panelIds.certificates}
      aside={
        <Button
          isDisabled={!isLive}
          onPress={() => openDialog({ tag: 'certificate', purpose: { tag: 'new' } })}
        >
          {t('devices.certificates.make')}
        </Button>
      }
    >
      {certificates.tag === 'loading' ? (
        <div className="skeleton" aria-busy="true">
          <div className="skeleton-strip" />
        </div>
      ) : certificates.tag === 'failed' ? (
        <div className="asked-failed">
          <ErrorNote report={certificates.report} />
          <Button onPress={again}>{t('devices.again')}</Button>
        </div>
      ) : (
        <CertificateList certificates={certificates.answer} devices={devices} />
      )}
    </Panel>
  );
}

function CertificateList({
  certificates,
  devices,
}: {
  readonly certificates: readonly CertificateSummary[];
  readonly devices: readonly Device[];
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  if (certificates.length === 0)
    return (
      <div className="empty">
        <p>{t('devices.certificates.empty')}</p>
        <p className="muted">{t('devices.certificates.emptyText')}</p>
      </div>
    );
  // The soonest end first: that is what is looked for here.
  const sorted = [...certificates].sort(
    (a, b) => roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role) || a.daysLeft - b.daysLeft,
  );
  const isOver = ({ state }: CertificateSummary) => state === 'revoked' || state === 'replaced';
  const current = sorted.filter((one) => !isOver(one));
  const over = sorted.filter(isOver);
  const row = (one: CertificateSummary) => (
    <CertificateRow key={one.sha256} certificate={one} devices={devices} />
  );
  return (
    <>
      <ul className="card-list">{current.map(row)}</ul>
      {over.length === 0 ? null : (
        <details className="fold">
          <summary>
            {t('devices.certificates.others', { count: over.length, formatted: format.count(over.length) })}
          </summary>
          <ul className="card-list">{over.map(row)}</ul>
        </details>
      )}
    </>
  );
}

function CertificateRow({
  certificate,
  devices,
}: {
  readonly certificate: CertificateSummary;
  readonly devices: readonly Device[];
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const isLive = useIsLive();
  const openDialog = useOpenDialog();
  const { name, role, notAfter, sha256, state } = certificate;
  const usedBy = devices.filter((one) => one.certificates.includes(sha256)).map((one) => one.name);
  return (
    <li className="card">
      <div className="card-head">
        <h3>{name}</h3>
        <CertificateMark certificate={certificate} />
      </div>
      <p className="muted">
        {t(`devices.certificates.role.${role}`)} ·{' '}
        {t('devices.certificates.until', { date: format.date(Date.parse(notAfter)) })}
      </p>
      {role !== 'device' ? null : (
        <p className={usedBy.length === 0 ? 'muted' : ''}>
          {usedBy.length === 0
            ? t('devices.certificates.unpaired')
            : t('devices.certificates.pairedWith', { name: format.list(usedBy) })}
        </p>
      )}
      <div className="card-actions">
        <span className="fingerprint">
          <span className="muted">{t('devices.certificates.fingerprint')}</span>{' '}
          <span className="typed">{fingerprintStart(sha256)}…</span>
        </span>
        <CopyButton what={t('devices.certificates.copyFingerprint', { name })} text={sha256} />
        {role !== 'device' || state === 'revoked' ? null : (
          <>
            <Button
              look="quiet"
              isDisabled={!isLive || state === 'replaced'}
              label={t('devices.certificates.renewLabel', { name })}
              onPress={() => openDialog({ tag: 'certificate', purpose: { tag: 'renew', certificate } })}
            >
              {t('devices.certificates.renew')}
            </Button>
            <Button
              look="quiet"
              isDisabled={!isLive}
              label={t('devices.certificates.revokeLabel', { name })}
              onPress={() => openDialog({ tag: 'revoke', certificate, usedBy })}
            >
              {t('devices.certificates.revoke')}
            </Button>
          </>
        )}
      </div>
    </li>
  );
}
