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
        .describe('Mail server (SMTP)'),
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
      from: mailAddress,
      to: z.array(mailAddress).min(1, 'name at least one address').max(10),
    })
    .refine(
      ({ security, host }) => security !== 'none' || /^(localhost|127(\.\d{1,3}){3})$/.test(host),
      'mail goes out without encryption to a server on this PC alone: use starttls or tls',
    )
    .optional(),
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
        .describe('Gets JSON by POST; signed when secret.alerts-webhook is set'),
      heartbeatHours: z
        .int()
        .min(0)
        .max(7 * 24)
        .default(0)
        .describe('A sign of life this often, so that a PC that is off is noticed; 0: none'),
    })
    .optional(),
});

export type AlertSettings = Readonly<z.output<typeof alertsSchema>>;
export type EmailSettings = NonNullable<AlertSettings['email']>;
export type WebhookSettings = NonNullable<AlertSettings['webhook']>;

/** Under which names the secrets of the alerts are stored; no destination may have them. */
export const smtpSecretName = 'smtp';
export const webhookSecretName = 'alerts-webhook';
