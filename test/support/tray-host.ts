import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { programPath } from './tools.ts';

/** Debian's own interpreter: python3-dbus and python3-gi belong to it, not to another python3 on PATH. */
const python = '/usr/bin/python3';

export interface TrayEntry {
  readonly label: string;
  readonly enabled: boolean;
  readonly line: boolean;
}

export interface TrayReading {
  readonly toolTip: string;
  readonly iconName: string;
  readonly pixmaps: readonly { readonly width: number; readonly height: number; readonly argb: string }[];
  readonly menu: readonly TrayEntry[];
}

export interface SeenNotification {
  readonly title: string;
  readonly body: string;
}

/** A private session bus with a desktop's tray and notification service on it. */
export class TrayHost {
  readonly busAddress: string;
  readonly #bus: ChildProcess;
  readonly #host: ChildProcess;
  readonly #answers: ((line: string) => void)[] = [];

  private constructor(busAddress: string, bus: ChildProcess, host: ChildProcess) {
    this.busAddress = busAddress;
    this.#bus = bus;
    this.#host = host;
    createInterface({ input: host.stdout! }).on('line', (line) => this.#answers.shift()?.(line));
  }

  static async start(): Promise<TrayHost> {
    const bus = spawn(programPath('dbus-daemon'), ['--session', '--nofork', '--print-address=1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const address = await firstLine(bus);
    const host = spawn(python, [join(import.meta.dirname, 'tray-host.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: address },
    });
    await firstLine(host);
    return new TrayHost(address, bus, host);
  }

  /** Tray items that have registered so far. */
  async count(): Promise<number> {
    return ((await this.#ask({ tag: 'count' })) as { items: number }).items;
  }

  async read(): Promise<TrayReading> {
    return (await this.#ask({ tag: 'read' })) as TrayReading;
  }

  async activate(): Promise<void> {
    await this.#ask({ tag: 'activate' });
  }

  async click(label: string): Promise<void> {
    await this.#ask({ tag: 'click', label });
  }

  async notifications(): Promise<readonly SeenNotification[]> {
    const answer = (await this.#ask({ tag: 'notifications' })) as { notifications: SeenNotification[] };
    return answer.notifications;
  }

  stop(): void {
    this.#host.kill();
    this.#bus.kill();
  }

  async #ask(command: object): Promise<unknown> {
    const line = await new Promise<string>((resolve) => {
      this.#answers.push(resolve);
      this.#host.stdin!.write(`${JSON.stringify(command)}\n`);
    });
    const { ok, error } = JSON.parse(line) as { ok?: unknown; error?: string };
    if (error !== undefined) throw new Error(`tray host: ${error}`);
    return ok;
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ended with ${String(code)} before its first line`)));
    child.once('error', reject);
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('utf8');
      const end = text.indexOf('\n');
      if (end === -1) return;
      child.stdout!.off('data', onData);
      resolve(text.slice(0, end));
    };
    child.stdout!.on('data', onData);
  });
}
