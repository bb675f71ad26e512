/** Files of watched folders that need attention: which, why, since when; and what may be done about them. */
import { z } from 'zod';
import { base } from './contract-base.ts';
import { errorReportSchema } from './status.ts';

const count = z.int().min(0);

export const attentionFileSchema = errorReportSchema.extend({
  /** Opaque; stays the same while the file needs attention. */
  id: z.string(),
  /** The watched folder, and the file with its whole path. */
  folder: z.string(),
  path: z.string(),
  firstAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
});
export type AttentionFile = z.infer<typeof attentionFileSchema>;

/** Single files, or all of them. */
export const attentionSelectionSchema = z.discriminatedUnion('tag', [
  z.strictObject({ tag: z.literal('all') }),
  z.strictObject({
    tag: z.literal('some'),
    ids: z
      .array(z.string().regex(/^[0-9]{1,15}$/, 'an id is the number in front of the file'))
      .min(1)
      .max(1000),
  }),
]);
export type AttentionSelection = z.infer<typeof attentionSelectionSchema>;

export const attentionProcedures = {
  /** Newest first. File names may say who a patient is: asking for them is audited. */
  attention: base.input(z.strictObject({ limit: z.int().min(1).max(10_000).default(1000) })).output(
    z.object({
      files: z.array(attentionFileSchema),
      /** All that need attention, listed here or not. */
      total: count,
    }),
  ),
  /** Seen and decided: they need no attention as they are now. One that changes is looked at anew. */
  dismissAttention: base.input(attentionSelectionSchema).output(z.object({ dismissed: count })),
  /** Looks at them again at once, as they are. */
  retryAttention: base.input(attentionSelectionSchema).output(z.object({ retried: count })),
} as const;
