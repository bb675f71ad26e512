/** Who is told outside this PC when something stays wrong. Part of the settings schema. */
import { z } from 'zod';

const mailAddress = z.email('must be a mail address').max(254);

export const alertsSchema = z.strictObject({
  afterMinutes: z
    .int()
    .min(1)
    .max(7 * 24 * 60)
    .default(60)
    .describe('A problem that stays this long is told by mail and webhook, where these are set'),
  repeatHours: z
    .int()
    .min(0)
    .max(7 * 24)
    .default(24)
    .describe('What is still wrong is told again after this; 0: told once'),
  practice: z.string().max(100).default('').describe('Name in the messages, so that the reader knows where'),
  email: z
    .strictObject({
      host: z
        .string()
        .regex(/^[A-Za-z0-9.-]{1,253}$/, 'a host name')
        .optional()
        .describe('Mail server (SMTP); set it last. Without one no mail goes out'),
      port: z.int().min(1).max(65535).default(587),
      security: z
        .enum(['starttls', 'tls', 'none'])
        .default('starttls')
        .describe('none is for a mail server on this PC alone'),
      user: z
        .string()
        .min(1)
        .max(254)
        .optional()
        .describe('Name to sign in with; the password is stored as secret.smtp'),
      from: mailAddress.optional().describe('Address that the mails come from'),
      to: z.array(mailAddress).max(10).default([]).describe('Addresses that the mails go to'),
    })
    .refine(
      ({ host, from, to }) => host === undefined || (from !== undefined && to.length > 0),
      'a mail needs from and to: set these before host',
    )
    .refine(
      ({ security, host }) =>
        security !== 'none' || host === undefined || /^(localhost|127(\.\d{1,3}){3})$/.test(host),
      'mail goes out without encryption to a server on this PC alone: use starttls or tls',
    )
    .prefault({}),
  webhook: z
    .strictObject({
      url: z
        .url({ protocol: /^https?$/, error: 'must be an address that starts with https://' })
        .max(1000)
        .refine(
          (url) => /^https:|^http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])([:/]|$)/i.test(url),
          'must start with https://',
        )
        .refine(
          (url) => URL.canParse(url) && new URL(url).username === '',
          'an address without user and password',
        )
        .optional()
        .describe('Gets JSON by POST; signed when secret.alerts-webhook is set'),
      heartbeatHours: z
        .int()
        .min(0)
        .max(7 * 24)
        .default(0)
        .describe('A sign of life this often, so that a PC that is off is noticed; 0: none'),
    })
    .prefault({}),
});

export type AlertSettings = Readonly<z.output<typeof alertsSchema>>;
/** Set whole: mails go out. */
export type EmailSettings = AlertSettings['email'] & { readonly host: string; readonly from: string };
export type WebhookSettings = AlertSettings['webhook'] & { readonly url: string };

/** undefined: no mail is wanted. */
export function emailSettings({ email }: AlertSettings): EmailSettings | undefined {
  const { host, from } = email;
  return host === undefined || from === undefined ? undefined : { ...email, host, from };
}

/** undefined: no webhook is wanted. */
export function webhookSettings({ webhook }: AlertSettings): WebhookSettings | undefined {
  const { url } = webhook;
  return url === undefined ? undefined : { ...webhook, url };
}

/** Under which names the secrets of the alerts are stored; no destination may have them. */
export const smtpSecretName = 'smtp';
export const webhookSecretName = 'alerts-webhook';
