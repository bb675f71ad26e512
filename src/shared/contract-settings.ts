/** The settings: each with its value and where that comes from, changed after they were tried, taken back. */
import { z } from 'zod';
import { base } from './contract-base.ts';
import { errorReportSchema } from './status.ts';

const isoTime = z.iso.datetime();

/** SHA-256 of the file's bytes, hexadecimal; `none` when there is no file. */
export const revisionSchema = z.string().regex(/^(none|[0-9a-f]{64})$/);

/** Dotted, as in `edge-sync config`. */
export const settingKeySchema = z.string().min(1).max(200);

export const settingStateSchema = z.object({
  key: settingKeySchema,
  /** Of file, environment or schema; null: absent, and there is no default. */
  value: z.unknown(),
  source: z.enum(['file', 'environment', 'default']),
  /** Its override: where `source` is "environment", nothing else changes it. */
  variable: z.string(),
  /** What the engine still goes by, where that is another value; null stands for absent. */
  inForce: z.object({ value: z.unknown() }).optional(),
});
export type SettingState = z.infer<typeof settingStateSchema>;

/** A credential is never told, only whether there is one. */
export const secretStateSchema = z.object({
  /** Of a destination, or "proxy". */
  name: z.string(),
  state: z.enum(['set', 'not-set', 'environment', 'unknown']),
  /** Named when it comes from there. */
  variable: z.string(),
});
export type SecretState = z.infer<typeof secretStateSchema>;

export const settingsReportSchema = z.object({
  file: z.string(),
  /** To be given back with a change: so that nobody overwrites what they have not seen. */
  revision: revisionSchema,
  settings: z.array(settingStateSchema),
  secrets: z.array(secretStateSchema),
  /**
   * The file was changed by somebody else since the engine read it; `settings` are those of before. Nothing is changed
   * until somebody has chosen. `problem`: why it cannot be used as it is.
   */
  outside: z.object({ revision: revisionSchema, problem: errorReportSchema.nullable() }).nullable(),
  /** The last change, as long as nothing else was changed since. */
  undo: z.object({ at: isoTime, keys: z.array(z.string()) }).nullable(),
  /** Keys that wait for a restart of the engine. */
  waiting: z.array(z.string()),
  /** Whether `settings.restart` can do it. */
  restart: z.enum(['here', 'by-hand']),
});
export type SettingsReport = z.infer<typeof settingsReportSchema>;

export const settingChangeSchema = z.discriminatedUnion('tag', [
  z.strictObject({ tag: z.literal('set'), key: settingKeySchema, value: z.unknown() }),
  /** Back to the default. */
  z.strictObject({ tag: z.literal('unset'), key: settingKeySchema }),
]);
export type SettingChange = z.infer<typeof settingChangeSchema>;

export const changeProblemSchema = z.object({
  key: z.string(),
  report: errorReportSchema,
  /** trial: the value is allowed, it only does not work now; it can be kept with `keep: "anyway"`. */
  kind: z.enum(['not-allowed', 'trial']),
});
export type ChangeProblem = z.infer<typeof changeProblemSchema>;

export const changeResultSchema = z.discriminatedUnion('tag', [
  /** `live` counts now, `waiting` after a restart. */
  z.object({
    tag: z.literal('kept'),
    live: z.array(z.string()),
    waiting: z.array(z.string()),
    report: settingsReportSchema,
  }),
  /** Nothing was changed. */
  z.object({ tag: z.literal('refused'), problems: z.array(changeProblemSchema) }),
]);
export type ChangeResult = z.infer<typeof changeResultSchema>;

export const settingsContract = {
  list: base.output(settingsReportSchema),
  /**
   * All or nothing: checked, tried, applied, kept. `keep: "when-it-works"` refuses what does not work now.
   * Errors: config-changed-outside, config-no-file, disk-*, data-dir-not-writable.
   */
  change: base
    .input(
      z.strictObject({
        revision: revisionSchema,
        changes: z.array(settingChangeSchema).min(1).max(200),
        keep: z.enum(['when-it-works', 'anyway']),
      }),
    )
    .output(changeResultSchema),
  /** Takes the last change back; once more brings it back. Errors: config-no-undo, and those of `change`. */
  undo: base.input(z.strictObject({ revision: revisionSchema })).output(changeResultSchema),
  /**
   * After the file was changed by somebody else: goes by it, or writes back what was there. `revision`: of the file as
   * it was looked at. Errors: those of `change`.
   */
  outside: base
    .input(z.strictObject({ revision: revisionSchema, choice: z.enum(['use-file', 'put-back']) }))
    .output(changeResultSchema),
  /** Forgets a stored credential. Its destination waits from then on. */
  forgetSecret: base
    .input(z.strictObject({ name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/) }))
    .output(z.object({ forgotten: z.literal(true) })),
  /** Stops in order, as `agent.drain`, and begins anew in the same process. Error: restart-by-hand. */
  restart: base.output(z.object({ restarting: z.literal(true) })),
} as const;
