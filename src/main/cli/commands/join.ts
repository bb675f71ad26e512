/**
 * `edge-sync join`: a fresh data folder becomes a PC of an archive that lies in the cloud, with the words. Everything is
 * read, proven and shown before anything is written; what is written can be written again after a break.
 */
import { access, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { archivesOf } from '../../../shared/destination-settings.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import type { DestinationSettings, Settings } from '../../../shared/settings.ts';
import type { Backup } from '../../engine/backup/backup-format.ts';
import { findBackups, type FoundBackup } from '../../engine/backup/backup-shelf.ts';
import { beginJoin, endJoin, joinUnderWay } from '../../engine/backup/join-marker.ts';
import { summaryOf } from '../../engine/backup-calls.ts';
import type { CloudStore } from '../../engine/cloud/cloud-store.ts';
import { openStore } from '../../engine/cloud/open-store.ts';
import { Engine, type EngineOptions } from '../../engine/engine.ts';
import { destinationSecret, storeDestinationSecret } from '../../engine/keys/destination-secret.ts';
import { KeyRing } from '../../engine/keys/key-ring.ts';
import { restoreKeysFromRecords, type RestoreKeys } from '../../engine/keys/restore-keys.ts';
import { recordFits } from '../../engine/keys/words-records.ts';
import { DataDirLock } from '../../engine/queue/data-dir-lock.ts';
import { patience } from '../../engine/rebuild/patience.ts';
import { readChains } from '../../engine/rebuild/rebuild.ts';
import type { ChainHead } from '../../engine/restore/manifest-chains.ts';
import { findArchiveKeyRecords } from '../../engine/restore/archive-key-records.ts';
import { shareSecretKey, shareSecretName } from '../../engine/share/share-secret.ts';
import { sealedDataIn } from '../../engine/sealed-data.ts';
import { writeFileDurably } from '../../engine/system/durable-file.ts';
import { isLoopback } from '../../engine/system/ip-address.ts';
import { SystemNetworkInterfaces } from '../../engine/system/network-interfaces.ts';
import type { Secret } from '../../engine/system/secret.ts';
import { parseSettings, withEnvironment, type SettingsTree } from '../../engine/system/settings-source.ts';
import { cancellable } from '../cancellable.ts';
import { outgoingConnections } from '../../engine/outgoing-connections.ts';
import { engineOptions } from '../engine-options.ts';
import { exitCode } from '../exit-codes.ts';
import { installationWith, placesOf, type Installation, type InstallationOptions } from '../installation.ts';
import { givenTree, joinedTree, type JoinPlaceOptions } from '../join-settings.ts';
import { backupLine, headLine, RebuildView, rebuiltLines } from '../join-view.ts';
import type { Output } from '../output.ts';
import { askSecret, readSecretFile } from '../secret-input.ts';
import { readWords } from '../words-input.ts';

export interface JoinOptions extends InstallationOptions, JoinPlaceOptions {
  readonly replace?: boolean;
  readonly second?: boolean;
  readonly wordsFile?: string;
  readonly secretFile?: string;
  readonly installation?: string;
  readonly new?: boolean;
  readonly withCa?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What is taken over from the PC of before, besides keys and images. */
type Taken = 'everything' | 'certificates' | 'nothing';

interface Cloud {
  readonly store: CloudStore;
  readonly destination: DestinationSettings;
  readonly keys: RestoreKeys;
  readonly records: readonly Buffer[];
}

export async function runJoin(
  options: JoinOptions,
  environment: NodeJS.ProcessEnv,
  output: Output,
): Promise<number> {
  const taken = takenBy(options);
  const places = placesOf(options);
  const given = await givenTree(options, places.configFile);
  const settings = parseSettings(withEnvironment(given, environment));
  const installation = installationWith(places, settings, options, environment);
  const parts = engineOptions(installation, 'error');
  const destination = archivesOf(settings.destinations).find((one) => one.required);
  if (destination === undefined) throw new EdgeSyncError('no-destination');
  await mustBeJoinable(places.dataDir);
  const words = await readWords(options.wordsFile);
  const fits = recordFits(words);
  const secret = await secretFor(destination, installation, parts, options.secretFile);
  const outgoing = await outgoingConnections({ ...installation, keyStore: parts.keyStore });
  const store = openStore(destination, secret, parts.clock, outgoing);
  try {
    return await cancellable(async (signal) => {
      await store.check(signal);
      const records = await findArchiveKeyRecords(store, fits, signal);
      const cloud = { store, destination, records, keys: restoreKeysFromRecords(words, records) };
      await mustBeJoinable(places.dataDir, cloud.keys.archiveId);
      const view = new RebuildView(output, parts.clock);
      const heads = await showChains(cloud, parts, view, output, signal);
      const chosen =
        taken === 'nothing' ? undefined : await choose(cloud, options, parts, view, output, signal);
      const tree = joinedTree(taken === 'everything' ? chosen?.backup.settings : undefined, given, settings);
      await confirm(options, output);
      signal.throwIfAborted();
      await joinKeys(cloud, words, parts);
      await writeSettings(installation.configFile, tree, parts);
      const secrets = new Map([
        ...installation.secrets,
        ...(secret === undefined ? [] : [[destination.name, secret] as const]),
      ]);
      for (const [name, value] of secrets) await storeSecret(name, value, parts);
      const joined = parseSettings(withEnvironment(tree, environment));
      const finished = { ...parts, settings: joined, secrets };
      await fillDatabase(finished, chosen?.backup, taken, view, signal);
      await endJoin(places.dataDir);
      tell(
        { options, taken, chosen, heads, view, settings: joined, archiveId: cloud.keys.archiveId },
        output,
      );
      return view.problems > 0 ? exitCode.partly : exitCode.ok;
    });
  } finally {
    await store.close();
  }
}

function takenBy(options: JoinOptions): Taken {
  if ((options.replace === true) === (options.second === true)) {
    throw new EdgeSyncError(
      'usage',
      'choose --replace (this PC takes the place of one that is gone: settings, AE title, pairings, CA) or --second (one more PC of the same archive: keys, and with --with-ca the CA)',
    );
  }
  if (options.new === true && options.installation !== undefined)
    throw new EdgeSyncError('usage', 'choose --installation ID or --new, not both');
  if (options.second === true) return options.withCa === true ? 'certificates' : 'nothing';
  return options.new === true ? 'nothing' : 'everything';
}

/** Nothing here, or a join into the same archive that was broken off. Throws join-not-fresh. */
async function mustBeJoinable(dataDir: string, archiveId?: string): Promise<void> {
  const underWay = await joinUnderWay(dataDir);
  if (underWay !== undefined) {
    if (archiveId === undefined || underWay.archiveId === archiveId) return;
    throw new EdgeSyncError('join-not-fresh', 'it began to join another archive');
  }
  const hasKeys = await isThere(join(dataDir, 'keys.json'));
  if (hasKeys || (await sealedDataIn(dataDir)) === 'present')
    throw new EdgeSyncError('join-not-fresh', dataDir);
}

async function secretFor(
  destination: DestinationSettings,
  { secrets }: Installation,
  { keyStore }: EngineOptions,
  secretFile: string | undefined,
): Promise<Secret | undefined> {
  if (secretFile !== undefined) return readSecretFile(secretFile, '--secret-file');
  const known = await destinationSecret(destination.name, secrets, keyStore);
  if (known !== undefined || destination.kind === 'folder') return known;
  return askSecret(`The credential of ${destination.name} (connection string or key)`);
}

/** What there is to compare with the kit or with what somebody remembers. */
async function showChains(
  { store, destination, keys }: Cloud,
  { clock }: EngineOptions,
  view: RebuildView,
  output: Output,
  signal: AbortSignal,
): Promise<readonly ChainHead[]> {
  const chains = await readChains({
    destination: destination.name,
    store,
    keys,
    patiently: patience(clock, signal),
    onEvent: (event) => view.show(event),
    clock,
    signal,
  });
  output.progress.end('');
  output.err(`The words open archive ${keys.archiveId}: ${chains.entries.size} images in its lists.`);
  if (chains.heads.length > 0) {
    output.err('The newest list of each PC. Compare with your kit, or with what you remember:');
    for (const head of chains.heads) output.err(headLine(head));
  }
  // What is wrong with the lists is told when they are read for the database, once.
  if (chains.problems.length > 0)
    output.err(`${chains.problems.length} lists are missing, replaced or unreadable; see below.`);
  return chains.heads;
}

async function choose(
  { store, destination, keys }: Cloud,
  options: JoinOptions,
  { clock }: EngineOptions,
  view: RebuildView,
  output: Output,
  signal: AbortSignal,
): Promise<FoundBackup> {
  output.progress.update('looking for backups of settings, pairings and CA');
  const { found, problems } = await findBackups(store, keys, patience(clock, signal), signal);
  output.progress.end('');
  for (const { object, report } of problems)
    view.problem({ ...report, destination: destination.name, object });
  const chosen = pick(found, options.installation);
  if (chosen === undefined) {
    output.err('Backups of settings, pairings and CA, newest first:');
    for (const one of found) output.err(lineOf(one));
    throw new EdgeSyncError(found.length === 0 ? 'backup-missing' : 'join-choose');
  }
  output.err('The backup of settings, pairings and CA that is taken over:');
  output.err(lineOf(chosen));
  return chosen;
}

function pick(found: readonly FoundBackup[], wanted: string | undefined): FoundBackup | undefined {
  if (wanted === undefined) return found.length === 1 ? found[0] : undefined;
  if (!/^[0-9a-f]{4,32}$/.test(wanted))
    throw new EdgeSyncError('usage', '--installation takes an id as it is listed, or its first digits');
  const fits = found.filter(({ installationId }) => installationId.startsWith(wanted));
  return fits.length === 1 ? fits[0] : undefined;
}

function lineOf({ backup, missing, refused }: FoundBackup): string {
  return backupLine({ ...summaryOf(backup), missing, refused });
}

async function confirm(options: JoinOptions, output: Output): Promise<void> {
  if (options.yes === true || !process.stdin.isTTY) return;
  output.progress.end('');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question('Is this the archive you expect, as new as you expect? [y/N] ');
    if (!/^(y|yes|j|ja|s|si|sí)$/i.test(answer.trim())) throw new EdgeSyncError('cancelled');
  } finally {
    terminal.close();
  }
}

/** From here on the folder is on its way into this archive. */
async function joinKeys(
  { keys, records }: Cloud,
  words: readonly string[],
  { dataDir, keyStore, random, clock, logger }: EngineOptions,
): Promise<void> {
  const lock = DataDirLock.acquire(dataDir);
  try {
    await beginJoin(dataDir, keys.archiveId, clock);
    const sealedData = await sealedDataIn(dataDir);
    const deps = { dataDir, keyStore, random, clock, logger, sealedData };
    const ring = (await isThere(join(dataDir, 'keys.json')))
      ? await KeyRing.open(deps)
      : await KeyRing.join(deps, words, records);
    if (ring.archiveId !== keys.archiveId) throw new EdgeSyncError('join-not-fresh');
  } catch (error) {
    // Nothing was made: the folder is as fresh as it was.
    if (!(await isThere(join(dataDir, 'keys.json')))) await endJoin(dataDir);
    throw error;
  } finally {
    lock.release();
  }
}

async function writeSettings(file: string, tree: SettingsTree, { clock }: EngineOptions): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const bytes = Buffer.from(`${JSON.stringify(tree, undefined, 2)}\n`);
  await writeFileDurably(file, bytes, { clock, mode: 0o600 });
}

