/**
 * The engine: wires the stages, starts and ends them. The way of the data reads from top to bottom in `openParts`:
 * receive / watch -> intake (seal -> spool -> queue) -> upload -> cloud.
 */
import { join } from 'node:path';
import type { EdgeSyncError } from '../../shared/errors.ts';
import type { Settings } from '../../shared/settings.ts';
import { openAlerts } from './alert-calls.ts';
import type { AlertDesk } from './alerts/alert-desk.ts';
import { AuditLog } from './audit/audit-log.ts';
import { AuditProof } from './audit-proof.ts';
import { openBackups } from './backup-calls.ts';
import type { Backups } from './backup/backups.ts';
import { refuseWhileJoining } from './backup/join-marker.ts';
import { EngineCalls } from './engine-calls.ts';
import { addToPairing } from './certificate-calls.ts';
import { Certificates } from './certificates/certificates.ts';
import { serverHosts } from './certificates/server-hosts.ts';
import type { CommitmentService } from './commitment/commitment-service.ts';
import { openCommitment } from './device-answers.ts';
import { DeviceDesk } from './devices/device-desk.ts';
import { VisitLog } from './devices/visit-log.ts';
import type { EngineService } from './engine-service.ts';
import { RecentLog } from './diagnostics/recent-log.ts';
import { DiskRoom } from './disk-room.ts';
import { HomeDesk } from './home/home-desk.ts';
import { Housekeeping } from './housekeeping.ts';
import { IncidentDesk } from './incident-desk.ts';
import { adoptPlaintext } from './intake/adopt.ts';
import { DiskGuard } from './intake/disk-guard.ts';
import { IntakeStage, type NameObject } from './intake/intake-stage.ts';
import { KeyRing } from './keys/key-ring.ts';
import type { IncidentReport } from './model.ts';
import type { AuditTrail, Clock, KeyStore, Logger, NetworkInterfaces, Random } from './ports.ts';
import { DataDirLock } from './queue/data-dir-lock.ts';
import { Queue } from './queue/queue.ts';
import { StorageScp } from './receive/storage-scp.ts';
import { Receiver, type ReceiverDeps } from './receiver.ts';
import { reconcile } from './recover/reconcile.ts';
import { clearRestoreLeftovers } from './restore-calls.ts';
import type { SealerFactory } from './seal/seal-port.ts';
import type { Sharing } from './share/sharing.ts';
import { openSharing } from './share-calls.ts';
import type { StartDecoder } from './preview/decoder-process.ts';
import type { Previews } from './preview/previews.ts';
import { openPreviews } from './study-calls.ts';
import { FileSpool } from './spool/file-spool.ts';
import { sealedDataIn } from './sealed-data.ts';
import { SettingsInForce } from './settings-in-force.ts';
import type { SettingsKeeper } from './settings-keeper.ts';
import { StatusSource } from './status-source.ts';
import { writeFileDurably } from './system/durable-file.ts';
import { EventLoopLoad } from './system/event-loop-load.ts';
import { SystemNetworkInterfaces } from './system/network-interfaces.ts';
import type { Secret } from './system/secret.ts';
import { GiveWay } from './upload/give-way.ts';
import { Uploads } from './uploads.ts';
import { BackFills } from './back-fills.ts';
import { noteListening, ownAddresses } from './pairing-calls.ts';
import { openVerify, withGuard, type VerifyParts } from './verify-calls.ts';
import type { FolderWatcher } from './watch/folder-watcher.ts';
import { WatchedFolders } from './watched-folders.ts';

/** More than a file system keeps inside its own records, so that the write needs room like an image does. */
const writeProbeBytes = 64 * 1024;

export interface EngineOptions {
  readonly dataDir: string;
  /** Backed up as it is; without one, the settings in force are. */
  readonly configFile?: string;
  readonly settings: Settings;
  /** Credentials that came with the command, by destination; they win over the key store. */
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly keyStore: KeyStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** What overrides the file: none unless given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Of `logger`, changed with settings log.level. */
  readonly setLogLevel?: (level: Settings['log']['level']) => void;
  /** Changes settings while the engine runs; without one they are read at the start only. */
  readonly settingsKeeper?: SettingsKeeper;
  /** Default: those of this PC. */
  readonly interfaces?: NetworkInterfaces;
  /** How a process that decodes previews is started. Default: a Node of its own. */
  readonly startDecoder?: StartDecoder;
}

