/** How a running engine takes over changed settings: each part by its own way, the others not disturbed. */
import type { Settings } from '../../shared/settings.ts';
import type { EngineParts } from './engine.ts';
import { changedKeys } from './settings-in-force.ts';

type Parts = Pick<
  EngineParts,
  'inForce' | 'options' | 'scp' | 'folders' | 'uploads' | 'disk' | 'certificates' | 'status' | 'backups'
>;

/**
 * Goes by `next` from here on. What can fail comes first; what it throws leaves everything as it was. Folders and
 * connections that take their time to let go follow by themselves.
 */
export async function applySettings(parts: Parts, next: Settings): Promise<void> {
  const { inForce, scp, folders, uploads, disk, certificates, status, backups, options } = parts;
  const before = inForce.current;
  const keys = changedKeys(before, next);
  if (keys.length === 0) return;
  const has = (...places: readonly string[]): boolean =>
    keys.some((key) => places.some((place) => key === place || key.startsWith(`${place}.`)));
  inForce.replace(next);
  if (keys.some((key) => key.startsWith('dicom.') && key !== 'dicom.allowLoopback')) {
    try {
      if (next.dicom.tls.enabled && !before.dicom.tls.enabled) await certificates.start();
      await scp.renew();
      if (before.dicom.tls.enabled && !next.dicom.tls.enabled) certificates.watch();
    } catch (error) {
      inForce.replace(before);
      throw error;
    }
  }
  if (has('log')) options.setLogLevel?.(next.log.level);
  if (has('folders')) void folders.renew();
  if (has('network', 'upload.concurrency', 'upload.maxBytesPerSecond')) void uploads.renew();
  // Looks at times of day and network anew.
  if (has('upload')) uploads.pacing.network({ metered: uploads.pacing.isMetered });
  if (has('disk')) await disk.check();
  status.changed();
  backups.changed();
}
