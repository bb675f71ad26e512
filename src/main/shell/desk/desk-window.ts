import {
  app,
  BrowserWindow,
  nativeTheme,
  powerMonitor,
  screen,
  type Session,
  type WebContents,
} from 'electron';
import type { Logger } from '../../engine/ports.ts';
import { placeWindow, readWindowState, smallestWindow, writeWindowState } from './window-state.ts';

/** Where the page can be told to go (src/renderer/features/page-place.ts). */
export type PagePlace = 'failures';

const unattendedAfterS = 120;

/** The one window. Closing hides it: receiving goes on in the tray. */
export class DeskWindow {
  readonly #url: string;
  readonly #session: Session;
  readonly #preload: string;
  readonly #icon: string;
  readonly #stateFile: string;
  readonly #logger: Logger;
  #window: BrowserWindow | undefined;
  #closing = false;

  constructor(parts: {
    readonly url: string;
    readonly session: Session;
    /** dist/preload/index.cjs */
    readonly preload: string;
    readonly icon: string;
    readonly stateFile: string;
    readonly logger: Logger;
  }) {
    this.#url = parts.url;
    this.#session = parts.session;
    this.#preload = parts.preload;
    this.#icon = parts.icon;
    this.#stateFile = parts.stateFile;
    this.#logger = parts.logger;
  }

  get contents(): WebContents | undefined {
    return this.#window?.webContents;
  }

  /** The window itself, for a dialog to stand on; undefined while hidden. */
  get shown(): BrowserWindow | undefined {
    return this.#window?.isVisible() === true ? this.#window : undefined;
  }

  /** Whether somebody looks at it: in front, and keyboard or mouse were used lately. */
  get isWatched(): boolean {
    return (
      this.#window?.isVisible() === true &&
      this.#window.isFocused() &&
      powerMonitor.getSystemIdleTime() < unattendedAfterS
    );
  }

  /** Shows the window in front, making it the first time; with a place, the page goes there. */
  show(place?: PagePlace): void {
    const window = this.#window;
    if (window === undefined) {
      this.#create(place);
      return;
    }
    if (place !== undefined) this.#load(window, place);
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }

  /** From now on closing closes. */
  letClose(): void {
    this.#closing = true;
    this.#keepState();
  }

  #create(place: PagePlace | undefined): void {
    const state = readWindowState(this.#stateFile);
    const primary = screen.getPrimaryDisplay();
    const others = screen.getAllDisplays().filter(({ id }) => id !== primary.id);
    const window = new BrowserWindow({
      ...placeWindow(
        state,
        [primary, ...others].map(({ workArea }) => workArea),
      ),
      minWidth: smallestWindow.width,
      minHeight: smallestWindow.height,
      title: 'Edge Sync',
      icon: this.#icon,
      show: false,
      backgroundColor: nativeTheme.shouldUseDarkColors ? '#14181d' : '#f6f7f9',
      webPreferences: {
        session: this.#session,
        preload: this.#preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        webSecurity: true,
        webviewTag: false,
        navigateOnDragDrop: false,
        spellcheck: false,
        devTools: !app.isPackaged,
      },
    });
    this.#window = window;
    window.setMenuBarVisibility(false);
    if (state?.maximized === true) window.maximize();
    window.once('ready-to-show', () => window.show());
    window.on('close', (event) => {
      this.#keepState();
      if (this.#closing) return;
      event.preventDefault();
      window.hide();
    });
    window.on('closed', () => {
      this.#window = undefined;
    });
    window.webContents.on('render-process-gone', (_event, { reason }) => {
      this.#logger.error('page-gone', { reason });
      if (reason !== 'clean-exit' && !this.#closing && !window.isDestroyed()) window.webContents.reload();
    });
    window.webContents.on('did-fail-load', (_event, errorCode, _text, _url, isMainFrame) => {
      if (isMainFrame) this.#logger.error('page-not-loaded', { errorCode });
    });
    this.#load(window, place);
  }

  /** A place is a fragment of the same page, which stays loaded. */
  #load(window: BrowserWindow, place: PagePlace | undefined): void {
    const url = place === undefined ? this.#url : `${this.#url}#${place}`;
    void window.loadURL(url).catch(() => undefined);
  }

  #keepState(): void {
    const window = this.#window;
    if (window === undefined || window.isDestroyed()) return;
    writeWindowState(this.#stateFile, { ...window.getNormalBounds(), maximized: window.isMaximized() });
  }
}
