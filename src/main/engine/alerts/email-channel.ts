import net from 'node:net';
import { createTransport } from 'nodemailer';
import type { EmailSettings } from '../../../shared/alert-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Secret } from '../system/secret.ts';
import type { AlertChannel } from './alert-desk.ts';
import { subjectOf, textOf, type AlertMessage } from './alert-message.ts';

const connectMs = 20_000;
const silenceMs = 30_000;

/** One mail over SMTP, straight to the server that is set: encrypted (TLS 1.2 or later, its certificate checked). */
export class EmailChannel implements AlertChannel {
  readonly name = 'email';
  readonly #settings: EmailSettings;
  readonly #password: Secret | undefined;
  readonly #authorities: readonly string[] | undefined;

  constructor(
    settings: EmailSettings,
    password: Secret | undefined,
    authorities: readonly string[] | undefined,
  ) {
    this.#settings = settings;
    this.#password = password;
    this.#authorities = authorities;
  }

  async send(message: AlertMessage, signal: AbortSignal): Promise<void> {
    const { host, port, security, user, from, to } = this.#settings;
    if (user !== undefined && this.#password === undefined) {
      throw new EdgeSyncError('alert-secret-missing', 'secret.smtp');
    }
    let connection: net.Socket | undefined;
    const transport = createTransport({
      host,
      port,
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      ...(user === undefined ? {} : { auth: { user, pass: this.#password?.revealText().trim() ?? '' } }),
      tls: {
        minVersion: 'TLSv1.2',
        ...(this.#authorities === undefined ? {} : { ca: [...this.#authorities] }),
      },
      connectionTimeout: connectMs,
      greetingTimeout: connectMs,
      socketTimeout: silenceMs,
      disableFileAccess: true,
      disableUrlAccess: true,
      // A socket of ours, so that a mail under way can be broken off.
      getSocket: (_options, done) => {
        connection = net.connect({ host, port, timeout: connectMs });
        connection.once('timeout', () => connection?.destroy(new Error('no connection in time')));
        const failed = (error: Error): void => done(error, false);
        connection.once('error', failed);
        connection.once('connect', () => {
          connection?.setTimeout(0);
          connection?.off('error', failed);
          done(null, { connection });
        });
      },
    });
    const cut = (): void => {
      connection?.destroy(new Error('broken off'));
    };
    signal.addEventListener('abort', cut, { once: true });
    try {
      signal.throwIfAborted();
      await transport.sendMail({
        from,
        to: [...to],
        subject: subjectOf(message),
        text: textOf(message),
        headers: { 'auto-submitted': 'auto-generated' },
      });
    } catch (error) {
      throw mailError(error, host);
    } finally {
      signal.removeEventListener('abort', cut);
      transport.close();
      connection?.destroy();
    }
  }
}

/** Server texts are not passed on: they may repeat what was sent. */
function mailError(error: unknown, host: string): EdgeSyncError {
  const { code, responseCode } = (error ?? {}) as {
    readonly code?: unknown;
    readonly responseCode?: unknown;
  };
  if (code === 'EAUTH') return new EdgeSyncError('alert-refused', host, { cause: error });
  const why =
    typeof responseCode === 'number' ? ` (${responseCode})` : typeof code === 'string' ? ` (${code})` : '';
  return new EdgeSyncError('alert-not-sent', `${host}${why}`, { cause: error });
}
