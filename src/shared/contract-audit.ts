/** The audit trail: who did what and when, in pages. It holds own identifiers only, no PHI. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { base } from './contract-base.ts';
import { errorReportSchema } from './status.ts';

const isoTime = z.iso.datetime();
const count = z.int().min(0);
const chainValue = z.string().regex(/^[0-9a-f]{64}$/);
const word = z.string().regex(/^[a-z][a-z-]{0,63}$/);

/** Entries of one page. */
export const auditPageSize = 500;

export const auditEntrySchema = z.object({
  /** Counts up by one with each entry, from 1. */
  id: z.int().min(1),
  at: isoTime,
  action: z.string(),
  /** engine, web, local-socket, command-line. */
  actor: z.string(),
  /** Own identifier of what it was about: a study's id, a destination's name, keys of settings, a fingerprint. */
  subject: z.string().nullable(),
  outcome: z.enum(['success', 'failure']),
  /** HMAC over all of it and the value of the entry before (docs/audit.md); null for entries from before the chain. */
  chain: chainValue.nullable(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

export const auditQuestionSchema = z.strictObject({
  order: z.enum(['newest-first', 'oldest-first']),
  /** `next` of the page before; null for the first one. */
  cursor: z.int().min(0).nullable(),
  limit: z.int().min(1).max(auditPageSize),
  /** From this moment on. */
  since: isoTime.nullable(),
  /** Up to and without this moment. */
  until: isoTime.nullable(),
  actor: word.nullable(),
  action: word.nullable(),
  outcome: z.enum(['success', 'failure']).nullable(),
});
export type AuditQuestion = z.infer<typeof auditQuestionSchema>;

export const auditPageSchema = z.object({
  entries: z.array(auditEntrySchema).max(auditPageSize),
  /** For the next page, which may hold more even where this one holds nothing; null: the trail ends here. */
  next: z.int().min(0).nullable(),
});
export type AuditPage = z.infer<typeof auditPageSchema>;

/**
 * changed: the entry does not say what it said when it was written. missing: these numbers are not there. order: the entry
 * stands at another number than it was written with. before-chain: the entries from before there was a chain are not those
 * that its first entry states. cut-off: the trail ends before an entry that is known to have been there. rewritten: at a
 * number that is known, another entry stands now, though one that fits: the trail was cut or set back, and went on.
 */
export const auditBreakSchema = z.object({
  kind: z.enum(['changed', 'missing', 'order', 'before-chain', 'cut-off', 'rewritten']),
  /** Numbers of entries, both included. */
  from: z.int().min(1),
  to: z.int().min(1),
});
export type AuditBreak = z.infer<typeof auditBreakSchema>;

export const auditCheckSchema = z.object({
  /** In the trail. */
  entries: count,
  /** Number of the newest; 0 for none. */
  last: count,
  /** Say what they said when they were written, in the order they were written in. */
  proven: count,
  /** From before the chain; proven as a whole by its first entry, and then counted in `proven` too. */
  before: count,
  /** The first 100, in the order of numbers; those of a comparison with what is kept elsewhere at the end. */
  breaks: z.array(auditBreakSchema).max(100),
  breakCount: count,
  /** Newest number known elsewhere that was compared; null: none is known, so an end that was cut off would not show. */
  anchoredTo: z.int().min(1).nullable(),
});
export type AuditCheck = z.infer<typeof auditCheckSchema>;

/**
 * What the trail is compared with. here: what this PC remembers of the lists it wrote. newest: the newest list in each
 * cloud too. all: every list of this installation in each cloud.
 */
export const auditReachSchema = z.enum(['here', 'newest', 'all']);
export type AuditReach = z.infer<typeof auditReachSchema>;

export const auditVerifyEventSchema = z.discriminatedUnion('tag', [
  z.object({ tag: z.literal('lists'), destination: z.string(), lists: count, total: count }),
  z.object({ tag: z.literal('progress'), checked: count, total: count }),
  /** A cloud, or a list in it, that could not be read: the trail was not compared with it. */
  z.object({
    tag: z.literal('problem'),
    problem: errorReportSchema.extend({ destination: z.string(), object: z.string() }),
  }),
  /** The last one. */
  z.object({ tag: z.literal('result'), check: auditCheckSchema }),
]);
export type AuditVerifyEvent = z.infer<typeof auditVerifyEventSchema>;

export const auditVerifyQuestionSchema = z.strictObject({
  reach: auditReachSchema,
  /** Something kept elsewhere, such as the last entry of an export. */
  against: z.strictObject({ number: z.int().min(1), chain: chainValue }).nullable(),
});
export type AuditVerifyQuestion = z.infer<typeof auditVerifyQuestionSchema>;

export const auditContract = {
  /** In the order of recording. Asking for the first page is itself recorded (`audit-read`). */
  list: base.input(auditQuestionSchema).output(auditPageSchema),
  /** Proves the whole trail; recorded (`audit-verified`, a failure where something does not hold). */
  verify: base.input(auditVerifyQuestionSchema).output(eventIterator(auditVerifyEventSchema)),
} as const;
