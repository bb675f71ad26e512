/** The engine's answers about backups and about what is read back from the cloud; and what is backed up. */
import type { BackupSummary, CloudProblem, RebuildEvent } from '../../shared/contract-backup.ts';
import { archivesOf } from '../../shared/destination-settings.ts';
import { EdgeSyncError, toEdgeSyncError } from '../../shared/errors.ts';
import { version } from '../version.ts';
import type { Backup, BackupContent } from './backup/backup-format.ts';
import { findBackups } from './backup/backup-shelf.ts';
import { Backups, type BackupOutcome } from './backup/backups.ts';
import type { Certificates } from './certificates/certificates.ts';
import type { CloudStore } from './cloud/cloud-store.ts';
import type { EngineOptions } from './engine.ts';
import type { Actor } from './engine-service.ts';
import type { IncidentDesk } from './incident-desk.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { AuditTrail } from './ports.ts';
import type { Queue } from './queue/queue.ts';
import { patience } from './rebuild/patience.ts';
import { rebuildFrom } from './rebuild/rebuild.ts';
import { eventStream } from './system/event-stream.ts';
import { pcName } from './system/pc-name.ts';
import { Secret } from './system/secret.ts';
import { parseSettings, readSettingsTree, type SettingsTree } from './system/settings-source.ts';
import type { Uploads } from './uploads.ts';

/** Every method rejects with EdgeSyncError. */
export interface BackupService {
  /** Of every installation in every destination, newest first. A destination that cannot be read is a problem. */
  list(
    signal: AbortSignal,
  ): Promise<{ readonly backups: readonly BackupSummary[]; readonly problems: readonly CloudProblem[] }>;
  write(actor: Actor): Promise<readonly BackupOutcome[]>;
  rebuild(actor: Actor, signal: AbortSignal): AsyncIterable<RebuildEvent>;
  /**
   * What another PC was, into the database of this one: its certificates, and with `everything` its pairings. For
   * `join`, before the engine is started: what runs would not see it. Twice does no harm.
   */
  takeOver(backup: Backup, parts: 'everything' | 'certificates', actor: Actor): Promise<void>;
}

export interface BackupParts {
  readonly options: EngineOptions;
  readonly keys: KeyRing;
  readonly queue: Queue;
  readonly uploads: Uploads;
  readonly certificates: Certificates;
  readonly backups: Backups;
  readonly audit: AuditTrail;
}

/** The writer of this installation's backups, on the stages it takes them from. */
export function openBackups(
  parts: Omit<BackupParts, 'backups' | 'audit'> & { readonly incidents: IncidentDesk },
): Backups {
  const { options, keys, queue, incidents } = parts;
  const required = archivesOf(options.settings.destinations).filter((one) => one.required);
  let lastTree: SettingsTree | undefined;
  return new Backups({
    ...options,
    destinations: required.map(({ name }) => name),
    connect: (name) => connect(parts, name),
    collect: async () => {
      lastTree = await settingsTree(options, lastTree);
      return contentOf(parts, lastTree);
    },
    sealers: () => keys.sealers,
    mac: (bytes) => keys.backupMac(bytes),
    archiveId: keys.archiveId,
    installationId: queue.installationId,
    mayWrite: () => keys.recoveryState === 'proven',
    marks: queue.backups,
    reportIncident: (incident) => incidents.report(incident),
    resolveIncident: (code, subject) => incidents.resolve(code, subject),
  });
}

/** The file as it is; the last one that could be read while somebody edits it, else the settings in force. */
async function settingsTree(options: EngineOptions, last: SettingsTree | undefined): Promise<SettingsTree> {
  if (options.configFile === undefined) return options.settings;
  try {
    const tree = await readSettingsTree(options.configFile, 'is-empty');
    parseSettings(tree);
    return tree;
  } catch {
    return last ?? options.settings;
  }
}

function contentOf(
  { options, queue, certificates }: Omit<BackupParts, 'backups' | 'audit'>,
  settings: SettingsTree,
): BackupContent {
  return {
    installation: {
      name: pcName().slice(0, 255),
      aeTitle: options.settings.dicom.aeTitle,
      programVersion: version.slice(0, 64),
    },
    settings,
    devices: queue.devices.list().map(({ lastSeenAt: _, ...device }) => device),
    certificates: certificates.exportForBackup().revealText(),
  };
}

function connect(
  { options, uploads }: Pick<BackupParts, 'options' | 'uploads'>,
  name: string,
): Promise<CloudStore> {
  const destination = options.settings.destinations.find((one) => one.name === name);
  if (destination === undefined) return Promise.reject(new EdgeSyncError('no-destination', name));
  return uploads.connect(destination);
}

