/**
 * The bridge, whole: the page may ask for a message port to the engine's contract, and gets it by a window message.
 * Runs sandboxed and context-isolated; nothing of Electron or Node reaches the page.
 */
import { contextBridge, ipcRenderer } from 'electron';
import { connectChannel, portChannel } from './channels.ts';

ipcRenderer.on(portChannel, (event) => {
  window.postMessage(portChannel, window.location.origin, [...event.ports]);
});

contextBridge.exposeInMainWorld('edgeSync', {
  connect(): void {
    ipcRenderer.send(connectChannel);
  },
});
