import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Connection } from '../../../../shared/devices.ts';
import { Button } from '../../../ui/button.tsx';
import { CopyButton } from '../../../ui/copy.tsx';
import { PrinterIcon } from '../../../ui/icons.tsx';

/** What is typed into the device, large enough to be read from across the room; alone on the paper when printed. */
export function ConnectionCard({ connection }: { readonly connection: Connection }): ReactElement {
  const { t } = useTranslation();
  const { aeTitle, host, port, tlsPort } = connection;
  return (
    <>
      <p className="muted no-print">{t('pairing.card.intro')}</p>
      <section className="pair-card" aria-label={t('pairing.card.printTitle')}>
        <p className="print-only pair-print-title">{t('pairing.card.printTitle')}</p>
        <dl className="pair-values">
          <Value name={t('pairing.card.aeTitle')} value={aeTitle} />
          <Value name={t('pairing.card.address')} value={host} />
          {/* Typed into a device: no thousands separator. */}
          <Value name={t('pairing.card.port')} value={String(port)} />
          {tlsPort === null ? null : <Value name={t('pairing.card.tlsPort')} value={String(tlsPort)} />}
        </dl>
        <p className="muted">{t(tlsPort === null ? 'pairing.card.plainNote' : 'pairing.card.tlsNote')}</p>
        <p className="muted">{t('pairing.card.fixed')}</p>
        <dl className="print-only pair-lines">
          {(['printDevice', 'printDate', 'printBy'] as const).map((line) => (
            <div key={line}>
              <dt>{t(`pairing.card.${line}`)}</dt>
              <dd />
            </div>
          ))}
        </dl>
      </section>
      <div className="pair-actions no-print">
        <Button onPress={() => window.print()}>
          <PrinterIcon />
          {t('pairing.card.print')}
        </Button>
      </div>
    </>
  );
}

function Value({ name, value }: { readonly name: string; readonly value: string | null }): ReactElement {
  const { t } = useTranslation();
  return (
    <div>
      <dt>{name}</dt>
      {value === null ? (
        <dd className="muted">{t('pairing.card.none')}</dd>
      ) : (
        <dd>
          <span className="typed pair-value" translate="no">
            {value}
          </span>
          <span className="no-print">
            <CopyButton what={name} text={value} />
          </span>
        </dd>
      )}
    </div>
  );
}
