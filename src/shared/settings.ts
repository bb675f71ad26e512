/**
 * The one schema of the configuration file. The JSON schema in assets/ is generated from it
 * (scripts/build.ts) and every key has an environment override (see main/engine/system/settings-source.ts).
 */
import { z } from 'zod';
import { alertsSchema } from './alert-settings.ts';
import { networkSchema } from './network-settings.ts';
import { containerSchema, destinationSchema, prefixSchema, rateSchema } from './destination-settings.ts';
import { uploadWindowsSchema } from './upload-windows.ts';

export type { AzureDestinationSettings, DestinationSettings } from './destination-settings.ts';
export { destinationNameSchema } from './destination-settings.ts';

/** PS3.5 table 6.2-1, VR AE: 1 to 16 printable ASCII characters, no backslash, not spaces alone. */
export const aeTitleSchema = z
  .string()
  .min(1, 'an AE title has at least 1 character')
  .max(16, 'an AE title has at most 16 characters')
  .regex(/^[\x20-\x5b\x5d-\x7e]+$/, 'an AE title is printable ASCII without a backslash')
  .refine((title) => title.trim() === title && title !== '', 'an AE title has no spaces at its ends');

export const folderSchema = z.strictObject({
  path: z.string().min(1).describe('Watched with its subfolders'),
  afterImport: z
    .enum(['keep', 'delete'])
    .default('keep')
    .describe('delete: the file goes once every required destination has verified it'),
});

/** Where shared studies lie: a container of its own with a credential of its own; see docs/sharing.md. */
export const sharingSchema = z.strictObject({
  kind: z.literal('azure').default('azure'),
  container: containerSchema.describe('For shares alone: never a container of the archive'),
  prefix: prefixSchema.default('').describe('Folder inside the container'),
  viewerUrl: z
    .url({ protocol: /^https?$/, error: 'must be an address that starts with https://' })
    .max(500)
    .refine((url) => !/[?#]/.test(url), 'an address without ? and #')
    .refine(
      (url) => /^https:|^http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])([:/]|$)/i.test(url),
      'must start with https://: a page that came in clear could have been changed on its way',
    )
    .optional()
    .describe('Where the practice hosts the viewer page; without it the page is sent along'),
  practice: z.string().max(100).default('').describe('Name of the practice, shown to the recipient'),
});

const giB = 1024 ** 3;

export const settingsSchema = z.strictObject({
  $schema: z.string().optional(),
  dicom: z
    .strictObject({
      host: z
        .string()
        .min(1)
        .refine(
          (host) => !/^(\*|0+(\.0+){0,3}|\[?(0{0,4}:){1,7}0{0,4}\]?)$/.test(host),
          'listening on all interfaces is not allowed: name one address or interface (`edge-sync devices addresses`)',
        )
        .default('127.0.0.1')
        .describe('Address to listen on, or the name of a network interface, whose address is followed'),
      port: z.int().min(0).max(65535).default(11112).describe('0 picks a free port'),
      aeTitle: aeTitleSchema.default('EDGESYNC'),
      maxAssociations: z.int().min(1).max(200).default(25),
      allowLoopback: z.boolean().default(true).describe('Programs on this PC may send without being paired'),
      allowPublicAddress: z
        .boolean()
        .default(false)
        .describe('Listen even on an address of the public internet; a warning stays while it is so'),
      tls: z
        .strictObject({
          enabled: z.boolean().default(false).describe('Listen for devices with certificates too'),
          port: z.int().min(0).max(65535).default(2762).describe('0 picks a free port'),
        })
        .prefault({}),
    })
    .prefault({}),
  keys: z
    .strictObject({
      store: z.enum(['keychain', 'passphrase']).default('keychain'),
    })
    .prefault({}),
  destinations: z
    .array(destinationSchema)
    .default([])
    .refine((all) => new Set(all.map((one) => one.name)).size === all.length, 'two destinations share a name')
    .refine(
      (all) => all.length === 0 || all.some((one) => one.required),
      'at least one destination must be required',
    )
    .refine(
      (all) => all.length === 0 || all.some((one) => one.required && one.kind !== 'dicomweb'),
      'at least one required destination must keep sealed images (azure, s3 or folder): from a PACS alone nothing can be restored',
    ),
  network: networkSchema.prefault({}),
  folders: z.array(folderSchema).default([]),
  sharing: sharingSchema.optional().describe('Where studies are put to be shared by a link'),
  upload: z
    .strictObject({
      concurrency: z.int().min(1).max(32).default(8).describe('Objects under way at once, per destination'),
      maxBytesPerSecond: rateSchema
        .default(0)
        .describe('All uploads together are no faster than this; 0: as fast as the line'),
      windows: uploadWindowsSchema
        .default([])
        .describe('Times of day in which uploads run; empty: always. Receiving never stops'),
      pauseOnMetered: z
        .boolean()
        .default(false)
        .describe('Uploads wait while the engine was told that the network costs by the byte'),
    })
    .prefault({}),
  verify: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Look at cloud copies again in the background'),
      periodDays: z
        .int()
        .min(1)
        .max(3650)
        .default(365)
        .describe('Within this time each copy is downloaded and opened once'),
      samplesPerDay: z
        .int()
        .min(1)
        .max(100_000)
        .default(24)
        .describe('Copies looked at a day while none is old'),
      bytesPerSecond: z
        .int()
        .min(1024)
        .default(1024 ** 2)
        .describe('Downloads for it are no faster than this'),
    })
    .prefault({}),
  disk: z
    .strictObject({
      refuseBelowBytes: z
        .int()
        .min(0)
        .default(5 * giB)
        .describe('Free space under which images are refused (A700)'),
      warnBelowBytes: z
        .int()
        .min(0)
        .default(20 * giB),
      keepVerifiedDays: z
        .int()
        .min(0)
        .max(3650)
        .default(30)
        .describe('Verified images stay this long as local cache'),
    })
    .prefault({}),
  status: z
    .strictObject({
      pendingMaxMinutes: z
        .int()
        .min(1)
        .max(7 * 24 * 60)
        .default(30)
        .describe('An image that waits longer turns the headline'),
    })
    .prefault({}),
  alerts: alertsSchema.prefault({}),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    })
    .prefault({}),
});

export type Settings = Readonly<z.output<typeof settingsSchema>>;
export type SharingSettings = z.output<typeof sharingSchema>;
export type FolderSettings = z.output<typeof folderSchema>;
