/**
 * A private session bus with a real gnome-keyring on it, unlocked with a throwaway password, for as long as a test of
 * the desktop app needs it. The keychain of the person at this PC is never touched.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPeer } from './dicom-peers.ts';
import { until } from './electron.ts';
import { programPath } from './tools.ts';

export class KeyringSession {
  readonly busAddress: string;
  readonly #processes: readonly ChildProcess[];
  readonly #folder: string;

  private constructor(busAddress: string, processes: readonly ChildProcess[], folder: string) {
    this.busAddress = busAddress;
    this.#processes = processes;
    this.#folder = folder;
  }

  static async start(): Promise<KeyringSession> {
    const folder = await mkdtemp(join(tmpdir(), 'edge-sync-keyring-'));
    for (const name of ['data', 'run', 'config']) await mkdir(join(folder, name), { mode: 0o700 });
    const bus = spawn(programPath('dbus-daemon'), ['--session', '--nofork', '--print-address=1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(bus.stdout, 'data')) as [Buffer];
    const env = {
      ...process.env,
      DBUS_SESSION_BUS_ADDRESS: line.toString().trim(),
      HOME: folder,
      XDG_DATA_HOME: join(folder, 'data'),
      XDG_CONFIG_HOME: join(folder, 'config'),
      XDG_RUNTIME_DIR: join(folder, 'run'),
      DISPLAY: '',
      WAYLAND_DISPLAY: '',
    };
    const keyring = spawn(
      programPath('gnome-keyring-daemon'),
      ['--unlock', '--components=secrets', '--foreground'],
      { stdio: ['pipe', 'ignore', 'ignore'], env },
    );
    keyring.stdin.end('throwaway');
    await until(async () => {
      const owner = ['org.freedesktop.DBus.GetNameOwner', 'string:org.freedesktop.secrets'];
      const asked = await runPeer(
        'dbus-send',
        ['--session', '--print-reply', '--dest=org.freedesktop.DBus', '/', ...owner],
        { env },
      );
      return asked.exitCode === 0;
    });
    return new KeyringSession(env.DBUS_SESSION_BUS_ADDRESS, [keyring, bus], folder);
  }

  async stop(): Promise<void> {
    for (const one of this.#processes) {
      if (one.exitCode !== null || one.signalCode !== null) continue;
      const gone = once(one, 'exit');
      one.kill();
      await gone;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