export class BackupCalls implements BackupService {
  readonly #parts: BackupParts;

  constructor(parts: BackupParts) {
    this.#parts = parts;
  }

  async list(
    signal: AbortSignal,
  ): Promise<{ readonly backups: readonly BackupSummary[]; readonly problems: readonly CloudProblem[] }> {
    const { options, keys, queue } = this.#parts;
    const backups: BackupSummary[] = [];
    const problems: CloudProblem[] = [];
    for (const { name: destination } of this.#destinations()) {
      try {
        const store = await connect(this.#parts, destination);
        try {
          const read = patience(options.clock, signal);
          const looked = await findBackups(store, keys, read, signal);
          for (const { installationId, backup, missing, refused } of looked.found) {
            const own = installationId === queue.installationId;
            backups.push({ ...summaryOf(backup), destination, own, missing, refused });
          }
          for (const { object, report } of looked.problems) problems.push({ ...report, destination, object });
        } finally {
          await store.close();
        }
      } catch (error) {
        if (signal.aborted) throw new EdgeSyncError('cancelled');
        problems.push({ ...toEdgeSyncError(error).report, destination, object: '' });
      }
    }
    return { backups, problems };
  }

  write(actor: Actor): Promise<readonly BackupOutcome[]> {
    return this.#audited('backup-written', actor, () => this.#parts.backups.write());
  }

  rebuild(actor: Actor, signal: AbortSignal): AsyncIterable<RebuildEvent> {
    return eventStream<RebuildEvent>(signal, (onEvent, ending) =>
      this.#audited('archive-rebuilt', actor, () => this.#rebuild(onEvent, ending)),
    );
  }

  takeOver(backup: Backup, parts: 'everything' | 'certificates', actor: Actor): Promise<void> {
    const { queue, certificates } = this.#parts;
    return this.#audited('backup-taken-over', actor, async () => {
      await certificates.importFromBackup(Secret.fromText(backup.certificates));
      if (parts === 'certificates') return;
      for (const device of backup.devices) await queue.devices.save({ ...device, lastSeenAt: null });
    });
  }

  /** A destination that cannot be read is told and left out: its images wait for the next time. */
  async #rebuild(onEvent: (event: RebuildEvent) => void, signal: AbortSignal): Promise<void> {
    const { options, keys, queue } = this.#parts;
    const destinations = this.#destinations();
    if (destinations.length === 0) throw new EdgeSyncError('no-destination');
    let failure: EdgeSyncError | undefined;
    let done = 0;
    for (const { name: destination } of destinations) {
      try {
        const store = await connect(this.#parts, destination);
        try {
          await store.check(signal);
          await rebuildFrom({
            destination,
            store,
            keys,
            rebuilt: queue.rebuilt,
            installationId: queue.installationId,
            patiently: patience(options.clock, signal),
            onEvent,
            clock: options.clock,
            signal,
          });
          done += 1;
        } finally {
          await store.close();
        }
      } catch (error) {
        if (signal.aborted) throw new EdgeSyncError('cancelled');
        const ours = toEdgeSyncError(error);
        failure ??= ours;
        onEvent({ tag: 'problem', problem: { ...ours.report, destination, object: '' } });
      }
    }
    if (done === 0 && failure !== undefined) throw failure;
  }

  /** Required ones first: they hold everything that counts as safe. */
  #destinations(): readonly { readonly name: string; readonly required: boolean }[] {
    const destinations = archivesOf(this.#parts.options.settings.destinations);
    return [...destinations].sort((a, b) => Number(b.required) - Number(a.required));
  }

  async #audited<T>(
    action: 'backup-written' | 'archive-rebuilt' | 'backup-taken-over',
    actor: Actor,
    work: () => Promise<T>,
  ): Promise<T> {
    const { audit } = this.#parts;
    try {
      const result = await work();
      audit.record({ action, actor, outcome: 'success' });
      return result;
    } catch (error) {
      audit.record({ action, actor, outcome: 'failure' });
      throw error;
    }
  }
}

/** What is told of a backup to choose by. */
export function summaryOf(
  backup: Backup,
): Omit<BackupSummary, 'destination' | 'own' | 'missing' | 'refused'> {
  const { installationId, number, writtenAt, installation, devices } = backup;
  const { name, aeTitle } = installation;
  return { installationId, name, aeTitle, number, writtenAt, devices: devices.length };
}
