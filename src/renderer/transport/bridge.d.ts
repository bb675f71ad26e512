/**
 * What the Electron preload script puts on the window. After `connect()` a MessagePort arrives by a window
 * `message` event whose data is `edge-sync:port`.
 */
interface EdgeSyncBridge {
  connect(): void;
}

interface Window {
  readonly edgeSync?: EdgeSyncBridge;
}