async function fillDatabase(
  options: EngineOptions,
  backup: Backup | undefined,
  taken: Taken,
  view: RebuildView,
  signal: AbortSignal,
): Promise<void> {
  const engine = await Engine.open(options);
  try {
    const { backup: calls } = engine.service;
    if (backup !== undefined && taken !== 'nothing') await calls.takeOver(backup, taken, 'command-line');
    for await (const event of calls.rebuild('command-line', signal)) view.show(event);
    engine.audit.record({ action: 'archive-joined', actor: 'command-line', outcome: 'success' });
  } finally {
    await engine.stop();
  }
}

interface Joined {
  readonly options: JoinOptions;
  readonly taken: Taken;
  readonly chosen: FoundBackup | undefined;
  readonly heads: readonly ChainHead[];
  readonly view: RebuildView;
  readonly settings: Settings;
  readonly archiveId: string;
}

function tell(joined: Joined, output: Output): void {
  const { options, taken, chosen, heads, view, settings, archiveId } = joined;
  const backup = chosen === undefined ? null : summaryOf(chosen.backup);
  if (options.json === true) {
    const rebuilt = view.destinations;
    output.out(JSON.stringify({ archiveId, taken, backup, heads, rebuilt, problems: view.problems }));
  } else {
    for (const line of rebuiltLines(view.destinations)) output.out(line);
    output.out(
      taken === 'everything'
        ? `This PC has taken the place of the one before: AE title ${settings.dicom.aeTitle}, ${chosen?.backup.devices.length ?? 0} paired devices, its CA.`
        : `This PC belongs to the archive now${taken === 'certificates' ? ', with its CA' : ''}. Settings and pairings are its own.`,
    );
    if (view.problems > 0)
      output.out('Some things were not in order; they are listed above. Everything else is here.');
    output.out('Next: `edge-sync serve` (or open the app), then `edge-sync status`.');
  }
  const { host } = settings.dicom;
  if (!isLoopback(host) && !isOfThisPc(host)) {
    output.err(
      `The address to listen on, ${host}, is not one of this PC: see \`edge-sync devices addresses\`, then \`edge-sync config set dicom.host ADDRESS\`.`,
    );
  }
  if (taken === 'everything')
    output.err('Take care that the PC of before is not switched on again under the same AE title.');
}

function isOfThisPc(host: string): boolean {
  return new SystemNetworkInterfaces().list().some((one) => one.interface === host || one.address === host);
}

function storeSecret(of: string, value: Secret, { keyStore, random }: EngineOptions): Promise<void> {
  return of === shareSecretKey
    ? keyStore.write(shareSecretName, value)
    : storeDestinationSecret(of, value, keyStore, random);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
