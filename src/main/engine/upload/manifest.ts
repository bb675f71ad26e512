/**
 * The manifest format: what an archive can be rebuilt from with the cloud and the keys alone.
 * A manifest is a sealed object whose content is one line of JSON (UTF-8) and one line with the HMAC-SHA256 (hex)
 * of that first line without its line feed, under the archive's manifest key.
 */
import { z } from 'zod';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { InstanceDetails } from '../model.ts';
import type { UploadedInstance } from '../queue/queue-types.ts';
import { provenJson, withProof, type ContentMac } from '../system/proven-json.ts';

export const manifestVersion = 1;
/** Entries of one manifest: about 400 bytes each, so that it stays one small request. */
export const maxManifestEntries = 500;
/** A reader refuses more: 100 times the most we write. */
export const maxManifestBytes = 64 * 1024 * 1024;
const maxReadEntries = 200_000;

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
/** Values come from images: any text, bounded. */
const text = z.string().max(1024);

const instanceSchema = z.object({
  objectName: hex64,
  /** Of the sealed object as it lies in the cloud. */
  sizeBytes: z.int().min(0),
  objectSha256: hex64,
  datasetSha256: hex64,
  sopInstanceUid: text,
  sopClassUid: text,
  transferSyntaxUid: text,
  instanceNumber: text.optional(),
  /**
   * The copy meant lies at cloudNames.repairedObject of this number: another, under its own name, was damaged. Readers
   * that do not know of it find the first entry of the object, which stands in an earlier list.
   */
  repair: z.int().min(1).max(9).optional(),
});

const seriesSchema = z.object({
  seriesInstanceUid: text,
  modality: text.optional(),
  seriesNumber: text.optional(),
  seriesDescription: text.optional(),
  instances: z.array(instanceSchema).max(maxReadEntries),
});

/** A study whose images disagree about its attributes stands here once for each variant. */
const studySchema = z.object({
  studyInstanceUid: text,
  patientName: text.optional(),
  patientId: text.optional(),
  patientBirthDate: text.optional(),
  studyDate: text.optional(),
  studyTime: text.optional(),
  studyDescription: text.optional(),
  accessionNumber: text.optional(),
  series: z.array(seriesSchema).max(maxReadEntries),
});

export const studiesSchema = z.array(studySchema).max(maxReadEntries);
export type ManifestStudies = z.infer<typeof studiesSchema>;

export const manifestSchema = z.object({
  format: z.literal('edge-sync-manifest'),
  version: z.literal(manifestVersion),
  /** added: these instances were stored. What many lists say together is manifest-snapshot.ts. */
  kind: z.literal('added'),
  installationId: z.string().regex(/^[0-9a-f]{32}$/),
  archiveId: z.string().regex(/^[0-9a-f]{32}$/),
  sequence: z.int().min(1),
  /** SHA-256 of the stored (sealed) bytes of the manifest before; null for the first. */
  previousSha256: hex64.nullable(),
  createdAt: z.iso.datetime(),
  /**
   * How far the audit trail of the installation went: number and chain value of its newest entry. Readers from before it
   * ignore it, and lists from before it lack it.
   */
  audit: z.object({ number: z.int().min(1), chain: hex64 }).optional(),
  studies: studiesSchema,
});
export type Manifest = z.infer<typeof manifestSchema>;

export interface ManifestEntry {
  readonly objectName: string;
  readonly sizeBytes: number;
  readonly objectSha256: string;
  readonly details: InstanceDetails;
  /** Absent: under its own name; else the number of the repaired copy. */
  readonly repair?: number;
}

export type ManifestMac = ContentMac;

export type ManifestHeader = Pick<
  Manifest,
  'installationId' | 'archiveId' | 'sequence' | 'previousSha256' | 'createdAt' | 'audit'
>;

/** The content to seal. */
export function encodeManifest(
  header: ManifestHeader,
  instances: readonly UploadedInstance[],
  mac: ManifestMac,
): Buffer {
  const manifest: Manifest = {
    format: 'edge-sync-manifest',
    version: manifestVersion,
    kind: 'added',
    ...header,
    studies: groupEntries(instances.map(entryOf)),
  };
  return withProof(manifest, mac);
}

/** Checks HMAC and shape. @throws EdgeSyncError `manifest-broken`. */
export function decodeManifest(content: Buffer, mac: ManifestMac): Manifest {
  const parsed = manifestSchema.safeParse(provenJson(content, mac, broken));
  if (!parsed.success) throw broken('it is of another version or shape');
  return parsed.data;
}

