import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { KeysStatus } from '../../../shared/contract-keys.ts';
import { useFormat } from '../../i18n/format.ts';
import { useIsLive } from '../../state/engine-context.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { LockIcon } from '../../ui/icons.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useOpenDialog } from '../dialog-context.ts';
import { keyPanelIds } from './keys-context.ts';

/** The keys of this PC and of the archive, and how each is renewed. */
export function InstallationKeys({ keys }: { readonly keys: KeysStatus }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const isLive = useIsLive();
  const open = useOpenDialog();
  const date = (iso: string | null) =>
    iso === null ? t('keys.own.unknownSince') : t('keys.own.since', { date: format.date(Date.parse(iso)) });
  const isPassphrase = keys.keyStore === 'passphrase';
  return (
    <Panel title={t('keys.own.title')} icon={<LockIcon />} id={keyPanelIds.keys}>
      <dl className="facts">
        <div>
          <dt>{t('keys.own.store')}</dt>
          <dd>{t(`keys.own.stores.${keys.keyStore}`)}</dd>
        </div>
        <div>
          <dt>{t('keys.own.device')}</dt>
          <dd>{date(keys.deviceKeySince)}</dd>
        </div>
        <div>
          <dt>{t('keys.own.epoch', { number: format.count(keys.epoch) })}</dt>
          <dd>{date(keys.epochSince)}</dd>
        </div>
      </dl>
      <dl className="key-ids">
        <div>
          <dt className="muted">{t('keys.own.archive')}</dt>
          <dd className="key-value">
            <span className="typed fingerprint-whole">{keys.archiveId}</span>
            <CopyButton what={t('keys.own.archive')} text={keys.archiveId} />
          </dd>
        </div>
        <div>
          <dt className="muted">{t('keys.own.installation')}</dt>
          <dd className="key-value">
            <span className="typed fingerprint-whole">{keys.installationId}</span>
            <CopyButton what={t('keys.own.installation')} text={keys.installationId} />
          </dd>
        </div>
      </dl>
      <div className="panel-actions">
        <Button
          isDisabled={!isLive}
          onPress={() => open({ tag: 'keys-confirm', step: { tag: 'rotate-device' } })}
        >
          {t('keys.own.rotate')}
        </Button>
        <Button
          isDisabled={!isLive}
          onPress={() => open({ tag: 'keys-confirm', step: { tag: 'new-epoch' } })}
        >
          {t('keys.own.newEpoch')}
        </Button>
        {isPassphrase ? (
          <Button isDisabled={!isLive} onPress={() => open({ tag: 'passphrase' })}>
            {t('keys.own.passphrase')}
          </Button>
        ) : null}
      </div>
    </Panel>
  );
}
