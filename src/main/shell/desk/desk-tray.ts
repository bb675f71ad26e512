import { Menu, nativeImage, nativeTheme, Tray, type MenuItemConstructorOptions } from 'electron';
import { assertNever } from '../../../shared/assert-never.ts';
import type { StatusReport } from '../../../shared/status.ts';
import type { ShellTexts } from './texts.ts';
import { trayIconFile } from './tray-icons.ts';
import { trayView, type TrayAction, type TrayFacts, type TrayItem, type TrayView } from './tray-view.ts';

/** The tray icon: shape by headline, menu with the window's actions. */
export class DeskTray {
  readonly #folder: string;
  readonly #texts: ShellTexts;
  readonly #onAction: (action: TrayAction) => void;
  readonly #facts: () => TrayFacts;
  readonly #tray: Tray;
  #view: TrayView;

  constructor(parts: {
    /** assets/tray */
    readonly iconFolder: string;
    readonly texts: ShellTexts;
    readonly status: StatusReport;
    readonly onAction: (action: TrayAction) => void;
    readonly facts: () => TrayFacts;
  }) {
    this.#folder = parts.iconFolder;
    this.#texts = parts.texts;
    this.#onAction = parts.onAction;
    this.#facts = parts.facts;
    this.#view = trayView(parts.status, parts.texts, parts.facts());
    this.#tray = new Tray(this.#icon());
    this.#tray.on('click', () => parts.onAction('open'));
    nativeTheme.on('updated', this.#redrawIcon);
    this.#drawWords();
  }

  show(status: StatusReport): void {
    const next = trayView(status, this.#texts, this.#facts());
    const { shape, tooltip, menu } = this.#view;
    this.#view = next;
    if (next.shape !== shape) this.#redrawIcon();
    // A menu that is replaced while open closes on some desktops, so only when it differs.
    if (next.tooltip !== tooltip || JSON.stringify(next.menu) !== JSON.stringify(menu)) this.#drawWords();
  }

  destroy(): void {
    nativeTheme.off('updated', this.#redrawIcon);
    this.#tray.destroy();
  }

  readonly #redrawIcon = (): void => {
    this.#tray.setImage(this.#icon());
  };

  #icon(): Electron.NativeImage {
    const background = nativeTheme.shouldUseDarkColors ? 'dark' : 'light';
    const file = trayIconFile(this.#folder, this.#view.shape, { platform: process.platform, background });
    return nativeImage.createFromPath(file);
  }

  #drawWords(): void {
    this.#tray.setToolTip(this.#view.tooltip);
    this.#tray.setContextMenu(Menu.buildFromTemplate(this.#view.menu.map((item) => this.#menuItem(item))));
  }

  #menuItem(item: TrayItem): MenuItemConstructorOptions {
    switch (item.tag) {
      case 'text':
        return { label: item.label, enabled: false };
      case 'line':
        return { type: 'separator' };
      case 'check':
        return {
          type: 'checkbox',
          label: item.label,
          checked: item.on,
          click: () => this.#onAction(item.action),
        };
      case 'menu':
        return { label: item.label, submenu: item.items.map((one) => this.#menuItem(one)) };
      case 'action':
        return { label: item.label, click: () => this.#onAction(item.action) };
      default:
        return assertNever(item);
    }
  }
}
