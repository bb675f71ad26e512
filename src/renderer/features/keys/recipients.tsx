import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { RecipientFacts } from '../../../shared/contract-keys.ts';
import { useFormat } from '../../i18n/format.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { Chip } from '../../ui/chip.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { CertificateIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { fingerprintStart } from '../devices/words.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { keyPanelIds } from './keys-context.ts';

/** Who else can open what is stored from now on. */
export function Recipients({ recipients }: { readonly recipients: readonly RecipientFacts[] }): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const open = useOpenDialog();
  return (
    <Panel title={t('keys.recipients.title')} icon={<CertificateIcon />} id={keyPanelIds.recipients}>
      <p className="muted">{t('keys.recipients.text')}</p>
      {recipients.length === 0 ? (
        <div className="empty">
          <p>{t('keys.recipients.empty')}</p>
          <p className="muted">{t('keys.recipients.emptyText')}</p>
        </div>
      ) : (
        <ul className="card-list">
          {recipients.map((one) => (
            <RecipientRow key={one.fingerprint} recipient={one} />
          ))}
        </ul>
      )}
      <div className="panel-actions">
        <Button isDisabled={!isLive} onPress={() => open({ tag: 'add-recipient' })}>
          {t('keys.recipients.add')}
        </Button>
      </div>
    </Panel>
  );
}

function RecipientRow({ recipient }: { readonly recipient: RecipientFacts }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const isLive = useIsLive();
  const open = useOpenDialog();
  const { name, fingerprint, subject, issuer, notAfter, addedAt, state } = recipient;
  const date = (iso: string) => format.date(Date.parse(iso));
  return (
    <li className="card">
      <div className="card-head">
        <h3>{name}</h3>
        <Chip
          tone={state === 'in-force' ? 'all-safe' : 'attention'}
          text={t(`keys.recipients.state.${state}`, { date: date(notAfter) })}
        />
      </div>
      <p className="muted recipient-names">{t('keys.recipients.issued', { subject, issuer })}</p>
      <p className="muted">{t('keys.recipients.since', { date: date(addedAt) })}</p>
      {state === 'expired' ? <p>{t('keys.recipients.expiredText')}</p> : null}
      <div className="card-actions">
        <span className="fingerprint">
          <span className="muted">{t('keys.recipients.fingerprint')}</span>{' '}
          <span className="typed">{fingerprintStart(fingerprint)}…</span>
        </span>
        <CopyButton what={t('keys.recipients.copyFingerprint', { name })} text={fingerprint} />
        <Button
          look="quiet"
          isDisabled={!isLive}
          label={t('keys.recipients.removeLabel', { name })}
          onPress={() => open({ tag: 'keys-confirm', step: { tag: 'remove-recipient', name, fingerprint } })}
        >
          {t('keys.recipients.remove')}
        </Button>
      </div>
    </li>
  );
}
