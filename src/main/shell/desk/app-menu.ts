import { Menu, type MenuItemConstructorOptions } from 'electron';
import type { ShellTexts } from './texts.ts';

/** Keyboard shortcuts that people expect; the bar itself stays hidden (macOS has one of its own). */
export function setAppMenu(
  texts: ShellTexts,
  actions: {
    readonly quit: () => void;
    readonly startsAtLogin: boolean;
    readonly startAtLogin: () => void;
  },
): void {
  const mac = process.platform === 'darwin';
  const template: MenuItemConstructorOptions[] = [
    {
      label: mac ? 'Edge Sync' : texts.menus.file,
      submenu: [
        { label: texts.hide, role: 'close' },
        {
          id: 'start-at-login',
          type: 'checkbox',
          label: texts.startAtLogin,
          checked: actions.startsAtLogin,
          click: actions.startAtLogin,
        },
        { label: texts.quit, accelerator: 'CommandOrControl+Q', click: actions.quit },
      ],
    },
    {
      label: texts.menus.edit,
      submenu: [
        { role: 'undo' },
        { role: 'redo' },
        { type: 'separator' },
        { role: 'cut' },
        { role: 'copy' },
        { role: 'paste' },
        { role: 'selectAll' },
      ],
    },
    {
      label: texts.menus.view,
      submenu: [
        { role: 'zoomIn', accelerator: 'CommandOrControl+=' },
        { role: 'zoomIn', visible: false },
        { role: 'zoomOut' },
        { role: 'resetZoom' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
      ],
    },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
