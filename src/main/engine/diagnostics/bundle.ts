/** Puts the bundle together. Pure but for what the runtime says of the machine, which is handed in. */
import type { CertificateSummary } from '../../../shared/contract-certificates.ts';
import type { DiagnosticsBundle } from '../../../shared/contract-diagnostics.ts';
import type { FailureLedger } from '../../../shared/contract-failures.ts';
import {
  diagnosticsReportSchema,
  mostDiagnosticsBytes,
  type DiagnosticsReport,
} from '../../../shared/diagnostics.ts';
import { EdgeSyncError, isErrorCode, type ErrorCode } from '../../../shared/errors.ts';
import type { Failure, StatusReport } from '../../../shared/status.ts';
import { migrations } from '../queue/migrations/index.ts';
import type { QueueStatus } from '../queue/queue-types.ts';
import { aliasesFor, type Aliases } from './aliases.ts';
import type { RecentEvent } from './recent-log.ts';
import { reducedSettings, type GivenSetting } from './reduced-settings.ts';

export interface DiagnosticsInputs {
  readonly nowMs: number;
  readonly version: string;
  readonly startedAtMs: number | null;
  readonly machine: DiagnosticsReport['machine'];
  readonly runtime: Pick<DiagnosticsReport['program'], 'runtime' | 'runtimeVersion'>;
  readonly settings: readonly GivenSetting[];
  readonly log: readonly RecentEvent[];
  /** A code, where no engine could be asked. */
  readonly engineTrouble: string | null;
  readonly engine:
    | {
        readonly status: StatusReport;
        readonly ledger: FailureLedger;
        readonly queue: QueueStatus;
        readonly certificates: readonly CertificateSummary[];
      }
    | undefined;
  readonly inconsistencies: number | null;
  readonly doctor: DiagnosticsReport['doctor'];
}

const most = { failures: 500, over: 100, told: 500, destinations: 100, devices: 500, certificates: 500 };

/**
 * The text that is shown and saved: one and the same.
 * @throws EdgeSyncError `internal` when something is in it that is not allowed: then nothing is handed out.
 */
