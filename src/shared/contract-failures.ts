/** What `failures.ledger` tells besides the status: what is over, and what was told outside this PC. */
import { z } from 'zod';
import { base } from './contract-base.ts';
import { failureSchema } from './status.ts';

const isoTime = z.iso.datetime();

/** What is over is told for so long. */
export const overShownHours = 24;
/** The newest so many. */
export const overShown = 30;

export const failureLedgerSchema = z.object({
  /** Gone within the last day while this engine ran, newest first. */
  over: z.array(z.object({ failure: failureSchema, overAt: isoTime })).max(overShown),
  /** Told by a channel of the alerts and not yet told to be over: by code, and destination where it is about one. */
  told: z
    .array(
      z.object({
        channel: z.enum(['email', 'webhook']),
        code: z.string(),
        destination: z.string().nullable(),
        /** Of the last message about it. */
        at: isoTime,
      }),
    )
    .max(2000),
});
export type FailureLedger = z.infer<typeof failureLedgerSchema>;

export const failureLedgerProcedure = base.output(failureLedgerSchema);
