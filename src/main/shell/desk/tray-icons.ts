import { join } from 'node:path';
import type { Headline } from '../../../shared/status.ts';

/**
 * File of a tray icon below assets/tray. Windows reads .ico (all sizes in one), macOS a template image that it tints
 * itself, Linux a PNG; electron picks the @2x file by itself.
 */
export function trayIconFile(
  folder: string,
  shape: Headline,
  on: { readonly platform: NodeJS.Platform; readonly background: 'light' | 'dark' },
): string {
  if (on.platform === 'darwin') return join(folder, `${shape}Template.png`);
  const suffix = on.platform === 'win32' ? 'ico' : 'png';
  return join(folder, `${shape}-on-${on.background}.${suffix}`);
}
