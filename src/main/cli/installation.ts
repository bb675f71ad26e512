import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { EdgeSyncError } from '../../shared/errors.ts';
import { smtpSecretName, webhookSecretName } from '../../shared/alert-settings.ts';
import { proxySecretName } from '../../shared/network-settings.ts';
import type { Settings } from '../../shared/settings.ts';
import { shareSecretKey } from '../engine/share/share-secret.ts';
import { Secret } from '../engine/system/secret.ts';
import {
  loadSettings,
  passphraseEnvironmentName,
  secretEnvironmentName,
  shareSecretEnvironmentName,
} from '../engine/system/settings-source.ts';

/** The options that every command about an installation takes. */
export interface InstallationOptions {
  readonly dataDir?: string;
  readonly config?: string;
  readonly passphraseFile?: string;
  readonly passphraseFd?: string;
}

/** Which data folder, which configuration, and the secrets that came with the command. */
export interface Installation {
  readonly dataDir: string;
  readonly configFile: string;
  readonly settings: Settings;
  /** undefined when none was given; needed for keys.store "passphrase". */
  readonly passphrase: Secret | undefined;
  /** Destination credentials from the environment, by destination name. */
  readonly secrets: ReadonlyMap<string, Secret>;
}

export function defaultDataDir(): string {
  return envPaths('edge-sync', { suffix: '' }).data;
}

/** Folder and file of the configuration; `--config` wins over `<dataDir>/config.json`. */
export function placesOf(options: InstallationOptions): {
  readonly dataDir: string;
  readonly configFile: string;
} {
  const dataDir = resolve(options.dataDir ?? defaultDataDir());
  return {
    dataDir,
    configFile: options.config === undefined ? join(dataDir, 'config.json') : resolve(options.config),
  };
}

/**
 * Reads configuration and secrets. Secrets are taken out of `environment`, so that no child process and no crash
 * report gets them.
 */
export async function openInstallation(
  options: InstallationOptions,
  environment: NodeJS.ProcessEnv,
): Promise<Installation> {
  const places = placesOf(options);
  const settings = await loadSettings({
    file: places.configFile,
    missing: options.config === undefined ? 'is-empty' : 'is-an-error',
    environment,
  });
  return installationWith(places, settings, options, environment);
}

/** As `openInstallation`, for who has the settings already. */
export function installationWith(
  places: Pick<Installation, 'dataDir' | 'configFile'>,
  settings: Settings,
  options: InstallationOptions,
  environment: NodeJS.ProcessEnv,
): Installation {
  const secrets = new Map<string, Secret>();
  for (const destination of settings.destinations) {
    const value = takeFrom(environment, secretEnvironmentName(destination.name));
    if (value !== undefined) secrets.set(destination.name, Secret.fromText(value));
  }
  for (const name of [proxySecretName, smtpSecretName, webhookSecretName]) {
    const value = takeFrom(environment, secretEnvironmentName(name));
    if (value !== undefined) secrets.set(name, Secret.fromText(value));
  }
  const sharing = takeFrom(environment, shareSecretEnvironmentName);
  if (sharing !== undefined) secrets.set(shareSecretKey, Secret.fromText(sharing));
  return { ...places, settings, secrets, passphrase: passphraseOf(options, environment) };
}

function passphraseOf(options: InstallationOptions, environment: NodeJS.ProcessEnv): Secret | undefined {
  const fromEnvironment = takeFrom(environment, passphraseEnvironmentName);
  if (options.passphraseFile !== undefined)
    return readPassphrase(options.passphraseFile, '--passphrase-file');
  if (options.passphraseFd !== undefined) {
    const descriptor = Number(options.passphraseFd);
    if (!Number.isInteger(descriptor) || descriptor < 0)
      throw new EdgeSyncError('usage', '--passphrase-fd takes a number');
    return readPassphrase(descriptor, '--passphrase-fd');
  }
  return fromEnvironment === undefined ? undefined : Secret.fromText(fromEnvironment);
}

/** One trailing line break is the editor's, not the passphrase's. */
function readPassphrase(from: string | number, option: string): Secret {
  try {
    return Secret.fromText(readFileSync(from, 'utf8').replace(/\r?\n$/, ''));
  } catch (error) {
    throw new EdgeSyncError('passphrase-missing', `${option} cannot be read`, { cause: error });
  }
}

function takeFrom(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = environment[name];
  Reflect.deleteProperty(environment, name);
  return value === '' ? undefined : value;
}
