/** Backups of settings, pairings and CA in the cloud, and what is read back from there. */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { base } from './contract-base.ts';
import { errorReportSchema } from './status.ts';

const count = z.int().min(0);
const isoTime = z.iso.datetime();
const id = z.string().regex(/^[0-9a-f]{32}$/);

/** One installation's newest backup that proves itself. */
export const backupSummarySchema = z.object({
  destination: z.string(),
  installationId: id,
  /** This installation's own. */
  own: z.boolean(),
  /** Of the PC that wrote it. */
  name: z.string(),
  aeTitle: z.string(),
  number: count,
  writtenAt: isoTime,
  devices: count,
  /** Numbers below it that are not there. */
  missing: count,
  /** Names above it that do not prove themselves. */
  refused: count,
});
export type BackupSummary = z.infer<typeof backupSummarySchema>;

export const cloudProblemSchema = errorReportSchema.extend({ destination: z.string(), object: z.string() });
export type CloudProblem = z.infer<typeof cloudProblemSchema>;

/** Where one installation's chain of manifests ends. */
export const chainHeadSchema = z.object({
  destination: z.string(),
  installationId: id,
  own: z.boolean(),
  sequence: count,
  createdAt: isoTime,
});
export type ChainHeadFacts = z.infer<typeof chainHeadSchema>;

export const rebuildEventSchema = z.discriminatedUnion('tag', [
  z.object({
    tag: z.literal('progress'),
    destination: z.string(),
    /** Reading the manifests, listing the objects, writing rows. */
    step: z.enum(['manifests', 'objects', 'rows']),
    done: count,
    /** null: not known before the end. */
    total: count.nullable(),
  }),
  z.object({ tag: z.literal('head'), head: chainHeadSchema }),
  z.object({ tag: z.literal('problem'), problem: cloudProblemSchema }),
  z.object({
    tag: z.literal('destination'),
    destination: z.string(),
    /** Images that its manifests name. */
    images: count,
    added: count,
    known: count,
    /** Known from elsewhere, and found here now. */
    found: count,
    /** Named, but not there. */
    missing: count,
  }),
]);
export type RebuildEvent = z.infer<typeof rebuildEventSchema>;

export const backupContract = {
  /** Looks into every destination. */
  list: base.output(
    z.object({ backups: z.array(backupSummarySchema), problems: z.array(cloudProblemSchema) }),
  ),
  /** Writes what differs from the newest, now. */
  write: base.output(
    z.object({
      written: z.array(
        z.object({
          destination: z.string(),
          outcome: z.enum(['written', 'unchanged']),
          number: count,
          writtenAt: isoTime,
        }),
      ),
    }),
  ),
  /** Reads the manifests of every destination, and adds what is not known here. */
  rebuild: base.output(eventIterator(rebuildEventSchema)),
} as const;
