/**
 * A snapshot: everything that the lists of one chain up to number N say, in parts of a bounded size, stored create-only
 * beside the chain. A reader takes the newest whole one and then only the lists after N; the lists themselves stay, and
 * take its place when a part is missing or damaged.
 *
 * All of its content follows from the chain, so that an interrupted writer goes on with the same parts. It proves
 * itself like a list, by an HMAC under the archive's manifest key; each part holds the HMAC of the part before, and all
 * of them the hash of list N, which list N + 1 holds too: a snapshot of another chain does not fit.
 */
import { z } from 'zod';
import {
  broken,
  groupNeighbours,
  manifestVersion,
  studiesSchema,
  type ManifestEntry,
  type ManifestMac,
} from './manifest.ts';
import { provenJson, withProof } from '../system/proven-json.ts';

/** Entries of one part: about 2 MB. */
export const maxSnapshotEntries = 5000;
/** A snapshot is due when the chain has grown by so many lists. */
export const snapshotEvery = 1000;

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
const id = z.string().regex(/^[0-9a-f]{32}$/);

export const snapshotPartSchema = z.object({
  format: z.literal('edge-sync-manifest'),
  version: z.literal(manifestVersion),
  kind: z.literal('compacted'),
  installationId: id,
  archiveId: id,
  /** N: it stands for the lists 1 to N. */
  sequence: z.int().min(1),
  /** SHA-256 of the stored (sealed) bytes of list N. */
  sha256: hex64,
  /** When list N was made. */
  createdAt: z.iso.datetime(),
  /** From 1. */
  part: z.int().min(1).max(9999),
  /** HMAC of the part before; null for the first. */
  previousMac: hex64.nullable(),
  /** Entries of this part and those before it. */
  entries: z.int().min(0),
  /** last: there is no further part. */
  position: z.enum(['more', 'last']),
  studies: studiesSchema,
});
export type SnapshotPart = z.infer<typeof snapshotPartSchema>;

export type SnapshotHeader = Pick<
  SnapshotPart,
  | 'installationId'
  | 'archiveId'
  | 'sequence'
  | 'sha256'
  | 'createdAt'
  | 'part'
  | 'previousMac'
  | 'entries'
  | 'position'
>;

/** The content to seal. */
export function encodeSnapshotPart(
  header: SnapshotHeader,
  entries: readonly ManifestEntry[],
  mac: ManifestMac,
): Buffer {
  const part: SnapshotPart = {
    format: 'edge-sync-manifest',
    version: manifestVersion,
    kind: 'compacted',
    ...header,
    studies: groupNeighbours(entries),
  };
  return withProof(part, mac);
}

/** Checks HMAC and shape. @throws EdgeSyncError `manifest-broken`. */
export function decodeSnapshotPart(content: Buffer, mac: ManifestMac): SnapshotPart {
  const parsed = snapshotPartSchema.safeParse(provenJson(content, mac, broken));
  if (!parsed.success) throw broken('it is of another version or shape');
  return parsed.data;
}

/** The HMAC that stands in the last line of a content that was decoded. */
export function macOf(content: Buffer): string {
  return content.subarray(content.length - 65, content.length - 1).toString('latin1');
}

export function snapshotPrefix(installationId: string): string {
  return `manifests/${installationId}/compact-`;
}

export function snapshotName(installationId: string, sequence: number, part: number): string {
  const number = String(sequence).padStart(10, '0');
  return `${snapshotPrefix(installationId)}${number}-${String(part).padStart(4, '0')}.cms`;
}

const pattern = /^manifests\/([0-9a-f]{32})\/compact-(\d{10})-(\d{4})\.cms$/;

/** What a name says; undefined: it is no part of a snapshot. */
export function parseSnapshotName(
  name: string,
): { readonly installationId: string; readonly sequence: number; readonly part: number } | undefined {
  const [, installationId, sequence, part] = pattern.exec(name) ?? [];
  if (installationId === undefined) return undefined;
  return { installationId, sequence: Number(sequence), part: Number(part) };
}
