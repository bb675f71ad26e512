import { createHmac } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { WebhookSettings } from '../../../shared/alert-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Outgoing } from '../cloud/outgoing.ts';
import type { Secret } from '../system/secret.ts';
import type { AlertChannel } from './alert-desk.ts';
import type { AlertMessage } from './alert-message.ts';

/** Format of the body; keys are added, never renamed. */
const format = 'edge-sync-alert/1';
/** For the whole request. */
const timeoutMs = 30_000;

/**
 * POST of one JSON object. With a secret, `x-edge-sync-signature: t=<unix seconds>,v1=<hex>` is the HMAC-SHA-256 of
 * "<t>.<body>", so that a receiver can refuse forgeries and old ones. Redirects are not followed: a signed body is for
 * one place.
 */
export class WebhookChannel implements AlertChannel {
  readonly name = 'webhook';
  readonly #url: URL;
  readonly #secret: Secret | undefined;
  readonly #outgoing: Outgoing;

  constructor(settings: WebhookSettings, secret: Secret | undefined, outgoing: Outgoing) {
    this.#url = new URL(settings.url);
    this.#secret = secret;
    this.#outgoing = outgoing;
  }

  async send(message: AlertMessage, signal: AbortSignal): Promise<void> {
    const body = Buffer.from(JSON.stringify({ format, ...message }), 'utf8');
    const agent = this.#outgoing(this.#url.href);
    try {
      const status = await this.#post(body, message.at, agent, signal);
      if (status < 200 || status > 299)
        throw new EdgeSyncError('alert-not-sent', `webhook answered ${status}`);
    } catch (error) {
      if (error instanceof EdgeSyncError) throw error;
      throw new EdgeSyncError('alert-not-sent', this.#url.host, { cause: error });
    } finally {
      agent.destroy();
    }
  }

  #post(body: Buffer, at: string, agent: http.Agent, signal: AbortSignal): Promise<number> {
    const { request } = this.#url.protocol === 'https:' ? https : http;
    return new Promise((resolve, reject) => {
      const call = request(
        this.#url,
        {
          method: 'POST',
          agent,
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
          headers: {
            'content-type': 'application/json',
            'content-length': body.length,
            'user-agent': 'edge-sync',
            ...this.#signature(body, at),
          },
        },
        (answer) => {
          // What it says is of no interest: not read beyond what has come.
          answer.destroy();
          resolve(answer.statusCode ?? 0);
        },
      );
      call.once('error', reject);
      call.end(body);
    });
  }

  #signature(body: Buffer, at: string): Readonly<Record<string, string>> {
    if (this.#secret === undefined) return {};
    const seconds = Math.floor(Date.parse(at) / 1000);
    const mac = createHmac('sha256', this.#secret.reveal()).update(`${seconds}.`).update(body).digest('hex');
    return { 'x-edge-sync-signature': `t=${seconds},v1=${mac}` };
  }
}