export function bundleOf(inputs: DiagnosticsInputs): DiagnosticsBundle {
  const parsed = diagnosticsReportSchema.safeParse(reportOf(inputs));
  // The paths of what is wrong are names of ours; its values stay out of the detail.
  if (!parsed.success)
    throw new EdgeSyncError(
      'internal',
      `diagnostics: ${parsed.error.issues[0]?.path.map(String).join('.') ?? ''}`,
    );
  const text = `${JSON.stringify(parsed.data, undefined, 2)}\n`;
  if (text.length > mostDiagnosticsBytes) throw new EdgeSyncError('internal', 'diagnostics: too large');
  const stamp = new Date(inputs.nowMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
  return { fileName: `edge-sync-diagnostics-${stamp}.json`, text };
}

function reportOf(inputs: DiagnosticsInputs): DiagnosticsReport {
  const { engine, settings } = inputs;
  const set = settings.find(({ key }) => key === 'destinations')?.value;
  const names = Array.isArray(set)
    ? set.map((one: unknown) => String((one as { readonly name?: unknown } | null)?.name))
    : [];
  const aliases = aliasesFor(names, engine === undefined ? [] : deviceTitles(engine.status));
  return {
    format: 'edge-sync-diagnostics/1',
    madeAt: iso(inputs.nowMs),
    program: { version: inputs.version, startedAt: isoOrNull(inputs.startedAtMs), ...inputs.runtime },
    machine: inputs.machine,
    engineTrouble: inputs.engineTrouble === null ? null : codeOf(inputs.engineTrouble),
    status: engine === undefined ? null : statusOf(engine.status, engine.ledger, aliases),
    disk: engine === undefined ? null : diskOf(engine.status),
    queue: engine === undefined ? null : queueOf(engine.queue),
    database: {
      migrations: migrations.map(({ version }) => version),
      inconsistencies: inputs.inconsistencies,
    },
    certificates: (engine?.certificates ?? [])
      .slice(0, most.certificates)
      .map(({ role, origin, state, notAfter, inUse }) => ({ role, origin, state, notAfter, inUse })),
    settings: reducedSettings(settings, aliases),
    doctor: inputs.doctor,
    log: inputs.log.map(({ destination, ...event }) => ({
      ...event,
      ...(destination === undefined ? {} : { destination: aliases.destination(destination) }),
    })),
  };
}

function deviceTitles({ modalities, access }: StatusReport): readonly string[] {
  return [
    ...new Set([
      ...(access?.devices ?? []).map(({ aeTitle }) => aeTitle),
      ...modalities.map(({ aeTitle }) => aeTitle),
    ]),
  ];
}

function statusOf(
  status: StatusReport,
  ledger: FailureLedger,
  aliases: Aliases,
): NonNullable<DiagnosticsReport['status']> {
  const { counts, access } = status;
  const { received, pending, verified, failed, parked } = counts;
  return {
    safe: status.safe,
    headline: status.headline,
    listening: status.listener.up,
    openAssociations: access?.openAssociations ?? 0,
    counts: { received, pending, verified, failed, parked },
    lastVerifiedAt: status.lastVerifiedAt,
    recovery: status.recovery,
    recoveryProvenAt: status.recoveryKit?.provenAt ?? null,
    failures: status.failures.slice(0, most.failures).map((one) => failureOf(one, aliases)),
    over: ledger.over.slice(0, most.over).map(({ failure, overAt }) => ({
      code: codeOf(failure.code),
      destination: destinationOf(failure.destination, aliases),
      overAt,
    })),
    toldOutside: ledger.told.slice(0, most.told).map(({ channel, code, destination, at }) => ({
      channel,
      code: codeOf(code),
      destination: destinationOf(destination, aliases),
      at,
    })),
    destinations: status.destinations
      .slice(0, most.destinations)
      .map((one) => destinationFacts(one, status, aliases)),
    devices: devicesOf(status, aliases),
    waitingCallers: access?.waitingCallers ?? 0,
    waitingClasses: access?.waitingClasses ?? 0,
  };
}

function failureOf(
  { code, destination, imagesSafe, action, count, firstAt, lastAt }: Failure,
  aliases: Aliases,
): NonNullable<DiagnosticsReport['status']>['failures'][number] {
  const of = destinationOf(destination, aliases);
  return { code: codeOf(code), destination: of, imagesSafe, action, count, firstAt, lastAt };
}

const kinds = ['azure', 's3', 'folder', 'dicomweb'] as const;

function destinationFacts(
  {
    name,
    kind,
    required,
    state,
    pending,
    verified,
    lastVerifiedAt,
    error,
    hold,
    backFill,
  }: StatusReport['destinations'][number],
  { verification }: StatusReport,
  aliases: Aliases,
): NonNullable<DiagnosticsReport['status']>['destinations'][number] {
  const looked = verification?.destinations.find((one) => one.name === name);
  return {
    alias: aliases.destination(name),
    kind: kinds.find((one) => one === kind) ?? 'other',
    required,
    state,
    pending,
    verified,
    lastVerifiedAt,
    error: error === null ? null : codeOf(error.code),
    hold: hold?.by ?? null,
    backFillWaiting: backFill?.waiting ?? null,
    copiesEverChecked: looked?.everChecked ?? null,
    copiesBad: looked?.bad ?? null,
  };
}

function devicesOf(
  status: StatusReport,
  aliases: Aliases,
): NonNullable<DiagnosticsReport['status']>['devices'] {
  return deviceTitles(status)
    .slice(0, most.devices)
    .map((aeTitle) => {
      const paired = status.access?.devices.find((one) => one.aeTitle === aeTitle);
      const sent = status.modalities.find((one) => one.aeTitle === aeTitle);
      return {
        alias: aliases.device(aeTitle),
        channel: paired?.channel ?? 'not-paired',
        received: sent?.received ?? 0,
        verified: sent?.verified ?? 0,
        committed: sent?.committed ?? 0,
        lastReceivedAt: sent?.lastReceivedAt ?? null,
        warning: paired === undefined || paired.warning === null ? null : codeOf(paired.warning.code),
      };
    });
}

function diskOf({ spool }: StatusReport): NonNullable<DiagnosticsReport['disk']> {
  return {
    freeBytes: spool.freeBytes,
    localCopiesBytes: spool.bytes,
    evictableBytes: spool.evictableBytes ?? null,
    intakeBytesPerDay: spool.intakeBytesPerDay ?? null,
    daysLeft: spool.daysLeft ?? null,
  };
}

function queueOf(queue: QueueStatus): NonNullable<DiagnosticsReport['queue']> {
  return {
    studies: queue.studies,
    oldestPendingAt: isoOrNull(queue.oldestPendingAtMs),
    newestPendingAt: isoOrNull(queue.newestPendingAtMs),
    failureGroups: queue.failures.length,
    openIncidents: queue.incidents.length,
  };
}

function destinationOf(name: string | null, aliases: Aliases): string | null {
  return name === null ? null : aliases.destination(name);
}

function codeOf(code: string): ErrorCode {
  return isErrorCode(code) ? code : 'internal';
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function isoOrNull(timeMs: number | null): string | null {
  return timeMs === null ? null : iso(timeMs);
}
