/** An engine's settings for tests of the page: checked as the real ones are, kept in memory. */
import { createHash } from 'node:crypto';
import type { implement } from '@orpc/server';
import { ORPCError } from '@orpc/server';
import type {
  ChangeProblem,
  ChangeResult,
  SecretState,
  SettingChange,
  SettingsReport,
} from '../../src/shared/contract-settings.ts';
import type { contract } from '../../src/shared/contract.ts';
import { reportFor } from '../../src/shared/errors.ts';
import { checkSettings, type SettingsTree } from '../../src/shared/settings-check.ts';
import { factsOf, settingFacts } from '../../src/shared/settings-facts.ts';
import {
  environmentName,
  getIn,
  problemDetail,
  setIn,
  unsetIn,
  withEnvironment,
} from '../../src/main/engine/system/settings-source.ts';

export type SettingsCallName =
  | 'settings-list'
  | 'settings-change'
  | 'settings-undo'
  | 'settings-outside'
  | 'settings-restart'
  | 'secret-forget';

export interface SettingsAnswers {
  tree: SettingsTree;
  environment: Record<string, string>;
  secrets: SecretState[];
  /** Told once for what is tried; then it is asked again with "anyway". */
  trialProblems: ChangeProblem[];
  outside: SettingsReport['outside'];
  undo: { readonly at: string; readonly keys: string[]; readonly before: SettingsTree } | null;
  waiting: string[];
  restart: SettingsReport['restart'];
}

/** A small practice: one cloud, one watched folder, uploads at night. */
export function settingsDeskAnswers(): SettingsAnswers {
  return {
    tree: {
      dicom: { host: 'eth0', aeTitle: 'FRONTDESK' },
      destinations: [
        { name: 'cloud', kind: 'azure', container: 'clinic-images' },
        { name: 'attic', kind: 'folder', path: '/srv/attic', required: false },
      ],
      folders: [{ path: '/srv/scans' }],
      upload: { windows: [{ from: '20:00', to: '06:00' }] },
    },
    environment: {},
    secrets: [{ name: 'cloud', state: 'set', variable: 'EDGE_SYNC_SECRET_CLOUD' }],
    trialProblems: [],
    outside: null,
    undo: null,
    waiting: [],
    restart: 'here',
  };
}

export function reportOf(answers: SettingsAnswers): SettingsReport {
  const checked = checkSettings(withEnvironment(answers.tree, answers.environment));
  const settings = checked.tag === 'good' ? checked.settings : {};
  return {
    file: '/srv/edge-sync/config.json',
    revision: revisionOf(answers.tree),
    settings: settingFacts().map(({ key, path }) => {
      const variable = environmentName(path);
      const source =
        answers.environment[variable] !== undefined
          ? ('environment' as const)
          : getIn(answers.tree, path) === undefined
            ? ('default' as const)
            : ('file' as const);
      return { key, value: getIn(settings, path) ?? null, source, variable };
    }),
    secrets: answers.secrets,
    outside: answers.outside,
    undo: answers.undo,
    waiting: answers.waiting,
    restart: answers.restart,
  };
}

export function settingsRoutes(
  os: ReturnType<typeof implement<typeof contract>>['settings'],
  answers: SettingsAnswers,
  note: (name: SettingsCallName, input: unknown) => void,
) {
  const kept = (keys: readonly string[]): ChangeResult => {
    const waiting = keys.filter((key) => factsOf(key)?.applies === 'restart');
    answers.waiting = [...new Set([...answers.waiting, ...waiting])];
    const live = keys.filter((key) => !waiting.includes(key));
    return { tag: 'kept', live, waiting, report: reportOf(answers) };
  };
  return {
    list: os.list.handler(() => {
      note('settings-list', undefined);
      return reportOf(answers);
    }),
    change: os.change.handler(({ input }): ChangeResult => {
      note('settings-change', input);
      if (input.revision !== revisionOf(answers.tree) || answers.outside !== null)
        refuse('config-changed-outside');
      const tree = input.changes.reduce<SettingsTree>(changed, answers.tree);
      const checked = checkSettings(tree);
      if (checked.tag === 'bad') {
        const problems = checked.problems.map((problem) => ({
          key: problem.key,
          report: reportFor(problem.code, problemDetail(problem)),
          kind: 'not-allowed' as const,
        }));
        return { tag: 'refused', problems };
      }
      if (input.keep === 'when-it-works' && answers.trialProblems.length > 0)
        return { tag: 'refused', problems: answers.trialProblems };
      const keys = input.changes.map(({ key }) => key);
      answers.undo = { at: new Date().toISOString(), keys, before: answers.tree };
      answers.tree = tree;
      return kept(keys);
    }),
    undo: os.undo.handler(({ input }): ChangeResult => {
      note('settings-undo', input);
      const { undo } = answers;
      if (undo === null) return refuse('config-no-undo');
      answers.undo = { ...undo, before: answers.tree };
      answers.tree = undo.before;
      return kept(undo.keys);
    }),
    outside: os.outside.handler(({ input }): ChangeResult => {
      note('settings-outside', input);
      answers.outside = null;
      return kept([]);
    }),
    forgetSecret: os.forgetSecret.handler(({ input }) => {
      note('secret-forget', input);
      answers.secrets = answers.secrets.map((one) =>
        one.name === input.name ? { ...one, state: 'not-set' } : one,
      );
      return { forgotten: true as const };
    }),
    restart: os.restart.handler(() => {
      note('settings-restart', undefined);
      answers.waiting = [];
      return { restarting: true as const };
    }),
  };
}

function changed(tree: SettingsTree, change: SettingChange): SettingsTree {
  const path = factsOf(change.key)?.path ?? [];
  return change.tag === 'set' ? setIn(tree, path, change.value) : unsetIn(tree, path);
}

function refuse(code: 'config-changed-outside' | 'config-no-undo'): never {
  throw new ORPCError('EDGE_SYNC', { defined: true, status: 422, data: reportFor(code) });
}

function revisionOf(tree: SettingsTree): string {
  return createHash('sha256').update(JSON.stringify(tree)).digest('hex');
}
