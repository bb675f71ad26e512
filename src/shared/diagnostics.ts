/**
 * What a diagnostics bundle may hold, and nothing else: every text in it is one of a list, a time, a version, or a
 * number of ours that stands for a name. Parsed again right before it is shown, so that a slip elsewhere fails here.
 */
import { z } from 'zod';
import { isErrorCode } from './errors.ts';
import { settingFacts } from './settings-facts.ts';
import { headlineSchema } from './status.ts';

/** Far above what fits into the bounded lists below. */
export const mostDiagnosticsBytes = 512 * 1024;
export const mostLogEvents = 400;

const isoTime = z.iso.datetime();
const figure = z.number().min(0);
const code = z.string().refine(isErrorCode, 'no code of ours');
/** destination-1, device-2: by their order, so that the parts of a bundle can be held against each other. */
const alias = z.string().regex(/^(destination|device)-([1-9][0-9]{0,4}|other)$/);
const destinationKind = z.enum(['azure', 's3', 'folder', 'dicomweb', 'other']);
const version = z.string().regex(/^v?[0-9]{1,6}(\.[0-9]{1,6}){0,3}([.+-][0-9A-Za-z.-]{0,24})?$/);

/** How a text of the settings is told: that it is there, and of an address what kind it is. */
export const reducedText = z.enum([
  'set',
  'not-set',
  'loopback',
  'private',
  'link-local',
  'public',
  'interface-or-name',
]);

/** Words that settings choose from ("keychain", "starttls"): of the schema alone. */
const settingWords: ReadonlySet<string> = new Set(
  settingFacts().flatMap((facts) => [
    ...facts.choices,
    ...(facts.item?.tag === 'group' ? facts.item.fields.flatMap(({ choices }) => choices) : []),
    ...(facts.item?.tag === 'kinds'
      ? facts.item.kinds.flatMap(({ kind, fields }) => [kind, ...fields.flatMap(({ choices }) => choices)])
      : []),
  ]),
);
const settingWord = z.string().refine((word) => settingWords.has(word), 'no word of the settings');
const settingKeys: ReadonlySet<string> = new Set(settingFacts().map(({ key }) => key));
const fieldNames: ReadonlySet<string> = new Set([
  'kind',
  'alias',
  ...settingFacts().flatMap(({ item }) =>
    item === undefined || item.tag === 'text'
      ? []
      : item.tag === 'group'
        ? item.fields.map(({ name }) => name)
        : item.kinds.flatMap(({ fields }) => fields.map(({ name }) => name)),
  ),
]);
const plainValue = z.union([z.number(), z.boolean(), reducedText, settingWord, alias]);
export type PlainValue = z.infer<typeof plainValue>;
const entry = z.record(
  z.string().refine((name) => fieldNames.has(name), 'no field of the settings'),
  z.union([plainValue, z.object({ entries: figure })]),
);
export type EntryValue = z.infer<typeof entry>;

const settingSchema = z.strictObject({
  key: z.string().refine((key) => settingKeys.has(key), 'no setting'),
  source: z.enum(['file', 'environment', 'default']),
  value: z.union([
    plainValue,
    z.array(settingWord).max(100),
    z.strictObject({ entries: z.array(entry).max(100), total: figure }),
    z.strictObject({ total: figure }),
  ]),
});

