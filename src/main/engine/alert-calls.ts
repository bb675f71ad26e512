/** Alerts outside this PC: how they are put together, and what callers may ask of them. */
import {
  emailSettings,
  smtpSecretName,
  webhookSecretName,
  webhookSettings,
} from '../../shared/alert-settings.ts';
import type { AlertTest } from '../../shared/contract-alerts.ts';
import { EdgeSyncError } from '../../shared/errors.ts';
import type { StatusReport } from '../../shared/status.ts';
import { AlertDesk, type AlertChannel } from './alerts/alert-desk.ts';
import { EmailChannel } from './alerts/email-channel.ts';
import { WebhookChannel } from './alerts/webhook-channel.ts';
import type { EngineOptions, EngineParts } from './engine.ts';
import type { Actor } from './engine-service.ts';
import { destinationSecret } from './keys/destination-secret.ts';
import { outgoingConnections } from './outgoing-connections.ts';
import type { Queue } from './queue/queue.ts';
import { pcName } from './system/pc-name.ts';
import { trustedAuthorities } from './system/trusted-authorities.ts';

export interface AlertService {
  test(actor: Actor, signal: AbortSignal): Promise<AlertTest>;
}

export class AlertCalls implements AlertService {
  readonly #parts: Pick<EngineParts, 'alerts' | 'audit' | 'options'>;

  constructor(parts: Pick<EngineParts, 'alerts' | 'audit' | 'options'>) {
    this.#parts = parts;
  }

  async test(actor: Actor, signal: AbortSignal): Promise<AlertTest> {
    const { alerts, audit, options } = this.#parts;
    const { alerts: wanted } = options.settings;
    if (emailSettings(wanted) === undefined && webhookSettings(wanted) === undefined)
      throw new EdgeSyncError('alerts-not-set');
    const outcomes = await alerts.test(signal);
    const outcome = outcomes.every(({ tag }) => tag === 'sent') ? 'success' : 'failure';
    audit.record({ action: 'alerts-tested', actor, outcome });
    return { outcomes: [...outcomes] };
  }
}

/** Settings and credentials are read anew for each round. */
export function openAlerts(parts: {
  readonly options: EngineOptions;
  readonly queue: Queue;
  readonly status: () => Promise<StatusReport>;
  readonly onChange: () => void;
}): AlertDesk {
  const { options, queue, status, onChange } = parts;
  const channels = async (): Promise<readonly AlertChannel[]> => {
    const email = emailSettings(options.settings.alerts);
    const webhook = webhookSettings(options.settings.alerts);
    const { secrets, keyStore } = options;
    const made: AlertChannel[] = [];
    if (email !== undefined) {
      const password = await destinationSecret(smtpSecretName, secrets, keyStore);
      made.push(new EmailChannel(email, password, trustedAuthorities()));
    }
    if (webhook !== undefined) {
      const secret = await destinationSecret(webhookSecretName, secrets, keyStore);
      made.push(new WebhookChannel(webhook, secret, await outgoingConnections(options)));
    }
    return made;
  };
  return new AlertDesk({
    settings: () => options.settings.alerts,
    channels,
    status,
    ledger: queue.alerts,
    pc: pcName(),
    clock: options.clock,
    logger: options.logger.child('alerts'),
    onChange,
  });
}
