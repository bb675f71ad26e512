/** Alerts outside this PC: tried out. */
import { z } from 'zod';
import { base } from './contract-base.ts';
import { errorReportSchema } from './status.ts';

const channel = z.enum(['email', 'webhook']);

export const alertTestSchema = z.object({
  outcomes: z.array(
    z.discriminatedUnion('tag', [
      z.object({ channel, tag: z.literal('sent') }),
      z.object({ channel, tag: z.literal('failed'), error: errorReportSchema }),
    ]),
  ),
});
export type AlertTest = z.infer<typeof alertTestSchema>;

export const alertsContract = {
  /** Sends a test by every channel that is set. Error: alerts-not-set. */
  test: base.output(alertTestSchema),
} as const;
