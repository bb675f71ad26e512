/**
 * A file in the data folder that stands there while the folder joins an archive: the same join may go on after a break,
 * and nothing is received before it has ended (a new site CA would be made where the old one is still to come).
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';
import { readFileBounded, writeFileDurably } from '../system/durable-file.ts';

const maxBytes = 4096;

const markerSchema = z.object({
  format: z.literal('edge-sync-join'),
  version: z.literal(1),
  archiveId: z.string().regex(/^[0-9a-f]{32}$/),
  startedAt: z.iso.datetime(),
});

/** The archive that the folder is on its way into; undefined: none. Throws file-not-readable. */
export async function joinUnderWay(dataDir: string): Promise<{ readonly archiveId: string } | undefined> {
  const bytes = await readFileBounded(pathOf(dataDir), maxBytes, damaged);
  if (bytes === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw damaged();
  }
  const checked = markerSchema.safeParse(parsed);
  if (!checked.success) throw damaged();
  return { archiveId: checked.data.archiveId };
}

/** Throws `join-unfinished` while a join is under way. */
export async function refuseWhileJoining(dataDir: string): Promise<void> {
  if ((await joinUnderWay(dataDir)) !== undefined) throw new EdgeSyncError('join-unfinished');
}

/** Durable when it resolves. Throws disk-full, disk-error, data-dir-not-writable. */
export async function beginJoin(dataDir: string, archiveId: string, clock: Clock): Promise<void> {
  const startedAt = new Date(clock.nowMs()).toISOString();
  const marker: z.infer<typeof markerSchema> = { format: 'edge-sync-join', version: 1, archiveId, startedAt };
  await writeFileDurably(pathOf(dataDir), Buffer.from(`${JSON.stringify(marker)}\n`), { clock });
}

export async function endJoin(dataDir: string): Promise<void> {
  await rm(pathOf(dataDir), { force: true });
}

function pathOf(dataDir: string): string {
  return join(dataDir, 'join.json');
}

function damaged(): EdgeSyncError {
  return new EdgeSyncError('join-unfinished', 'join.json is damaged: empty this data folder and join again');
}
