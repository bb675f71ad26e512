/** The decoder in the desktop app: the shell starts it (an installed Electron starts no Node), the engine talks to it. */
import { assertNever } from '../../../shared/assert-never.ts';
import { decoderNewsSchema, type DecoderErrand } from '../../../shared/decoder-lives.ts';
import { EdgeSyncError } from '../../../shared/errors.ts';
import { PortPipe, type PipePort } from '../../../shared/port-pipe.ts';
import { decoderFile, type DecoderChild, type StartDecoder } from './decoder-process.ts';

/** Electron's `process.parentPort`, as far as this goes. */
export interface ShellPort {
  on(
    event: 'message',
    listener: (event: { readonly data: unknown; readonly ports: readonly PipePort[] }) => void,
  ): unknown;
  postMessage(message: unknown): void;
}

/** Once for a process: it listens as long as the process lives. `find`: where the script lies; throws preview-missing. */
export function decodersOfShell(shell: ShellPort, find: () => string = decoderFile): StartDecoder {
  const lives = new Map<number, Life>();
  let last = 0;
  shell.on('message', ({ data, ports }) => {
    const news = decoderNewsSchema.safeParse(data);
    if (!news.success) return;
    const { life: id, tag } = news.data;
    const life = lives.get(id);
    switch (tag) {
      case 'decoder-started': {
        const [port] = ports;
        if (life === undefined) port?.close();
        else life.began(port, news.data.pid);
        break;
      }
      case 'decoder-ended':
        lives.delete(id);
        life?.ended();
        break;
      default:
        assertNever(tag);
    }
  });
  return () => {
    find();
    last += 1;
    const id = last;
    const send = (tag: DecoderErrand['tag']): void =>
      shell.postMessage({ tag, life: id } satisfies DecoderErrand);
    const life = new Life(() => send('decoder-kill'));
    lives.set(id, life);
    send('decoder-start');
    return life;
  };
}

class Life implements DecoderChild {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly exited: Promise<void>;
  readonly #end = Promise.withResolvers<void>();
  readonly #pipe = Promise.withResolvers<PortPipe>();
  readonly #askForEnd: () => void;
  #isKilled = false;
  #pid: number | undefined;

  constructor(askForEnd: () => void) {
    this.#askForEnd = askForEnd;
    this.exited = this.#end.promise;
    this.chunks = this.#read();
    // Who writes is told; nobody may be writing.
    this.#pipe.promise.catch(() => undefined);
  }

  get pid(): number | undefined {
    return this.#pid;
  }

  async write(piece: Uint8Array): Promise<void> {
    const pipe = await this.#pipe.promise;
    await pipe.write(piece);
  }

  kill(): void {
    if (this.#isKilled) return;
    this.#isKilled = true;
    this.#askForEnd();
    this.#close();
  }

  began(port: PipePort | undefined, pid: number | undefined): void {
    this.#pid = pid;
    if (port === undefined) this.kill();
    else if (this.#isKilled) port.close();
    else this.#pipe.resolve(new PortPipe(port));
  }

  ended(): void {
    this.#close();
    this.#end.resolve();
  }

  #close(): void {
    this.#pipe.reject(new EdgeSyncError('preview-decoder-stopped', 'it ended'));
    void this.#pipe.promise.then(
      (pipe) => pipe.close(),
      () => undefined,
    );
  }

  async *#read(): AsyncGenerator<Uint8Array, void> {
    const pipe = await this.#pipe.promise.catch(() => undefined);
    if (pipe !== undefined) yield* pipe.chunks;
  }
}
