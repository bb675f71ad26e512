/** The audit trail: who did what and when, in pages. It holds own identifiers only, no PHI. */
import { z } from 'zod';
import { base } from './contract-base.ts';

const isoTime = z.iso.datetime();
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

export const auditContract = {
  /** In the order of recording. Asking for the first page is itself recorded (`audit-read`). */
  list: base.input(auditQuestionSchema).output(auditPageSchema),
} as const;
