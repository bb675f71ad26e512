/** The page's side of the decoder: one request after the other, none for ever, and a new worker after a bad end. */
import script from 'virtual:viewer-worker/decoder';
import { ViewerProblem } from '../open/problem.ts';
import type { Picture } from '../pixels/picture.ts';
import type { DecoderAnswer, DecoderRequest, OpenedImage } from './protocol.ts';
import { startWorker } from './start-worker.ts';

/** A frame of 64 million pixels takes a few seconds; what takes longer does not end. */
const deadlineMs = 45_000;

type RequestBody =
  | { readonly tag: 'open'; readonly file: number; readonly bytes: Uint8Array }
  | { readonly tag: 'picture'; readonly file: number; readonly frame: number };

interface Waiting {
  resolve(answer: DecoderAnswer): void;
  reject(error: unknown): void;
}

export class DecoderClient {
  readonly #onLost: () => void;
  #worker: Worker | undefined;
  #waiting: (Waiting & { readonly id: number }) | undefined;
  #nextId = 1;
  #turn: Promise<unknown> = Promise.resolve();

  /** `onLost`: the worker ended, and every file that was open in it is closed. */
  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  /** `bytes` changes hands. @throws ViewerProblem. */
  async open(file: number, bytes: Uint8Array<ArrayBuffer>): Promise<OpenedImage> {
    const answer = await this.#ask({ tag: 'open', file, bytes }, [bytes.buffer]);
    if (answer.tag !== 'opened') throw new ViewerProblem('decoder-stopped', 'answer');
    return answer.image;
  }

  /** @throws ViewerProblem. */
  async picture(file: number, frame: number): Promise<Picture> {
    const answer = await this.#ask({ tag: 'picture', file, frame }, []);
    if (answer.tag !== 'picture') throw new ViewerProblem('decoder-stopped', 'answer');
    return answer.picture;
  }

  close(file: number): void {
    this.#worker?.postMessage({ tag: 'close', file } satisfies DecoderRequest);
  }

  /** Ends the worker; the next request starts a new one. */
  stop(error = new ViewerProblem('cancelled')): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#onLost();
  }

  #ask(body: RequestBody, transfer: Transferable[]): Promise<DecoderAnswer> {
    const asked = this.#turn.then(() => this.#askNow(body, transfer));
    this.#turn = asked.catch(() => undefined);
    return asked;
  }

  async #askNow(body: RequestBody, transfer: Transferable[]): Promise<DecoderAnswer> {
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId;
    this.#nextId += 1;
    const timer = setTimeout(() => this.stop(new ViewerProblem('decoder-stopped', 'too slow')), deadlineMs);
    try {
      const answer = await new Promise<DecoderAnswer>((resolve, reject) => {
        this.#waiting = { id, resolve, reject };
        worker.postMessage({ ...body, id } satisfies DecoderRequest, transfer);
      });
      if (answer.tag === 'failed') throw new ViewerProblem(answer.code, answer.detail);
      return answer;
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  #start(): Worker {
    const worker = startWorker(script);
    worker.onmessage = ({ data }: MessageEvent<DecoderAnswer>) => {
      if (this.#waiting?.id === data.id) this.#waiting.resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.stop(new ViewerProblem('decoder-stopped', 'ended'));
    };
    worker.onmessageerror = () => this.stop(new ViewerProblem('decoder-stopped', 'memory'));
    return worker;
  }
}
