/** The viewer: one self-contained HTML file, made by the build. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { EdgeSyncError } from '../../../shared/errors.ts';

/** How the file is called when it is sent along; a link without an address of its own begins with it. */
export const viewerFileName = 'edge-sync-viewer.html';

/** Beside the bundle (dist/main, dist/viewer), or of a checkout that was built. */
const candidates = ['../viewer/viewer.html', '../../../../dist/viewer/viewer.html'];

/** Throws share-viewer-missing. */
export async function readViewerPage(): Promise<Buffer> {
  for (const candidate of candidates) {
    const page = await readFile(fileURLToPath(new URL(candidate, import.meta.url))).catch(() => undefined);
    if (page !== undefined) return page;
  }
  throw new EdgeSyncError('share-viewer-missing');
}
