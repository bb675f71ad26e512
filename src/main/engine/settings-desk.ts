/**
 * Where settings are seen and changed: checked, tried, applied, written, in this order, one change after the other. The
 * same for a running engine and for a command without one.
 */
import { isDeepStrictEqual } from 'node:util';
import { checkSettings, type SettingProblem, type SettingsTree } from '../../shared/settings-check.ts';
import { factsOf, settingFacts } from '../../shared/settings-facts.ts';
import type {
  ChangeProblem,
  ChangeResult,
  SecretState,
  SettingChange,
  SettingsReport,
  SettingState,
} from '../../shared/contract-settings.ts';
import { EdgeSyncError, reportFor, toEdgeSyncError } from '../../shared/errors.ts';
import type { Settings } from '../../shared/settings.ts';
import type { Clock } from './ports.ts';
import { bytesOfTree, revisionOf, SettingsFile, type FoundFile } from './settings-file.ts';
import { changedKeys, withLive } from './settings-in-force.ts';
import { tryOut, type TrialPlaces } from './settings-trial.ts';
import {
  environmentName,
  getIn,
  problemDetail,
  setIn,
  unsetIn,
  withEnvironment,
} from './system/settings-source.ts';

/** As JSON. Fifty destinations do not come near it. */
const longestValue = 256 * 1024;

export interface SettingsDeskDeps {
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly trial: TrialPlaces;
  /** A running engine: what it goes by, and how it takes over what it can. Without one: the next start does. */
  readonly running?: {
    readonly current: () => Settings;
    /** Throws when it could not; then everything is as before. */
    readonly apply: (next: Settings) => Promise<void>;
    readonly restart: SettingsReport['restart'];
    /** Told whenever it was found out: keys of the file that are not in force. */
    readonly waits: (keys: readonly string[]) => void;
  };
  /** Keeps others from the file meanwhile; nobody else writes it unless given. */
  readonly writing?: <Result>(work: () => Promise<Result>) => Promise<Result>;
  readonly secrets?: (settings: Settings) => Promise<readonly SecretState[]>;
  readonly audited?: (
    what: 'changed' | 'undone',
    keys: readonly string[],
    outcome: 'success' | 'failure',
  ) => void;
}

type Keep = 'when-it-works' | 'anyway';

interface Known {
  readonly found: FoundFile;
  readonly tree: SettingsTree;
}

