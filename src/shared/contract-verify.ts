/** Looking at what lies in the cloud again: the images, and the lists that name them. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { base } from './contract-base.ts';
import { errorReportSchema } from './status.ts';

const count = z.int().min(0);
const isoTime = z.iso.datetime();
const destinationName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);

export const verifySelectionSchema = z.discriminatedUnion('tag', [
  /** So many of a hundred, chosen at random; at least one. */
  z.strictObject({ tag: z.literal('sample'), percent: z.number().gt(0).max(100) }),
  /** go-on: what an earlier look at everything has not come to. */
  z.strictObject({ tag: z.literal('all'), from: z.enum(['go-on', 'start']) }),
  z.strictObject({ tag: z.literal('study'), studyInstanceUid: z.string().regex(/^[0-9.]{1,64}$/) }),
]);
export type VerifySelection = z.infer<typeof verifySelectionSchema>;

export const verifyProgressSchema = z.object({
  tag: z.literal('progress'),
  /** Copies to look at; one image has one at each destination. */
  total: count,
  checked: count,
  good: count,
  missing: count,
  damaged: count,
  /** Of the missing and damaged ones: being stored again from a good copy. */
  mending: count,
  /** Of the missing and damaged ones: no good copy is left anywhere. */
  lost: count,
  /** Whole, but the list that should name it does not, or not like this. */
  unlisted: count,
  /** Not stored yet: nothing to look at. */
  waiting: count,
  /** Downloaded so far. */
  bytes: count,
  bytesPerSecond: count.nullable(),
  secondsLeft: count.nullable(),
});
export type VerifyProgress = z.infer<typeof verifyProgressSchema>;

export const verifyProblemSchema = errorReportSchema.extend({
  /** Name in the cloud. */
  object: z.string(),
  destination: z.string(),
  /** As in the page: opaque; null where none is known. */
  studyId: z.string().nullable(),
});

export const verifyEventSchema = z.discriminatedUnion('tag', [
  verifyProgressSchema,
  z.object({ tag: z.literal('resumed'), destination: z.string(), startedAt: isoTime, done: count }),
  z.object({ tag: z.literal('problem'), problem: verifyProblemSchema }),
]);
export type VerifyEvent = z.infer<typeof verifyEventSchema>;

export const chainSchema = z.object({
  installationId: z.string(),
  /** Of the newest list: compare them with what the kit or somebody remembers. */
  sequence: count,
  createdAt: isoTime,
  lists: count,
  entries: count,
  snapshot: z.object({ sequence: count, parts: count, entries: count }).nullable(),
  /** The chain this PC writes. */
  isOurs: z.boolean(),
});
export type Chain = z.infer<typeof chainSchema>;

export const manifestEventSchema = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('progress'), destination: z.string(), lists: count }),
  z.object({ tag: z.literal('chain'), destination: z.string(), chain: chainSchema }),
  z.object({ tag: z.literal('problem'), problem: verifyProblemSchema }),
]);
export type ManifestEvent = z.infer<typeof manifestEventSchema>;

export const verifyContract = {
  run: base
    .input(
      z.strictObject({
        selection: verifySelectionSchema,
        destination: destinationName.nullable().default(null),
      }),
    )
    .output(eventIterator(verifyEventSchema)),
  /** Reads every list and every snapshot. */
  manifests: base
    .input(z.strictObject({ destination: destinationName.nullable().default(null) }))
    .output(eventIterator(manifestEventSchema)),
} as const;
