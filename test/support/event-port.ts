import type { MessagePort } from 'node:worker_threads';
import type { PipePort } from '../../src/shared/port-pipe.ts';

/** A port of Node with the face of Electron's: its messages come as events. */
export function eventPort(port: MessagePort): PipePort {
  return {
    postMessage: (message) => port.postMessage(message),
    on: (event: 'message' | 'close', listener: (event: { readonly data: unknown }) => void) =>
      event === 'message'
        ? port.on('message', (data: unknown) => listener({ data }))
        : port.on('close', () => listener({ data: undefined })),
    start: () => port.start(),
    close: () => port.close(),
  };
}
