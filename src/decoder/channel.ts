/** How the decoding process and the engine talk: a pipe, or in the desktop app a message port. */
import { PortPipe, type PipePort } from '../shared/port-pipe.ts';

export interface Channel {
  /** Ends with the engine. */
  readonly chunks: AsyncIterable<Uint8Array>;
  write(piece: Uint8Array): Promise<void>;
}

/** Electron's `process.parentPort`: the first message brings the port to the engine. */
interface ParentPort {
  once(event: 'message', listener: (event: { readonly ports: readonly PipePort[] }) => void): unknown;
}

/** Resolves once the engine can be talked to. */
export async function openChannel(): Promise<Channel> {
  const { parentPort } = process as { readonly parentPort?: ParentPort };
  return parentPort === undefined ? overStandardStreams() : overPort(parentPort);
}

function overStandardStreams(): Channel {
  const { stdin, stdout } = process;
  return {
    chunks: stdin as AsyncIterable<Uint8Array>,
    write: (piece) =>
      new Promise<void>((resolve, reject) => {
        stdout.write(piece, (error) => {
          if (error === null || error === undefined) resolve();
          else reject(error);
        });
      }),
  };
}

async function overPort(parentPort: ParentPort): Promise<Channel> {
  const port = await new Promise<PipePort>((resolve, reject) => {
    parentPort.once('message', ({ ports: [first] }) => {
      if (first === undefined) reject(new Error('no port came'));
      else resolve(first);
    });
  });
  return new PortPipe(port);
}
