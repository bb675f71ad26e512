import { useState } from 'react';
import type { ReactElement } from 'react';
import { useTranslation } from 'react-i18next';
import type { Diagnosis, Finding, PairingState } from '../../../../shared/pairing.ts';
import { useFormat } from '../../../i18n/format.ts';
import { useAction, useIsLive } from '../../../state/engine-context.ts';
import { useNowMs } from '../../../state/now.ts';
import { Button } from '../../../ui/button.tsx';
import { CommandLine } from '../../../ui/copy.tsx';
import { ActionError } from '../../../ui/error-note.tsx';
import { CheckCircle, HollowCircle, TriangleAlert } from '../../../ui/icons.tsx';
import { useFindingText } from './finding-text.ts';

/** What is wrong, from what was seen; and a look for the reason when nothing is seen at all. */
export function Trouble({ state }: { readonly state: PairingState }): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const [found, setFound] = useState<Diagnosis | undefined>(undefined);
  const look = useAction(async (client) => {
    setFound(await client.pairing.diagnose());
  });
  // A caller that waits for a yes is asked about above; where this PC listens is step 1.
  const shown = state.findings.filter(({ code, tone }) => tone !== 'decide' && code !== 'loopback-only');
  return (
    <>
      {shown.length === 0 ? null : (
        <section className="pair-trouble" aria-label={t('pairing.trouble.title')}>
          <h4>{t('pairing.trouble.title')}</h4>
          <ul className="pair-findings">
            {shown.map((finding) => (
              <OneFinding key={`${finding.code} ${finding.address ?? ''}`} finding={finding} />
            ))}
          </ul>
        </section>
      )}
      <details className="fold">
        <summary>{t('pairing.trouble.nothing')}</summary>
        <div className="fold-body">
          <p>{t('pairing.trouble.nothingText')}</p>
          <div className="pair-actions">
            <Button isDisabled={!isLive} isPending={look.state.tag === 'busy'} onPress={look.run}>
              {t('pairing.trouble.run')}
            </Button>
          </div>
          <ActionError state={look.state} />
          {found === undefined ? null : <Found found={found} />}
        </div>
      </details>
    </>
  );
}

function Found({ found }: { readonly found: Diagnosis }): ReactElement {
  const { t } = useTranslation();
  const { connection, findings, platform } = found;
  const isQuiet = findings.some(({ code }) => code === 'nothing-arrives');
  if (findings.length === 0)
    return (
      <p className="pair-ok" data-tone="all-safe" role="status">
        <CheckCircle /> {t('pairing.trouble.fine')}
      </p>
    );
  return (
    <div className="pair-found" role="status">
      <ul className="pair-findings">
        {findings
          .filter(({ address }) => address === null)
          .map((finding) => (
            <OneFinding key={finding.code} finding={finding} />
          ))}
      </ul>
      {!isQuiet ? null : (
        <>
          <p>{t('pairing.trouble.ping')}</p>
          <p>{t('pairing.trouble.network', { address: connection.host ?? '' })}</p>
          <p>{t('pairing.trouble.firewall')}</p>
          <CommandLine
            command={firewallLine(platform, [
              connection.port,
              ...(connection.tlsPort === null ? [] : [connection.tlsPort]),
            ])}
          />
        </>
      )}
    </div>
  );
}

/** What opens the ports in the firewall that comes with the system. */
function firewallLine(platform: Diagnosis['platform'], ports: readonly number[]): string {
  switch (platform) {
    case 'windows':
      return `New-NetFirewallRule -DisplayName "Edge Sync" -Direction Inbound -Protocol TCP -LocalPort ${ports.join(',')} -Profile Private,Domain -Action Allow`;
    case 'mac':
      return '/usr/libexec/ApplicationFirewall/socketfilterfw --add "/Applications/Edge Sync.app"';
    case 'linux':
      return ports.map((port) => `ufw allow ${port}/tcp`).join(' && ');
  }
}

function OneFinding({ finding }: { readonly finding: Finding }): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  const { code, tone, address, aeTitle, lastAt } = finding;
  const { title, step } = useFindingText()(finding);
  return (
    <li className="pair-finding" data-tone={tone === 'trouble' ? 'attention' : 'unknown'} data-code={code}>
      {tone === 'trouble' ? <TriangleAlert /> : <HollowCircle />}
      <div>
        <p className="note-message">{title}</p>
        <p>{step}</p>
        {address === null ? null : (
          <p className="muted">
            {aeTitle === null
              ? t('pairing.trouble.fromAddress', { address })
              : t('pairing.trouble.from', { title: aeTitle, address })}
            {lastAt === null ? '' : ` · ${format.ago(lastAt, nowMs)}`}
          </p>
        )}
      </div>
    </li>
  );
}
