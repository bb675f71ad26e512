/**
 * The one RPC contract. Engine, CLI, Electron bridge and browser page all derive from it;
 * arguments and answers are validated at run time on the receiving side.
 * Errors travel as `EDGE_SYNC` with an ErrorReport (no PHI).
 */
import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { agentEventSchema } from './agent-state.ts';
import { attentionProcedures } from './contract-attention.ts';
import { auditContract } from './contract-audit.ts';
import { backupContract } from './contract-backup.ts';
import { base } from './contract-base.ts';
import { certificatesContract } from './contract-certificates.ts';
import { devicesContract } from './contract-devices.ts';
import { diagnosticsContract } from './contract-diagnostics.ts';
import { failureLedgerProcedure } from './contract-failures.ts';
import { homeContract } from './contract-home.ts';
import { keysContract, recipientsContract } from './contract-keys.ts';
import { pairingContract } from './contract-pairing.ts';
import { setupContract } from './contract-setup.ts';
import { secretsContract } from './contract-secrets.ts';
import { settingsContract } from './contract-settings.ts';
import { sharesContract } from './contract-share.ts';
import { studyContract } from './contract-study.ts';
import { recoveryProcedures } from './contract-recovery.ts';
import { restoreContract } from './contract-restore.ts';
import { errorReportSchema, statusReportSchema } from './status.ts';
import { alertsContract } from './contract-alerts.ts';
import { uploadsContract, wakeProcedure } from './contract-upload.ts';
import { verifyContract } from './contract-verify.ts';

/** A path on this PC, absolute: the engine's working folder is not the caller's. */
const absolutePath = z.string().min(1).max(4096);
const count = z.int().min(0);

export {
  restoreEventSchema,
  restoreSelectionSchema,
  type RestoreEvent,
  type RestoreRequest,
  type RestoreSelection,
} from './contract-restore.ts';

export const fileProblemSchema = errorReportSchema.extend({ path: z.string() });

export const importEventSchema = z.discriminatedUnion('tag', [
  z.object({
    tag: z.literal('progress'),
    /** Files found so far; grows while folders are walked. */
    found: count,
    done: count,
    stored: count,
    duplicates: count,
    failed: count,
    bytes: count,
  }),
  z.object({ tag: z.literal('problem'), problem: fileProblemSchema }),
]);
export type ImportEvent = z.infer<typeof importEventSchema>;

export const contract = {
  agent: {
    status: base.output(statusReportSchema),
    /** One snapshot, then deltas, until the caller stops listening. */
    watch: base.output(eventIterator(agentEventSchema)),
    /** Finishes what is under way and exits 0. The way to stop the engine where SIGTERM does not exist (Windows). */
    drain: base.output(z.object({ pending: count })),
    /** A fresh one-time link to the page, when `--web` is on. */
    link: base.output(z.object({ url: z.string().nullable() })),
    wake: wakeProcedure,
  },
  studies: {
    /** Full name and id for a limited time; audited. */
    reveal: base.input(z.object({ studyId: z.string().max(128) })).output(
      z.object({
        patientName: z.string(),
        patientId: z.string(),
        studyDescription: z.string(),
        studyDate: z.string(),
        hideAfterSeconds: z.number(),
      }),
    ),
    retry: base.input(z.object({ studyId: z.string().max(128) })).output(z.object({ retried: count })),
    /** What restore, verify and share call the study; audited, nothing else of it is told. Error: object-missing. */
    identify: base
      .input(z.object({ studyId: z.string().max(128) }))
      .output(z.object({ studyInstanceUid: z.string() })),
  },
  study: studyContract,
  failures: {
    /** What is over since, and what was told by mail or webhook. */
    ledger: failureLedgerProcedure,
    /** Tries again now: one failure's instances, or everything failed and parked. */
    retry: base.input(z.object({ id: z.string().max(256).nullable() })).output(z.object({ retried: count })),
    /** "Seen": the incident no longer turns the headline. */
    answer: base.input(z.object({ id: z.string().max(256) })).output(z.object({ answered: z.boolean() })),
  },
  files: {
    ...attentionProcedures,
    import: base
      .input(z.object({ paths: z.array(absolutePath).min(1).max(1000) }))
      .output(eventIterator(importEventSchema)),
    /** Opens one sealed object into `out`, which appears only when its tag has verified. */
    open: base
      .input(z.object({ file: absolutePath, out: absolutePath }))
      .output(z.object({ out: z.string(), sizeBytes: count })),
  },
  recovery: recoveryProcedures,
  restore: restoreContract,
  setup: setupContract,
  backup: backupContract,
  alerts: alertsContract,
  audit: auditContract,
  uploads: uploadsContract,
  verify: verifyContract,
  certificates: certificatesContract,
  devices: devicesContract,
  diagnostics: diagnosticsContract,
  pairing: pairingContract,
  home: homeContract,
  keys: keysContract,
  recipients: recipientsContract,
  shares: sharesContract,
  settings: settingsContract,
  secrets: secretsContract,
} as const;

export type Contract = typeof contract;
