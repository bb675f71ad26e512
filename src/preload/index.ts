/**
 * The bridge, whole: the page may ask for a message port to the engine's contract, which it gets by a window message, and
 * for a path that a person chooses in a dialog. Runs sandboxed and context-isolated; nothing of Electron or Node reaches
 * the page.
 */
import { contextBridge, ipcRenderer } from 'electron';
import { choosePathChannel, connectChannel, portChannel } from './channels.ts';

ipcRenderer.on(portChannel, (event) => {
  window.postMessage(portChannel, window.location.origin, [...event.ports]);
});

contextBridge.exposeInMainWorld('edgeSync', {
  connect(): void {
    ipcRenderer.send(connectChannel);
  },
  choosePath(purpose: unknown): Promise<unknown> {
    return ipcRenderer.invoke(choosePathChannel, purpose);
  },
});
