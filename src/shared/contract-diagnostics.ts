/** The diagnostics bundle: one text, shown before it is saved, and saved as it was shown. */
import { z } from 'zod';
import { base } from './contract-base.ts';
import { mostDiagnosticsBytes } from './diagnostics.ts';

export const diagnosticsBundleSchema = z.object({
  /** Says when it was made, nothing of this PC. */
  fileName: z.string().regex(/^edge-sync-diagnostics-[0-9TZ-]{16,24}\.json$/),
  /** ASCII, JSON of `diagnosticsReportSchema`, ends with a line end. */
  text: z.string().max(mostDiagnosticsBytes),
});
export type DiagnosticsBundle = z.infer<typeof diagnosticsBundleSchema>;

export const diagnosticsContract = {
  /** Made of what the engine knows right now. Audited. */
  collect: base.output(diagnosticsBundleSchema),
} as const;
