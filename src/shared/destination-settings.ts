/** Where sealed images go: one schema for each kind of destination. Part of the settings schema. */
import { z } from 'zod';

/** The name is part of environment variables and keychain entries. */
export const destinationNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'a name is 1 to 32 lower-case letters, digits and dashes, a letter first')
  .refine((name) => name !== 'proxy', '"proxy" is the name of the proxy\'s credential')
  .refine(
    (name) => name !== 'smtp' && name !== 'alerts-webhook',
    '"smtp" and "alerts-webhook" are the names of the credentials of the alerts',
  );

/** Azure's own rule for container names: 3 to 63 lower-case letters, digits and single dashes. */
export const containerSchema = z
  .string()
  .regex(
    /^(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*$/,
    'a container is 3 to 63 lower-case letters, digits and single dashes',
  );

/** S3's rule for bucket names: 3 to 63 lower-case letters, digits, dots and dashes, no two dots in a row. */
const bucketSchema = z
  .string()
  .regex(
    /^(?=.{3,63}$)(?!.*\.\.)[a-z0-9][a-z0-9.-]*[a-z0-9]$/,
    'a bucket is 3 to 63 lower-case letters, digits, dots and dashes',
  );

export const prefixSchema = z
  .string()
  .max(200, 'a prefix has at most 200 characters')
  .regex(
    /^$|^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/,
    'a prefix is letters, digits, dashes and underscores, parted by single slashes',
  );

/** `host` as URL gives it: lower case, IPv4 as four decimal numbers, IPv6 shortest and in brackets. */
export function isThisPc(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** An address to send to: https, or http to this PC itself; no user, query or fragment in it. */
const endpointSchema = z
  .string()
  .max(300, 'an address has at most 300 characters')
  .refine((text) => isEndpoint(text), 'an address is https://HOST[:PORT][/PATH]; http only to this PC');

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isBare = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isThisPc(url.hostname)));
}

const nameField = destinationNameSchema.describe('Your name for this destination');
const requiredField = z
  .boolean()
  .default(true)
  .describe('An image is safe when every required destination has verified it');

/** 0, or enough that a block gets through within minutes. */
export const rateSchema = z
  .int()
  .min(0)
  .refine(
    (rate) => rate === 0 || rate >= 16_384,
    'a limit is at least 16384 bytes per second, or 0 for none',
  );

const rateField = rateSchema
  .optional()
  .describe(
    'Uploads to this destination are no faster than this, bytes per second; 0: as upload.maxBytesPerSecond',
  );

export const azureDestinationSchema = z
  .strictObject({
    name: nameField,
    kind: z.literal('azure'),
    container: containerSchema,
    prefix: prefixSchema.default('').describe('Folder inside the container'),
    required: requiredField,
    maxBytesPerSecond: rateField,
    auth: z
      .enum(['connection-string', 'sas-url', 'service-principal', 'device-code'])
      .default('connection-string')
      .describe(
        'What the stored credential is: a connection string, the address of the container with a shared access signature, the client secret of an app registered in Entra, or the sign-in of a person by `edge-sync entra sign-in NAME`',
      ),
    endpoint: endpointSchema
      .optional()
      .describe(
        'service-principal, device-code: the address of the account, https://ACCOUNT.blob.core.windows.net',
      ),
    tenantId: z
      .string()
      .regex(/^[A-Za-z0-9.-]{1,100}$/, 'a tenant is an id or a domain')
      .optional()
      .describe('service-principal, device-code: directory (tenant) id'),
    clientId: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,100}$/, 'a client is an id')
      .optional()
      .describe('service-principal, device-code: application (client) id'),
    authorityHost: endpointSchema
      .optional()
      .describe(
        'service-principal, device-code: where Entra signs in; without it, the one of the cloud of `endpoint`',
      ),
  })
  .refine(
    ({ auth, endpoint, tenantId, clientId }) =>
      (auth !== 'service-principal' && auth !== 'device-code') ||
      (endpoint !== undefined && tenantId !== undefined && clientId !== undefined),
    'service-principal and device-code need endpoint, tenantId and clientId',
  );

