/** Saving what the page has made. Everything else that would become a file is refused. */
import { join } from 'node:path';
import type { DownloadItem, Session, WebContents } from 'electron';
import type { Logger } from '../../engine/ports.ts';
import { safeFileName } from './file-names.ts';
import { isOwnPage, type PageOrigin } from './page-files.ts';

/** The largest of them, a diagnostics bundle or the viewer, is a few megabytes. */
export const largestSavedBytes = 256 * 1024 * 1024;
/** Dialogs that may stand open at once: a page in a loop does not bury the desk under them. */
const mostAtOnce = 2;

export interface SavingParts {
  readonly origin: PageOrigin;
  /** The contents of our window, while there is one. */
  readonly contents: () => WebContents | undefined;
  /** Where the dialog begins, such as the person's own folder for downloads. */
  readonly folder: () => string;
  readonly logger: Logger;
  /** A file that somebody wanted is not there, or not whole. */
  readonly onFailed: () => void;
}

/** Why something is not saved; goes to the log, without its name. */
export type SavingRefusal = 'not-our-page' | 'not-made-by-the-page' | 'size' | 'kind' | 'too-many';

/**
 * Lets our own page save what it has made itself (a blob of our origin, of known size and kind), always through a
 * dialog in which a person chooses the place, and never opens it. Refuses every other download of the session.
 */
export class PageSaving {
  readonly #parts: SavingParts;
  #underWay = 0;

  constructor(parts: SavingParts) {
    this.#parts = parts;
  }

  guard(session: Session): void {
    session.on('will-download', (event, item, contents) => {
      const name = safeFileName(item.getFilename());
      const refusal = this.#refusal(item, contents, name);
      if (refusal !== undefined || name === undefined) {
        event.preventDefault();
        this.#parts.logger.warn('download-refused', { reason: refusal ?? 'kind' });
        return;
      }
      this.#letSave(item, name);
    });
  }

  #refusal(
    item: DownloadItem,
    // Electron says WebContents; a download that no page started has none.
    contents: WebContents | undefined,
    name: string | undefined,
  ): SavingRefusal | undefined {
    if (contents === undefined || contents !== this.#parts.contents()) return 'not-our-page';
    if (!isMadeByPage(this.#parts.origin, item.getURLChain())) return 'not-made-by-the-page';
    const bytes = item.getTotalBytes();
    if (bytes < 1 || bytes > largestSavedBytes) return 'size';
    if (name === undefined) return 'kind';
    if (this.#underWay >= mostAtOnce) return 'too-many';
    return undefined;
  }

  #letSave(item: DownloadItem, name: string): void {
    const { folder, logger, onFailed } = this.#parts;
    this.#underWay += 1;
    item.setSaveDialogOptions({
      defaultPath: join(folder(), name),
      properties: ['showOverwriteConfirmation', 'createDirectory'],
    });
    item.on('updated', () => {
      if (item.getReceivedBytes() > largestSavedBytes) item.cancel();
    });
    item.once('done', (_event, state) => {
      this.#underWay -= 1;
      // Neither name nor place: both are a person's words.
      logger.info('file-saved', { outcome: state, sizeBytes: item.getReceivedBytes() });
      if (state === 'interrupted') onFailed();
    });
  }
}

/** True when every address on the way is a blob that a page of our origin made. */
export function isMadeByPage(origin: PageOrigin, urls: readonly string[]): boolean {
  return (
    urls.length > 0 &&
    urls.every((url) => url.startsWith('blob:') && isOwnPage(origin, url.slice('blob:'.length)))
  );
}
