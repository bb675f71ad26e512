/** The engine's side of one decoding process. What it answers is as hostile as the file it has read. */
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import {
  decoderAnswerSchema,
  wireLimits,
  wirePieces,
  WireReader,
  type DecoderAnswer,
  type DecoderProblem,
  type DecoderRequest,
} from '../../../shared/preview-wire.ts';
import { pictureBytes, type ImageFacts, type PictureFacts } from '../../../shared/preview.ts';
import type { Clock } from '../ports.ts';
import type { DecoderChild, StartDecoder } from './decoder-process.ts';

/** Ends what does not end: the largest frames take a few seconds on a slow PC. */
export const decodeWithinMs = 20_000;

type Body = DecoderRequest extends infer One ? (One extends DecoderRequest ? Omit<One, 'id'> : never) : never;

const problemCodes: Readonly<Record<DecoderProblem, ErrorCode>> = {
  'not-dicom': 'preview-damaged',
  'pixels-damaged': 'preview-damaged',
  'no-pixels': 'preview-not-shown',
  'pixels-unsupported': 'preview-not-shown',
  'syntax-unsupported': 'preview-not-shown',
  'pixels-too-large': 'preview-too-large',
};

export interface DecoderSessionOptions {
  readonly start: StartDecoder;
  readonly clock: Clock;
  readonly withinMs: number;
}

export class DecoderSession {
  readonly #options: DecoderSessionOptions;
  readonly #child: DecoderChild;
  #lastId = 0;
  #waiting:
    | {
        readonly id: number;
        resolve(answer: { readonly answer: DecoderAnswer; readonly bytes: Uint8Array }): void;
        reject(error: unknown): void;
      }
    | undefined;
  #isOver = false;

  /** Throws preview-missing. */
  constructor(options: DecoderSessionOptions) {
    this.#options = options;
    this.#child = options.start();
    void this.#listen();
    void this.#child.exited.then(() => this.#fail('it ended'));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** It was killed or has ended: ask another one. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The pieces of a Part 10 file. Throws preview-*. */
  async open(file: readonly Uint8Array[]): Promise<ImageFacts> {
    const { answer } = await this.#ask({ tag: 'open' }, file);
    if (answer.tag !== 'opened') throw this.#fail('another answer');
    return answer.image;
  }

  /** `frame` counts from 0. Throws preview-*. */
  async picture(
    frame: number,
    look: 'values' | 'shown',
    longestEdge: number,
  ): Promise<{ readonly facts: PictureFacts; readonly pixels: Uint8Array }> {
    const { answer, bytes } = await this.#ask({ tag: 'picture', frame, look, longestEdge }, []);
    if (answer.tag !== 'picture' || bytes.length !== pictureBytes(answer.facts))
      throw this.#fail('another answer');
    if (Math.max(answer.facts.columns, answer.facts.rows) > longestEdge) throw this.#fail('too large');
    return { facts: answer.facts, pixels: bytes };
  }

  /** Ends the process; what waits for it fails. Resolves when it is gone. */
  end(): Promise<void> {
    this.#fail('it was ended');
    return this.#child.exited;
  }

  async #ask(
    body: Body,
    bytes: readonly Uint8Array[],
  ): Promise<{ readonly answer: DecoderAnswer; readonly bytes: Uint8Array }> {
    if (this.#isOver) throw new EdgeSyncError('preview-decoder-stopped', 'it ended');
    if (this.#waiting !== undefined) throw new EdgeSyncError('internal', 'one request at a time');
    this.#lastId += 1;
    const id = this.#lastId;
    const { clock, withinMs } = this.#options;
    const timer = clock.after(withinMs, () => this.#fail('it took too long'));
    try {
      const answered = new Promise<{ readonly answer: DecoderAnswer; readonly bytes: Uint8Array }>(
        (resolve, reject) => {
          this.#waiting = { id, resolve, reject };
        },
      );
      // A pipe that breaks ends in the same failure, told by the process's end.
      this.#send({ ...body, id }, bytes).catch(() => this.#fail('it ended'));
      const result = await answered;
      if (result.answer.tag === 'failed') throw new EdgeSyncError(problemCodes[result.answer.problem]);
      return result;
    } finally {
      timer.cancel();
      this.#waiting = undefined;
    }
  }

  async #send(head: unknown, bytes: readonly Uint8Array[]): Promise<void> {
    for (const piece of wirePieces(head, bytes)) await this.#child.write(piece);
  }

  async #listen(): Promise<void> {
    const reader = new WireReader(wireLimits.fromDecoder);
    try {
      for await (const chunk of this.#child.chunks) {
        for (const { head, bytes } of reader.push(chunk)) {
          const answer = decoderAnswerSchema.parse(head);
          // Nothing is said unasked.
          if (this.#waiting?.id !== answer.id) throw new RangeError('unasked');
          this.#waiting.resolve({ answer, bytes });
        }
      }
    } catch {
      this.#fail('its answer was not understood');
    }
  }

  #fail(why: string): EdgeSyncError {
    const error = new EdgeSyncError('preview-decoder-stopped', why);
    if (!this.#isOver) {
      this.#isOver = true;
      this.#child.kill();
    }
    this.#waiting?.reject(error);
    return error;
  }
}