export const s3DestinationSchema = z.strictObject({
  name: nameField,
  kind: z.literal('s3'),
  bucket: bucketSchema,
  prefix: prefixSchema.default('').describe('Folder inside the bucket'),
  required: requiredField,
  maxBytesPerSecond: rateField,
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'a region is lower-case letters, digits and dashes')
    .default('us-east-1')
    .describe('As the provider names it; "auto" where it has none'),
  endpoint: endpointSchema.optional().describe('Address of the service; without it, AWS in that region'),
  addressing: z
    .enum(['virtual', 'path'])
    .default('virtual')
    .describe('virtual: BUCKET.HOST. path: HOST/BUCKET, which own servers mostly want'),
  checksum: z
    .enum(['md5', 'sha256'])
    .default('md5')
    .describe('What the service checks of each request: Content-MD5, or x-amz-checksum-sha256'),
  createOnly: z
    .enum(['by-service', 'by-versioning'])
    .default('by-service')
    .describe(
      'by-service: refuses to overwrite (If-None-Match). by-versioning: for services that cannot; the bucket must keep versions',
    ),
});

export const folderDestinationSchema = z.strictObject({
  name: nameField,
  kind: z.literal('folder'),
  path: z
    .string()
    .min(1)
    .max(1000)
    .refine(
      (path) => path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || path.startsWith('\\\\'),
      'a folder is a whole path, from the root or the drive on',
    )
    .describe('A folder, or a network share as this PC sees it. It must exist'),
  prefix: prefixSchema.default('').describe('Folder inside that folder'),
  required: requiredField,
  maxBytesPerSecond: rateField,
});

/** A PACS that must read: it gets the images in clear over TLS, and nothing else. See docs/cloud-setup.md. */
export const dicomwebDestinationSchema = z
  .strictObject({
    name: nameField,
    kind: z.literal('dicomweb'),
    url: endpointSchema.describe('Root of the DICOMweb service: what comes before /studies'),
    required: requiredField,
    maxBytesPerSecond: rateField,
    auth: z
      .enum(['none', 'basic', 'bearer', 'client-certificate'])
      .default('none')
      .describe(
        'What the stored credential is: USER:PASSWORD, a bearer token, or the private key (PEM) of certificateFile',
      ),
    certificateFile: z
      .string()
      .min(1)
      .max(1000)
      .optional()
      .describe('client-certificate: file with the certificate and its chain (PEM)'),
    authorityFile: z
      .string()
      .min(1)
      .max(1000)
      .optional()
      .describe('File with certificates (PEM) of an authority of your own that the service is trusted by'),
    proof: z
      .enum(['identical', 'listed'])
      .optional()
      .describe(
        'What counts as verified. identical: fetched back and the same, bit for bit. listed: a search finds it, though it may have been changed. Without it: identical where required, else listed',
      ),
  })
  .refine(
    ({ auth, certificateFile }) => auth !== 'client-certificate' || certificateFile !== undefined,
    'client-certificate needs certificateFile',
  );

export const destinationSchema = z.discriminatedUnion('kind', [
  azureDestinationSchema,
  s3DestinationSchema,
  folderDestinationSchema,
  dicomwebDestinationSchema,
]);

export type DestinationSettings = z.output<typeof destinationSchema>;
export type AzureDestinationSettings = z.output<typeof azureDestinationSchema>;
export type S3DestinationSettings = z.output<typeof s3DestinationSchema>;
export type FolderDestinationSettings = z.output<typeof folderDestinationSchema>;
export type DicomwebDestinationSettings = z.output<typeof dicomwebDestinationSchema>;
/** Holds sealed images, lists, keys and backups: what can be restored and verified. */
export type ArchiveDestinationSettings = Exclude<DestinationSettings, DicomwebDestinationSettings>;
export type DestinationKind = DestinationSettings['kind'];

export const destinationKinds: readonly DestinationKind[] = ['azure', 's3', 'folder', 'dicomweb'];

export function isArchive(destination: DestinationSettings): destination is ArchiveDestinationSettings {
  return destination.kind !== 'dicomweb';
}

/** Those that hold the archive: restore, verify and drills know no others. */
export function archivesOf(
  destinations: readonly DestinationSettings[],
): readonly ArchiveDestinationSettings[] {
  return destinations.filter(isArchive);
}