/** A class name of the runtime or of ours, a code of the operating system or of SQLite. */
export const errorNamePattern = /^[A-Z][A-Za-z]{0,40}Error$|^Error$/;
export const systemCodePattern = /^(ERR_[A-Z0-9_]{1,50}|SQLITE_[A-Z_]{1,50}|E[A-Z0-9]{2,15})$/;
export const eventPattern = /^[A-Za-z][A-Za-z .,'-]{0,79}$/;

export const logEventSchema = z.strictObject({
  at: isoTime,
  level: z.enum(['info', 'warn', 'error']),
  part: z
    .string()
    .regex(/^[a-z][a-z.-]{0,40}$/)
    .optional(),
  event: z.string().regex(eventPattern),
  code: code.optional(),
  cause: code.optional(),
  destination: alias.optional(),
  errorName: z.string().regex(errorNamePattern).optional(),
  systemCode: z.string().regex(systemCodePattern).optional(),
  /** Counts, durations and sizes, by the name that they have in the log. */
  figures: z.record(z.string().regex(/^[a-zA-Z]{1,24}$/), z.number()).optional(),
});
export type DiagnosticsEvent = z.infer<typeof logEventSchema>;

const hold = z.enum(['paused', 'window', 'metered']);
const part = z.enum(['keys', 'database', 'audit', 'copies']);

export const diagnosticsReportSchema = z.strictObject({
  format: z.literal('edge-sync-diagnostics/1'),
  madeAt: isoTime,
  program: z.strictObject({
    version,
    startedAt: isoTime.nullable(),
    runtime: z.enum(['node', 'electron']),
    runtimeVersion: version,
  }),
  machine: z.strictObject({
    platform: z.enum(['linux', 'win32', 'darwin', 'other']),
    architecture: z.enum(['x64', 'arm64', 'ia32', 'arm', 'other']),
    /** Leading numbers of the system's release. */
    systemRelease: version.nullable(),
    processors: figure,
    memoryBytes: figure,
    freeMemoryBytes: figure,
  }),
  /** Why there is no engine to ask; then all that it knows is missing. */
  engineTrouble: code.nullable(),
  status: z
    .strictObject({
      safe: z.boolean(),
      headline: headlineSchema,
      listening: z.boolean(),
      openAssociations: figure,
      counts: z.strictObject({
        received: figure,
        pending: figure,
        verified: figure,
        failed: figure,
        parked: figure,
      }),
      lastVerifiedAt: isoTime.nullable(),
      recovery: z.enum(['none', 'created', 'proven']),
      recoveryProvenAt: isoTime.nullable(),
      failures: z
        .array(
          z.strictObject({
            code,
            destination: alias.nullable(),
            imagesSafe: z.boolean(),
            action: z.enum(['retry', 'answer', 'none']),
            count: figure,
            firstAt: isoTime,
            lastAt: isoTime,
          }),
        )
        .max(500),
      over: z.array(z.strictObject({ code, destination: alias.nullable(), overAt: isoTime })).max(100),
      toldOutside: z
        .array(
          z.strictObject({
            channel: z.enum(['email', 'webhook']),
            code,
            destination: alias.nullable(),
            at: isoTime,
          }),
        )
        .max(500),
      destinations: z
        .array(
          z.strictObject({
            alias,
            kind: destinationKind,
            required: z.boolean(),
            state: z.enum(['ok', 'retrying', 'paused', 'refused']),
            pending: figure,
            verified: figure,
            lastVerifiedAt: isoTime.nullable(),
            error: code.nullable(),
            hold: hold.nullable(),
            backFillWaiting: figure.nullable(),
            copiesEverChecked: figure.nullable(),
            copiesBad: figure.nullable(),
          }),
        )
        .max(100),
      devices: z
        .array(
          z.strictObject({
            alias,
            channel: z.enum(['tls', 'plain', 'not-paired']),
            received: figure,
            verified: figure,
            committed: figure,
            lastReceivedAt: isoTime.nullable(),
            warning: code.nullable(),
          }),
        )
        .max(500),
      waitingCallers: figure,
      waitingClasses: figure,
    })
    .nullable(),
  disk: z
    .strictObject({
      freeBytes: figure,
      localCopiesBytes: figure,
      evictableBytes: figure.nullable(),
      intakeBytesPerDay: figure.nullable(),
      daysLeft: figure.nullable(),
    })
    .nullable(),
  queue: z
    .strictObject({
      studies: figure,
      oldestPendingAt: isoTime.nullable(),
      newestPendingAt: isoTime.nullable(),
      failureGroups: figure,
      openIncidents: figure,
    })
    .nullable(),
  database: z.strictObject({
    /** Numbers of the migrations that this version knows; the database has all of them while an engine runs. */
    migrations: z.array(figure).max(500),
    inconsistencies: figure.nullable(),
  }),
  certificates: z
    .array(
      z.strictObject({
        role: z.enum(['issuer', 'anchor', 'server', 'device']),
        origin: z.enum(['made', 'signed', 'imported']),
        state: z.enum(['valid', 'expires-soon', 'expired', 'not-yet-valid', 'revoked', 'replaced']),
        notAfter: isoTime,
        inUse: z.boolean(),
      }),
    )
    .max(500),
  settings: z.array(settingSchema).max(500),
  /** Of `edge-sync doctor`, where no engine could be asked. */
  doctor: z
    .array(
      z.strictObject({
        found: z.enum([
          'empty',
          'keys',
          'database',
          'audit',
          'reconciled',
          'copies',
          'set-aside',
          'leftovers',
          'rights',
          'disk',
          'failed',
        ]),
        needsAttention: z.boolean(),
        part: part.optional(),
        code: code.optional(),
        figures: z.record(z.string().regex(/^[a-zA-Z]{1,24}$/), z.number()).optional(),
      }),
    )
    .max(50),
  /** Newest last; those of `info` and above since the program started. */
  log: z.array(logEventSchema).max(mostLogEvents),
});
export type DiagnosticsReport = z.infer<typeof diagnosticsReportSchema>;
