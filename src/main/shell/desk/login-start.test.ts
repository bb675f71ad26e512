import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { desktopEntry, LoginStart, type LoginItems } from './login-start.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edge-sync-login-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What Windows and macOS remember. */
class RememberedItems implements LoginItems {
  readonly set: unknown[] = [];
  #on = false;

  getLoginItemSettings(): { readonly openAtLogin: boolean } {
    return { openAtLogin: this.#on };
  }

  setLoginItemSettings(settings: { readonly openAtLogin: boolean }): void {
    this.#on = settings.openAtLogin;
    this.set.push(settings);
  }
}

function use(platform: NodeJS.Platform, items = new RememberedItems()): LoginStart {
  return new LoginStart({
    items,
    platform,
    program: '/opt/Edge Sync/edge-sync',
    args: ['--data-dir', '/srv/a'],
    configHome: join(folder, 'config'),
    decidedFile: join(folder, 'shell', 'login-start.json'),
  });
}

const desktopFile = (): string => join(folder, 'config', 'autostart', 'edge-sync.desktop');

describe('starting at login', () => {
  it.each(['win32', 'darwin', 'linux'] as const)(
    'is on at the first start, and off stays off (%s)',
    (platform) => {
      const items = new RememberedItems();
      const first = use(platform, items);
      expect(first.isOn).toBe(false);
      first.setOnceByDefault();
      expect(first.isOn).toBe(true);
      first.set(false);
      const next = use(platform, items);
      next.setOnceByDefault();
      expect(next.isOn).toBe(false);
    },
  );

  it('is hidden, with the folder that the app was started with', () => {
    const items = new RememberedItems();
    use('win32', items).set(true);
    expect(items.set).toEqual([
      { openAtLogin: true, path: '/opt/Edge Sync/edge-sync', args: ['--hidden', '--data-dir', '/srv/a'] },
    ]);
    use('linux').set(true);
    expect(readFileSync(desktopFile(), 'utf8')).toContain(
      'Exec="/opt/Edge Sync/edge-sync" "--hidden" "--data-dir" "/srv/a"\n',
    );
  });

  it('quotes whatever a path may hold', () => {
    expect(desktopEntry(['/a b/"c"/$d/`e`/f\\g/100%'])).toContain(
      String.raw`Exec="/a b/\\"c\\"/\\$d/\\` + '`e' + String.raw`\\` + '`' + String.raw`/f\\\\g/100%%"`,
    );
  });
});
