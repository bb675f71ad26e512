/** The desktop's own dialog in which a person chooses a path for a field of the page. */
import type { OpenDialogOptions, OpenDialogReturnValue } from 'electron';
import type { Logger } from '../../engine/ports.ts';
import { choosePathChannel } from '../../../preload/channels.ts';
import {
  pathAnswerSchema,
  pathPurposeSchema,
  type PathAnswer,
  type PathPurpose,
} from '../../../shared/path-choice.ts';
import type { PageOrigin } from './page-files.ts';
import { isFromOurPage, type PageMessage } from './page-sender.ts';

/** Words of the dialog. */
export interface PathDialogTexts {
  readonly titles: Readonly<Record<PathPurpose, string>>;
  readonly choose: string;
}

/** Electron's ipcMain, as far as it is used. */
interface Handlers {
  handle(channel: string, answer: (event: PageMessage, ...given: unknown[]) => Promise<PathAnswer>): void;
}

export interface PathDialogParts<Window> {
  readonly origin: PageOrigin;
  /** The contents of our window, while there is one. */
  readonly contents: () => { readonly mainFrame: unknown } | undefined;
  /** The window that the dialog stands on; undefined while it is hidden. */
  readonly shown: () => Window | undefined;
  readonly open: (on: Window, options: OpenDialogOptions) => Promise<OpenDialogReturnValue>;
  readonly texts: PathDialogTexts;
  readonly logger: Logger;
}

/** Why no dialog opened, or what it gave was not handed on; goes to the log. */
export type PathDialogRefusal = 'not-our-page' | 'purpose' | 'hidden' | 'one-at-a-time' | 'path';

type Chooses = 'file' | 'folder' | 'new-or-old-folder';

const chooses: Readonly<Record<PathPurpose, Chooses>> = {
  'import-file': 'file',
  'import-folder': 'folder',
  restore: 'new-or-old-folder',
  watch: 'folder',
  destination: 'new-or-old-folder',
  certificate: 'file',
  'proxy-script': 'file',
};

/** The desktop's list of recent files shows nobody where images come from and go to. */
const properties: Readonly<Record<Chooses, NonNullable<OpenDialogOptions['properties']>>> = {
  file: ['openFile', 'dontAddToRecent'],
  folder: ['openDirectory', 'dontAddToRecent'],
  'new-or-old-folder': ['openDirectory', 'createDirectory', 'dontAddToRecent'],
};

/**
 * Lets our page, and nobody else, ask a person for a path: one dialog at a time, for one of the purposes known here. The
 * page hears the path or that there is none. What lies at the path is never opened or read by the shell.
 */
export class PathDialogs<Window> {
  readonly #parts: PathDialogParts<Window>;
  #isOpen = false;

  constructor(parts: PathDialogParts<Window>) {
    this.#parts = parts;
  }

  listen(ipc: Handlers): void {
    ipc.handle(choosePathChannel, (event, ...given) => this.#choose(event, given));
  }

  /** @throws Error without particulars for whatever is refused. */
  async #choose(event: PageMessage, given: readonly unknown[]): Promise<PathAnswer> {
    const { origin, contents, shown, logger } = this.#parts;
    if (!isFromOurPage(event, contents(), origin)) return this.#refuse('not-our-page');
    const purpose = pathPurposeSchema.safeParse(given[0]);
    if (!purpose.success || given.length !== 1) return this.#refuse('purpose');
    const window = shown();
    if (window === undefined) return this.#refuse('hidden');
    if (this.#isOpen) return this.#refuse('one-at-a-time');
    this.#isOpen = true;
    const chosen = await this.#ask(window, purpose.data).finally(() => {
      this.#isOpen = false;
    });
    const answer = pathAnswerSchema.safeParse(
      chosen === undefined ? { tag: 'cancelled' } : { tag: 'chosen', path: chosen },
    );
    if (!answer.success) return this.#refuse('path');
    // Not the path: it is a person's words.
    logger.info('path-chosen', { purpose: purpose.data, outcome: answer.data.tag });
    return answer.data;
  }

  async #ask(on: Window, purpose: PathPurpose): Promise<string | undefined> {
    const { open, texts, logger } = this.#parts;
    const title = texts.titles[purpose];
    try {
      const { canceled, filePaths } = await open(on, {
        title,
        // macOS shows no title.
        message: title,
        buttonLabel: texts.choose,
        properties: properties[chooses[purpose]],
      });
      return canceled ? undefined : filePaths[0];
    } catch (error) {
      logger.error('path-dialog-failed', { purpose }, error);
      throw new Error('failed', { cause: error });
    }
  }

  #refuse(reason: PathDialogRefusal): never {
    this.#parts.logger.warn('path-dialog-refused', { reason });
    throw new Error('refused');
  }
}