export class SettingsDesk {
  readonly #deps: SettingsDeskDeps;
  readonly #file: SettingsFile;
  #known: Known | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: SettingsDeskDeps) {
    this.#deps = deps;
    this.#file = new SettingsFile(deps.configFile, deps.clock);
  }

  /** Throws config-not-readable, config-not-json, config-bad-value, config-unknown-key before the file was ever good. */
  report(): Promise<SettingsReport> {
    return this.#inTurn(() => this.#report());
  }

  change(revision: string, changes: readonly SettingChange[], keep: Keep): Promise<ChangeResult> {
    return this.#writing(async () => {
      const known = await this.#unchangedSince(revision);
      const refused = changes.flatMap((change) => this.#refusal(change));
      if (refused.length > 0) return { tag: 'refused', problems: refused };
      const tree = changes.reduce<SettingsTree>((changed, change) => {
        const path = factsOf(change.key)?.path ?? [];
        return change.tag === 'set' ? setIn(changed, path, change.value) : unsetIn(changed, path);
      }, known.tree);
      return this.#take(known, tree, { keep, bytes: bytesOfTree(tree), what: 'changed' });
    });
  }

  /** Throws config-no-undo. */
  undo(revision: string): Promise<ChangeResult> {
    return this.#writing(async () => {
      const known = await this.#unchangedSince(revision);
      const step = await this.#file.readUndo();
      if (step?.afterRevision !== known.found.revision) throw new EdgeSyncError('config-no-undo');
      const bytes = step.before === null ? undefined : Buffer.from(step.before);
      const tree = this.#file.tree({ revision: '', bytes });
      return this.#take(known, tree, { keep: 'anyway', bytes, what: 'undone' });
    });
  }

  /** The file was changed by somebody else: goes by it, or puts back what was there. */
  outside(revision: string, choice: 'use-file' | 'put-back'): Promise<ChangeResult> {
    return this.#writing(async () => {
      const known = await this.#knownNow();
      const found = await this.#file.read();
      if (found.revision !== revision) throw new EdgeSyncError('config-changed-outside');
      if (choice === 'put-back') {
        await this.#writeUndo(found, known.found, changedKeys(treeOrEmpty(this.#file, found), known.tree));
        await this.#file.write(known.found.bytes);
        this.#deps.audited?.('undone', [], 'success');
        return this.#kept([]);
      }
      return this.#take(known, this.#file.tree(found), {
        keep: 'anyway',
        bytes: found.bytes,
        what: 'changed',
      });
    });
  }

  #writing<Result>(work: () => Promise<Result>): Promise<Result> {
    const { writing } = this.#deps;
    return this.#inTurn(() => (writing === undefined ? work() : writing(work)));
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #knownNow(): Promise<Known> {
    if (this.#known !== undefined) return this.#known;
    const found = await this.#file.read();
    const tree = this.#file.tree(found);
    this.#settingsOf(tree);
    this.#known = { found, tree };
    return this.#known;
  }

  async #unchangedSince(revision: string): Promise<Known> {
    const known = await this.#knownNow();
    const found = await this.#file.read();
    if (found.revision !== known.found.revision || revision !== known.found.revision)
      throw new EdgeSyncError('config-changed-outside');
    return known;
  }

  #refusal(change: SettingChange): readonly ChangeProblem[] {
    const { key } = change;
    const refuse = (error: EdgeSyncError): readonly ChangeProblem[] => [
      { key, report: error.report, kind: 'not-allowed' },
    ];
    if (factsOf(key) === undefined) return refuse(unknownKey(key));
    const variable = environmentName(key.split('.'));
    if (this.#deps.environment[variable] !== undefined)
      return refuse(new EdgeSyncError('settings-by-environment', `${key} (${variable})`));
    if (change.tag === 'set' && JSON.stringify([change.value]).length > longestValue)
      return refuse(new EdgeSyncError('config-bad-value', `${key}: is too long`));
    return [];
  }

  /** Checked, tried, applied, written; undone in reverse where a later step fails. */
  async #take(
    known: Known,
    tree: SettingsTree,
    how: { readonly keep: Keep; readonly bytes: Buffer | undefined; readonly what: 'changed' | 'undone' },
  ): Promise<ChangeResult> {
    // The file alone must be good too: the next start may come with another environment.
    const alone = checkSettings(tree);
    const checked =
      alone.tag === 'bad' ? alone : checkSettings(withEnvironment(tree, this.#deps.environment));
    if (checked.tag === 'bad') return { tag: 'refused', problems: checked.problems.map(asChangeProblem) };
    const next = checked.settings;
    const before = this.#settingsOf(known.tree);
    const keys = changedKeys(before, next);
    const written = changedKeys(known.tree, tree);
    const tried = keys.length === 0 ? [] : await tryOut(keys, before, next, this.#deps.trial);
    const problems = how.keep === 'anyway' ? tried.filter(({ kind }) => kind === 'not-allowed') : tried;
    if (problems.length > 0) {
      this.#deps.audited?.(how.what, written, 'failure');
      return { tag: 'refused', problems: [...problems] };
    }
    const { running } = this.#deps;
    const inForce = running?.current();
    if (running !== undefined && inForce !== undefined) {
      try {
        await running.apply(withLive(inForce, next));
      } catch (error) {
        this.#deps.audited?.(how.what, written, 'failure');
        const key = keys[0] ?? '';
        return {
          tag: 'refused',
          problems: [{ key, report: toEdgeSyncError(error).report, kind: 'not-allowed' }],
        };
      }
    }
    try {
      const found = await this.#keepBytes(known, how.bytes, written);
      this.#known = { found, tree };
    } catch (error) {
      if (running !== undefined && inForce !== undefined) await running.apply(inForce).catch(() => undefined);
      this.#deps.audited?.(how.what, written, 'failure');
      throw error;
    }
    if (written.length > 0) this.#deps.audited?.(how.what, written, 'success');
    return this.#kept(keys);
  }

  async #keepBytes(known: Known, bytes: Buffer | undefined, keys: readonly string[]): Promise<FoundFile> {
    const found = await this.#file.read();
    // What the file holds already (it was edited by somebody) is not written again.
    const isThere = found.bytes === bytes || (bytes !== undefined && found.bytes?.equals(bytes) === true);
    if (!isThere && keys.length === 0) return found;
    const after = { revision: isThere ? found.revision : revisionOf(bytes), bytes };
    await this.#writeUndo(known.found, after, keys);
    return isThere ? found : this.#file.write(bytes);
  }

  #writeUndo(before: FoundFile, after: FoundFile, keys: readonly string[]): Promise<void> {
    return this.#file.writeUndo({
      version: 1,
      at: new Date(this.#deps.clock.nowMs()).toISOString(),
      keys: [...keys],
      before: before.bytes?.toString('utf8') ?? null,
      afterRevision: after.revision,
    });
  }

  async #kept(keys: readonly string[]): Promise<ChangeResult> {
    const waiting =
      this.#deps.running === undefined ? keys : keys.filter((key) => factsOf(key)?.applies !== 'live');
    const live = keys.filter((key) => !waiting.includes(key));
    return { tag: 'kept', live: [...live], waiting: [...waiting], report: await this.#report() };
  }

  async #report(): Promise<SettingsReport> {
    const { environment, running, secrets } = this.#deps;
    const { found, tree } = await this.#knownNow();
    const settings = this.#settingsOf(tree);
    const inForce = running?.current();
    const states = settingFacts().map(({ key, path, applies }): SettingState => {
      const variable = environmentName(path);
      const source =
        environment[variable] !== undefined
          ? 'environment'
          : getIn(tree, path) === undefined
            ? 'default'
            : 'file';
      const value = getIn(settings, path) ?? null;
      const used = inForce === undefined || applies === 'live' ? value : (getIn(inForce, path) ?? null);
      const differs = isDeepStrictEqual(plain(value), plain(used)) ? {} : { inForce: { value: used } };
      return { key, value, source, variable, ...differs };
    });
    const waiting = states.filter((one) => one.inForce !== undefined).map(({ key }) => key);
    running?.waits(waiting);
    const undo = await this.#file.readUndo();
    return {
      file: this.#file.path,
      revision: found.revision,
      settings: states,
      secrets: [...((await secrets?.(settings)) ?? [])],
      outside: await this.#outside(found),
      undo: undo?.afterRevision === found.revision ? { at: undo.at, keys: undo.keys } : null,
      waiting,
      restart: running?.restart ?? 'by-hand',
    };
  }

  async #outside(known: FoundFile): Promise<SettingsReport['outside']> {
    let revision = 'none';
    try {
      const now = await this.#file.read();
      if (now.revision === known.revision) return null;
      ({ revision } = now);
      this.#settingsOf(this.#file.tree(now));
      return { revision, problem: null };
    } catch (error) {
      return { revision, problem: toEdgeSyncError(error).report };
    }
  }

  /** Throws config-*. */
  #settingsOf(tree: SettingsTree): Settings {
    const checked = checkSettings(withEnvironment(tree, this.#deps.environment));
    if (checked.tag === 'good') return checked.settings;
    const [first] = checked.problems;
    throw first === undefined
      ? new EdgeSyncError('config-bad-value')
      : new EdgeSyncError(first.code, problemDetail(first));
  }
}

/** Long lists of keys help more than a bare no. */
export function unknownKey(key: string): EdgeSyncError {
  const known = settingFacts().map((facts) => facts.key);
  return new EdgeSyncError('config-unknown-key', `"${key.slice(0, 200)}"; settings are: ${known.join(', ')}`);
}

function asChangeProblem(problem: SettingProblem): ChangeProblem {
  return {
    key: problem.key.slice(0, 300),
    report: reportFor(problem.code, problemDetail(problem)),
    kind: 'not-allowed',
  };
}

function treeOrEmpty(file: SettingsFile, found: FoundFile): SettingsTree {
  try {
    return file.tree(found);
  } catch {
    return {};
  }
}

/** Without accessors: what is in force is read through a view. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