export interface ListenerFacts {
  readonly host: string;
  readonly port: number;
  /** For devices with certificates; null when TLS is off. */
  readonly tlsPort: number | null;
  readonly aeTitle: string;
}

export class Engine {
  /** What callers may ask. Works from `open` on, before and without `start`. */
  readonly service: EngineService;
  readonly audit: AuditTrail;
  /** Resolves when somebody asked for an orderly end over RPC. */
  readonly drained: Promise<void>;
  readonly #parts: EngineParts;

  private constructor(parts: EngineParts) {
    const end = Promise.withResolvers<void>();
    this.#parts = parts;
    this.audit = parts.audit;
    this.drained = end.promise;
    this.service = new EngineCalls(parts, end.resolve);
  }

  /**
   * Takes the data folder, opens keys, database and spool, and mends what a crash left. Neither listens nor uploads.
   * Throws EdgeSyncError: engine-already-running, data-dir-not-writable, keychain-*, passphrase-*, key-file-damaged,
   * database-*, disk-*.
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const opened = new AsyncDisposableStack();
    try {
      const engine = new Engine(await openParts(options, opened));
      return engine;
    } catch (error) {
      await opened.disposeAsync();
      throw error;
    }
  }

  /** Receives, watches and uploads from here on. Throws port-taken, port-not-allowed. */
  async start(): Promise<ListenerFacts> {
    const { scp, folders, uploads, housekeeping, options } = this.#parts;
    await refuseWhileJoining(options.dataDir);
    const { certificates, commitment } = this.#parts;
    if (options.settings.dicom.tls.enabled) await certificates.start();
    else certificates.watch();
    await commitment.start();
    const { host, port } = await scp.start();
    folders.start();
    uploads.start();
    this.#parts.backFills.start();
    this.#parts.verify.scrub.start();
    this.#parts.backups.start();
    housekeeping.start();
    this.#parts.home.start();
    this.#parts.alerts.start();
    this.#parts.auditProof.start();
    this.audit.record({ action: 'engine-started', actor: 'engine', outcome: 'success' });
    return { host, port, tlsPort: scp.tlsPort, aeTitle: options.settings.dicom.aeTitle };
  }

  /** Orderly end: nothing new comes in, stores under way are finished, uploads get a moment, everything is closed. */
  async stop(): Promise<void> {
    this.#parts.status.listenerDown(null);
    this.audit.record({ action: 'engine-stopped', actor: 'engine', outcome: 'success' });
    await this.#parts.opened.disposeAsync();
  }
}

/** The stages and what they stand on. */
export interface EngineParts {
  /** Its settings are those in force at the moment of reading. */
  readonly options: EngineOptions;
  readonly inForce: SettingsInForce;
  readonly keys: KeyRing;
  readonly queue: Queue;
  readonly spool: FileSpool;
  readonly intake: IntakeStage;
  readonly certificates: Certificates;
  readonly incidents: IncidentDesk;
  readonly devices: DeviceDesk;
  readonly interfaces: NetworkInterfaces;
  readonly visits: VisitLog;
  readonly commitment: CommitmentService;
  readonly scp: Receiver;
  readonly folders: WatchedFolders;
  readonly disk: DiskGuard;
  readonly watchers: readonly FolderWatcher[];
  readonly uploads: Uploads;
  readonly backFills: BackFills;
  readonly verify: VerifyParts;
  readonly sharing: Sharing;
  readonly previews: Previews;
  readonly alerts: AlertDesk;
  readonly housekeeping: Housekeeping;
  readonly home: HomeDesk;
  readonly room: DiskRoom;
  readonly backups: Backups;
  readonly status: StatusSource;
  readonly audit: AuditLog;
  readonly auditProof: AuditProof;
  /** Closes everything, last opened first. */
  readonly opened: AsyncDisposableStack;
}

