import type { PathPurpose } from '../../shared/path-choice.ts';

declare global {
  /**
   * What the Electron preload script puts on the window. After `connect()` a MessagePort arrives by a window
   * `message` event whose data is `edge-sync:port`. `choosePath` opens the desktop's own dialog; what it answers is a
   * `PathAnswer`, to be checked, and it rejects when the shell refuses.
   */
  interface EdgeSyncBridge {
    connect(): void;
    choosePath(purpose: PathPurpose): Promise<unknown>;
  }

  interface Window {
    readonly edgeSync?: EdgeSyncBridge;
  }
}
