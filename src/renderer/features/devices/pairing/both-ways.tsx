import { useState } from 'react';
import type { ReactElement } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { Device } from '../../../../shared/devices.ts';
import type { Visit } from '../../../../shared/pairing.ts';
import { useFormat } from '../../../i18n/format.ts';
import { useAction, useIsLive } from '../../../state/engine-context.ts';
import type { ActionState } from '../../../state/engine-context.ts';
import { useNowMs } from '../../../state/now.ts';
import { Button } from '../../../ui/button.tsx';
import { Tick } from '../../../ui/choice.tsx';
import { ActionError } from '../../../ui/error-note.tsx';
import { ArrowsCircle, CheckCircle, TriangleAlert } from '../../../ui/icons.tsx';
import { TextLine } from '../../../ui/text-line.tsx';

/** The device's echo as it arrives, and ours to the device. */
export function BothWays({
  device,
  echoed,
  ours,
}: {
  readonly device: Device | undefined;
  /** Its latest visit with an echo. */
  readonly echoed: Visit | undefined;
  readonly ours: string;
}): ReactElement {
  const { t } = useTranslation();
  const format = useFormat();
  const nowMs = useNowMs();
  if (device === undefined) return <p className="muted">{t('pairing.echo.first')}</p>;
  return (
    <div className="pair-echo">
      <section aria-label={t('pairing.echo.from')}>
        <h4>{t('pairing.echo.from')}</h4>
        {echoed === undefined ? (
          <p className="pair-wait" data-tone="working" role="status">
            <ArrowsCircle /> {t('pairing.echo.fromWaiting')}
          </p>
        ) : (
          <p className="pair-ok" data-tone="all-safe" role="status">
            <CheckCircle /> {t('pairing.echo.fromDone', { when: format.ago(echoed.lastAt, nowMs) })}
          </p>
        )}
      </section>
      <EchoToDevice device={device} lastAddress={echoed?.address} ours={ours} />
    </div>
  );
}

/** The usual port of a DICOM node (PS3.8 9.1.1), and of one with TLS (PS3.15 B.12). */
const usualPort = { plain: '104', tls: '2762' } as const;

function EchoToDevice({
  device,
  lastAddress,
  ours,
}: {
  readonly device: Device;
  readonly lastAddress: string | undefined;
  readonly ours: string;
}): ReactElement {
  const { t } = useTranslation();
  const isLive = useIsLive();
  const { commitment, addresses, channel: paired } = device;
  const single = addresses.find((one) => !one.includes('/'));
  const [host, setHost] = useState(commitment?.host ?? single ?? lastAddress ?? '');
  const [port, setPort] = useState(String(commitment?.port ?? usualPort[paired]));
  const [aeTitle, setAeTitle] = useState(commitment?.aeTitle ?? device.aeTitle);
  const [channel, setChannel] = useState(commitment?.channel ?? paired);
  const [answeredMs, setAnsweredMs] = useState<number | undefined>(undefined);
  const [asked, setAsked] = useState(false);
  const isPort = /^\d{1,5}$/.test(port.trim()) && Number(port) >= 1 && Number(port) <= 65535;
  const run = useAction(async (client) => {
    setAnsweredMs(undefined);
    const { roundTripMs } = await client.pairing.echo({
      host: host.trim(),
      port: Number(port.trim()),
      aeTitle: aeTitle.trim(),
      channel,
      deviceId: device.id,
    });
    setAnsweredMs(roundTripMs);
  });
  return (
    <section aria-label={t('pairing.echo.to')}>
      <h4>{t('pairing.echo.to')}</h4>
      <p className="muted">{t('pairing.echo.toText')}</p>
      <Form
        className="pair-echo-form"
        validationBehavior="aria"
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(true);
          if (isPort && host.trim() !== '' && aeTitle.trim() !== '') run.run();
        }}
      >
        <TextLine label={t('pairing.echo.host')} value={host} onChange={setHost} problem={undefined} />
        <TextLine
          label={t('pairing.echo.port')}
          value={port}
          onChange={setPort}
          problem={asked && !isPort ? t('pairing.echo.portProblem') : undefined}
        />
        <TextLine
          label={t('pairing.echo.aeTitle')}
          value={aeTitle}
          onChange={setAeTitle}
          problem={undefined}
          maxLength={16}
        />
        <Tick
          text={t('pairing.echo.tls')}
          isTicked={channel === 'tls'}
          onChange={(isTicked) => setChannel(isTicked ? 'tls' : 'plain')}
        />
        <div className="pair-actions">
          <Button type="submit" isDisabled={!isLive} isPending={run.state.tag === 'busy'}>
            {t(answeredMs === undefined ? 'pairing.echo.run' : 'pairing.echo.again')}
          </Button>
        </div>
      </Form>
      {answeredMs === undefined || run.state.tag !== 'idle' ? null : (
        <p className="pair-ok" data-tone="all-safe" role="status">
          <CheckCircle /> {t('pairing.echo.ok', { ms: Math.max(1, Math.round(answeredMs)) })}
        </p>
      )}
      <EchoProblem state={run.state} ours={ours} />
    </section>
  );
}

/** What usually stands behind it, after the plain words of what happened. */
function EchoProblem({
  state,
  ours,
}: {
  readonly state: ActionState;
  readonly ours: string;
}): ReactElement | null {
  const { t } = useTranslation();
  if (state.tag !== 'failed') return null;
  const { code } = state.report;
  switch (code) {
    case 'peer-unreachable':
    case 'peer-timeout':
    case 'peer-refused':
    case 'tls-peer-untrusted':
      return (
        <div className="note" data-tone="attention" role="alert">
          <TriangleAlert />
          <div>
            <p className="note-message">{state.report.message}</p>
            <p>{t(`pairing.echo.problem.${code}`, { ours })}</p>
          </div>
        </div>
      );
    default:
      return <ActionError state={state} />;
  }
}