async function openParts(given: EngineOptions, opened: AsyncDisposableStack): Promise<EngineParts> {
  const inForce = new SettingsInForce(given.settings);
  const logged = RecentLog.over(given.logger, given.clock);
  const options = { ...given, settings: inForce.view, logger: logged };
  const { dataDir, settings, keyStore, clock, random, logger } = options;
  const lock = DataDirLock.acquire(dataDir);
  opened.defer(() => lock.release());
  await clearRestoreLeftovers(dataDir, logger);

  // Keys first: without them nothing can be read or sealed.
  const keys = await KeyRing.open({
    dataDir,
    keyStore,
    random,
    clock,
    logger: logger.child('keys'),
    sealedData: await sealedDataIn(dataDir),
  });

  const spool = await FileSpool.open({
    dir: join(dataDir, 'spool'),
    random,
    clock,
    logger: logger.child('spool'),
  });
  opened.defer(() => spool.close());
  const queue = Queue.open({
    dir: dataDir,
    sealer: keys.columns,
    clock,
    random,
    logger: logger.child('queue'),
    spoolHolds: (spoolId, sizeBytes) => spool.holds(spoolId, sizeBytes),
  });
  opened.defer(() => queue.close());
  queue.setDestinations(settings.destinations);
  const audit = new AuditLog({ store: queue, clock, logger });
  opened.defer(() => audit.settled());
  // A change of the keys under way ends before the lock goes: the next engine must not meet one half done.
  opened.defer(() => keys.settled());

  const incidents = new IncidentDesk({ queue, clock, logger, onChange: () => status.changed() });
  opened.defer(() => incidents.close());
  const reportIncident = (incident: IncidentReport): void => incidents.report(incident);
  const disk = await DiskGuard.open({
    freeBytes: () => spool.freeBytes(),
    get refuseBelowBytes() {
      return settings.disk.refuseBelowBytes;
    },
    clock,
    logger,
  });
  opened.defer(() => disk.close());

  const objectName: NameObject = (sopInstanceUid, transferSyntaxUid, datasetSha256) =>
    keys.objectName({ sopInstanceUid, transferSyntaxUid, datasetSha256 });
  const sealers = (): SealerFactory => keys.sealers;
  const load = new EventLoopLoad();
  const giveWay = new GiveWay({ clock, load: () => load.share() });
  const onBegin = (): void => giveWay.received();
  const intake = new IntakeStage({ sealers, spool, queue, objectName, disk, onBegin, logger });
  await reconcile({
    queue,
    spool,
    openers: keys.openers,
    adopt: (plaintext) => adoptPlaintext(plaintext, objectName),
    logger: logger.child('recover'),
  });

  const uploads = new Uploads({
    ...options,
    keys,
    queue,
    spool,
    reportIncident,
    onChange: () => status.changed(),
    giveWay,
  });
  opened.defer(() => uploads.stop());
  const auditProof = new AuditProof({ options, keys, queue, uploads, incidents });
  opened.defer(() => auditProof.stop());
  const verify = openVerify({
    options,
    keys,
    queue,
    spool,
    uploads,
    audit,
    onChange: () => status.changed(),
  });
  opened.defer(() => verify.guard.close());
  opened.defer(() => verify.scrub.stop());
  const backFills = new BackFills({
    ...options,
    keys,
    queue,
    spool,
    uploads,
    onBadCopy: (destination, instanceId) => {
      const copy = queue.verification.copy(destination, instanceId);
      if (copy !== undefined) verify.scrub.suspect(copy);
    },
    reportIncident,
    onChange: () => status.changed(),
  });
  uploads.wakesToo(backFills);
  opened.defer(() => backFills.stop());

  const certificates = new Certificates({
    store: queue.certificates,
    clock,
    random,
    logger,
    hosts: () => serverHosts(settings.dicom.host),
    reportIncident,
    resolveIncident: (code, subject) => incidents.resolve(code, subject),
    onRenewed: (before, after) => addToPairing(devices, logger)(before, after),
    onChange: () => {
      status.changed();
      backups.changed();
    },
  });
  opened.defer(() => certificates.close());
  const devices = new DeviceDesk({
    store: queue.devices,
    get loopback() {
      return settings.dicom.allowLoopback ? 'loopback-allowed' : 'loopback-paired-only';
    },
    audit,
    reportIncident,
    resolveIncident: (code, subject) => incidents.resolve(code, subject),
    clock,
    random,
    logger,
    onChange: () => {
      status.changed();
      backups.changed();
    },
  });
  opened.defer(() => devices.close());
  const backups = openBackups({ options, keys, queue, uploads, certificates, incidents });
  opened.defer(() => backups.stop());
  const commitment = openCommitment({ ...options, queue, devices, certificates, reportIncident });
  opened.defer(() => commitment.stop());
  const interfaces = options.interfaces ?? new SystemNetworkInterfaces();
  const visits = new VisitLog({ clock, isOwnAddress: ownAddresses(interfaces) });
  const makeScp: ReceiverDeps['make'] = (dicom, onAssociations) =>
    new StorageScp({
      load: () => load.share(),
      intake,
      commitment,
      clock,
      logger,
      reportIncident,
      settings: dicom,
      interfaces,
      authorize: devices.authorize,
      callers: devices,
      visits,
      onAssociations,
      onListening: (host, port) => {
        noteListening(queue.listenAddresses, host, logger);
        status.listenerUp(host, port);
        // Of a port that was switched off nothing is said any more.
        if (!dicom.tls.enabled) status.tlsListening({ tag: 'off' });
      },
      onDown: (error) => status.listenerDown(error.report),
      ...(dicom.tls.enabled
        ? {
            tls: {
              port: dicom.tls.port,
              trust: certificates,
              onListening: (host: string, port: number) => {
                status.tlsListening({ tag: 'up', host, port });
                certificates.addressesChanged();
              },
              onDown: (error: EdgeSyncError) => status.tlsListening({ tag: 'down', error: error.report }),
            },
          }
        : {}),
    });
  const scp = new Receiver({
    settings: () => settings.dicom,
    make: makeScp,
    onAssociations: (open) => status.associations(open),
    onKept: (host, port) => status.listenerUp(host, port),
    onDown: (error) => status.listenerDown(error.report),
    logger,
  });
  opened.defer(() => scp.stop());
  const folders = new WatchedFolders({
    folders: () => settings.folders,
    queue,
    intake,
    clock,
    logger,
    reportIncident,
    resolveIncident: (code, subject) => incidents.resolve(code, subject),
  });
  opened.defer(() => folders.close());
  const sharing = openSharing({ options, keys, queue, spool, uploads, audit, incidents });
  const previews = openPreviews({ options, keys, spool, uploads });
  opened.defer(() => previews.close());
  const room = new DiskRoom({ days: queue.intakeDays, settings: settings.disk, clock });
  const housekeeping = new Housekeeping({
    room,
    intake,
    proveWriting: async () => {
      await writeFileDurably(join(dataDir, 'write-probe'), Buffer.alloc(writeProbeBytes), { clock });
      await queue.proveWriting();
    },
    queue: withGuard(queue, verify.guard),
    spool,
    removals: folders,
    sharing,
    settings: settings.disk,
    clock,
    logger,
  });
  opened.defer(() => housekeeping.stop());
  const home = new HomeDesk({ queue, clock, logger });
  opened.defer(() => home.stop());
  opened.defer(() => verify.guard.stop());

  const alerts: AlertDesk = openAlerts({
    options,
    queue,
    status: () => status.report(),
    onChange: () => status.changed(),
  });
  const status = new StatusSource({
    options,
    inForce,
    room,
    queue,
    spool,
    keys,
    uploads,
    backFills,
    intake,
    certificates,
    devices,
    incidents,
    alerts,
  });
  opened.defer(queue.onChange(() => uploads.workArrived()));
  opened.defer(() => alerts.stop());
  return {
    options,
    inForce,
    room,
    keys,
    queue,
    spool,
    intake,
    certificates,
    incidents,
    devices,
    interfaces,
    visits,
    commitment,
    scp,
    folders,
    disk,
    get watchers() {
      return folders.watchers;
    },
    uploads,
    backFills,
    verify,
    sharing,
    previews,
    alerts,
    housekeeping,
    home,
    backups,
    status,
    audit,
    auditProof,
    opened,
  };
}