/** Every instance of a manifest with the attributes of its study and series. */
export function* manifestEntries(manifest: { readonly studies: ManifestStudies }): Generator<ManifestEntry> {
  for (const { series: allSeries, ...study } of manifest.studies) {
    for (const { instances, ...series } of allSeries) {
      for (const { objectName, sizeBytes, objectSha256, repair, ...instance } of instances) {
        const details = defined({ ...study, ...series, ...instance });
        yield { objectName, sizeBytes, objectSha256, details, ...(repair === undefined ? {} : { repair }) };
      }
    }
  }
}

function entryOf({ objectName, proof, details }: UploadedInstance): ManifestEntry {
  const { sizeBytes, objectSha256, repair } = proof;
  return { objectName, sizeBytes, objectSha256, details, ...(repair === undefined ? {} : { repair }) };
}

/** Attributes that many images share stand there once. */
export function groupEntries(entries: Iterable<ManifestEntry>): ManifestStudies {
  const studies = new Map<string, Manifest['studies'][number]>();
  const series = new Map<string, Manifest['studies'][number]['series'][number]>();
  for (const { objectName, sizeBytes, objectSha256, repair, details } of entries) {
    const studyFields = studyOf(details);
    const studyKey = JSON.stringify(studyFields);
    let study = studies.get(studyKey);
    if (study === undefined) {
      study = { ...studyFields, series: [] };
      studies.set(studyKey, study);
    }
    const seriesFields = seriesOf(details);
    const seriesKey = studyKey + JSON.stringify(seriesFields);
    let one = series.get(seriesKey);
    if (one === undefined) {
      one = { ...seriesFields, instances: [] };
      series.set(seriesKey, one);
      study.series.push(one);
    }
    one.instances.push({
      objectName,
      sizeBytes,
      objectSha256,
      datasetSha256: details.datasetSha256,
      sopInstanceUid: details.sopInstanceUid,
      sopClassUid: details.sopClassUid,
      transferSyntaxUid: details.transferSyntaxUid,
      ...picked(details, ['instanceNumber']),
      ...(repair === undefined ? {} : { repair }),
    });
  }
  return [...studies.values()];
}

/** As `groupEntries`, but only neighbours share: read back, the entries come in the order they were given. */
export function groupNeighbours(entries: Iterable<ManifestEntry>): ManifestStudies {
  const studies: ManifestStudies = [];
  const run: ManifestEntry[] = [];
  let runKey = '';
  for (const entry of entries) {
    const key = JSON.stringify([studyOf(entry.details), seriesOf(entry.details)]);
    if (key !== runKey) studies.push(...groupEntries(run.splice(0)));
    runKey = key;
    run.push(entry);
  }
  studies.push(...groupEntries(run));
  return studies;
}

type OptionalDetail = Exclude<
  keyof InstanceDetails,
  | 'sopClassUid'
  | 'sopInstanceUid'
  | 'transferSyntaxUid'
  | 'studyInstanceUid'
  | 'seriesInstanceUid'
  | 'datasetSha256'
>;

function studyOf(details: InstanceDetails): Omit<Manifest['studies'][number], 'series'> {
  return {
    studyInstanceUid: details.studyInstanceUid,
    ...picked(details, [
      'patientName',
      'patientId',
      'patientBirthDate',
      'studyDate',
      'studyTime',
      'studyDescription',
      'accessionNumber',
    ]),
  };
}

function seriesOf(
  details: InstanceDetails,
): Omit<Manifest['studies'][number]['series'][number], 'instances'> {
  return {
    seriesInstanceUid: details.seriesInstanceUid,
    ...picked(details, ['modality', 'seriesNumber', 'seriesDescription']),
  };
}

/** Values longer than a reader takes are cut: the image itself has them whole. */
function picked(
  details: InstanceDetails,
  names: readonly OptionalDetail[],
): Partial<Record<OptionalDetail, string>> {
  const found: Partial<Record<OptionalDetail, string>> = {};
  for (const name of names) {
    const value = details[name];
    if (value !== undefined) found[name] = value.slice(0, 1024);
  }
  return found;
}

/** zod's optional fields may be present and undefined; ours may not. */
function defined(details: {
  readonly [K in keyof InstanceDetails]?: InstanceDetails[K] | undefined;
}): InstanceDetails {
  return Object.fromEntries(
    Object.entries(details).filter(([, value]) => value !== undefined),
  ) as unknown as InstanceDetails;
}

export function broken(problem: string): EdgeSyncError {
  return new EdgeSyncError('manifest-broken', problem);
}
