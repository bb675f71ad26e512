/** Starting with the person's login, hidden: an app that nobody starts receives nothing. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** What electron's `app` offers on Windows and macOS; Linux has no such call. */
export interface LoginItems {
  getLoginItemSettings(options?: { readonly path?: string; readonly args?: string[] }): {
    readonly openAtLogin: boolean;
  };
  setLoginItemSettings(settings: {
    readonly openAtLogin: boolean;
    readonly path?: string;
    readonly args?: string[];
  }): void;
}

export interface LoginStartParts {
  readonly items: LoginItems;
  readonly platform: NodeJS.Platform;
  /** The program; on Linux the AppImage itself where there is one, for its mount is gone after a restart. */
  readonly program: string;
  /** Beside `--hidden`: a data folder of its own. */
  readonly args: readonly string[];
  /** $XDG_CONFIG_HOME, or undefined. */
  readonly configHome: string | undefined;
  /** Remembers that the choice was made, so that "off" stays off. */
  readonly decidedFile: string;
}

export class LoginStart {
  readonly #parts: LoginStartParts;
  readonly #args: readonly string[];

  constructor(parts: LoginStartParts) {
    this.#parts = parts;
    this.#args = ['--hidden', ...parts.args];
  }

  get isOn(): boolean {
    const { items, platform, program } = this.#parts;
    if (platform === 'linux') return existsSync(this.#desktopFile);
    return items.getLoginItemSettings({ path: program, args: [...this.#args] }).openAtLogin;
  }

  /** Throws what the file system throws (Linux). */
  set(on: boolean): void {
    const { items, platform, program, decidedFile } = this.#parts;
    if (platform === 'linux') this.#writeDesktopFile(on);
    else items.setLoginItemSettings({ openAtLogin: on, path: program, args: [...this.#args] });
    mkdirSync(dirname(decidedFile), { recursive: true, mode: 0o700 });
    writeFileSync(decidedFile, `${JSON.stringify({ startAtLogin: on })}\n`, { mode: 0o600 });
  }

  /** On at the first start; after that it is as somebody left it. Throws as `set`. */
  setOnceByDefault(): void {
    if (!existsSync(this.#parts.decidedFile)) this.set(true);
  }

  get #desktopFile(): string {
    return join(this.#parts.configHome ?? join(homedir(), '.config'), 'autostart', 'edge-sync.desktop');
  }

  #writeDesktopFile(on: boolean): void {
    if (!on) {
      rmSync(this.#desktopFile, { force: true });
      return;
    }
    mkdirSync(dirname(this.#desktopFile), { recursive: true, mode: 0o700 });
    writeFileSync(this.#desktopFile, desktopEntry([this.#parts.program, ...this.#args]), { mode: 0o644 });
  }
}

/** Desktop Entry Specification 1.5 and Autostart Specification 0.5. `command`: program and arguments. */
export function desktopEntry(command: readonly string[]): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Edge Sync',
    `Exec=${command.map(quoted).join(' ')}`,
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');
}

/**
 * Quoted as the specification's "Exec" asks: inside quotes a backslash before quote, backtick, dollar and backslash,
 * percent doubled, and then the escapes of a string value (a backslash is doubled once more).
 */
function quoted(argument: string): string {
  const inQuotes = argument.replaceAll(/(["`$\\])/g, '\\$1').replaceAll('%', '%%');
  return `"${inQuotes}"`.replaceAll('\\', '\\\\');
}
