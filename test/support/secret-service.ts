/**
 * Runs a script of ours inside a private D-Bus session with a real gnome-keyring, in folders of its own: the keychain
 * of the person at this PC is never touched. Needs Debian's dbus-daemon and gnome-keyring.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type KeyringState =
  /** A throwaway keyring, unlocked. */
  | 'unlocked'
  /** The same keyring, but locked by the session before the script runs. */
  | 'locked'
  /** Locked, and the person at the PC lets the prompt for the password stand. */
  | 'asking'
  /** A bus on which nothing offers the Secret Service. */
  | 'no-service';

export interface SessionResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A home folder whose keyring outlives one session, as it does a reboot. */
export class SecretServiceHome {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<SecretServiceHome> {
    const folder = await mkdtemp(join(tmpdir(), 'edge-sync-keyring-'));
    for (const name of ['data', 'run', 'config']) await mkdir(join(folder, name), { mode: 0o700 });
    await mkdir(join(folder, 'services'));
    await writeFile(join(folder, 'services', 'prompter.service'), silentPrompter);
    await writeFile(join(folder, 'no-service.conf'), busConfig(''));
    await writeFile(
      join(folder, 'asking.conf'),
      busConfig(`<servicedir>${join(folder, 'services')}</servicedir>`),
    );
    return new SecretServiceHome(folder);
  }

  /** Runs `node script args...` in a new session; every process of the session ends with it. */
  run(script: string, args: readonly string[], keyring: KeyringState): Promise<SessionResult> {
    const ownBus = keyring === 'no-service' || keyring === 'asking';
    const bus = ownBus ? ['--config-file', join(this.#folder, `${keyring}.conf`)] : [];
    const child = spawn(
      'dbus-run-session',
      [...bus, '--', 'sh', '-c', sessionScript, 'session', keyring, process.execPath, script, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          HOME: this.#folder,
          XDG_DATA_HOME: join(this.#folder, 'data'),
          XDG_CONFIG_HOME: join(this.#folder, 'config'),
          XDG_RUNTIME_DIR: join(this.#folder, 'run'),
          DISPLAY: '',
          WAYLAND_DISPLAY: '',
        },
      },
    );
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exitCode) =>
        resolve({
          exitCode,
          stdout: Buffer.concat(stdout).toString(),
          stderr: Buffer.concat(stderr).toString(),
        }),
      );
    });
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** $1 is the state, the rest the command. The password is a throwaway and goes in by standard input. */
const sessionScript = `
state=$1; shift
if [ "$state" != no-service ]; then
  printf throwaway | gnome-keyring-daemon --unlock --components=secrets --foreground >/dev/null 2>&1 &
  export KEYRING_PID=$!
  tries=0
  until dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetNameOwner \\
      string:org.freedesktop.secrets >/dev/null 2>&1; do
    tries=$((tries + 1)); [ $tries -gt 100 ] && echo 'no keyring' >&2 && exit 99
    sleep 0.1
  done
fi
if [ "$state" = locked ] || [ "$state" = asking ]; then
  dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \\
    org.freedesktop.Secret.Service.Lock array:objpath:/org/freedesktop/secrets/collection/login >/dev/null || exit 98
fi
"$@"
status=$?
if [ -n "$KEYRING_PID" ]; then kill -CONT "$KEYRING_PID" 2>/dev/null; kill "$KEYRING_PID" 2>/dev/null; fi
exit $status
`;

/** Starts when the keyring wants to ask, asks nobody, and gives up long after the store has. */
const silentPrompter = `[D-BUS Service]
Name=org.gnome.keyring.SystemPrompter
Exec=/bin/sh -c "sleep 2; exit 1"
`;

/** A session bus that activates only what is named. */
function busConfig(services: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  ${services}
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;
}
