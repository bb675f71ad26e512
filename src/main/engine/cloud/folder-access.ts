/**
 * File system calls on a disk that may be gone at any moment: each waits for a bounded time, and what it says is turned
 * into a cloud-* code. A call that a dead share swallows cannot be ended; while one hangs, no further ones are begun, so
 * that the threads which the spool needs stay free.
 */
import { EdgeSyncError, type ErrorCode } from '../../../shared/errors.ts';
import type { Clock } from '../ports.ts';
import { systemCode } from './service-answers.ts';

/** A share that says nothing for this long counts as gone; a sleeping disk needs up to half a minute to wake. */
const callDeadlineMs = 45_000;
/** Calls that may hang before no more are begun. */
const mostHanging = 2;
/** Each waits in a thread of the pool that the spool's own calls need too: a share that dies takes no more of them. */
const mostAtOnce = 4;

const codes: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'cloud-folder-denied',
  EPERM: 'cloud-folder-denied',
  EROFS: 'cloud-folder-denied',
  ENOSPC: 'cloud-full',
  EDQUOT: 'cloud-full',
  EFBIG: 'cloud-full',
  ENAMETOOLONG: 'cloud-refused',
  EMFILE: 'cloud-server-error',
  ENFILE: 'cloud-server-error',
};

/** @throws EdgeSyncError: what the file system says about the destination; ours pass unchanged. */
export function mapFolderError(error: unknown): EdgeSyncError {
  if (error instanceof EdgeSyncError) return error;
  const code = systemCode(error);
  const detail = code === '' ? undefined : code;
  // A link where a folder or file was: O_NOFOLLOW says ELOOP, a folder asked for as such ENOTDIR.
  if (code === 'ELOOP' || code === 'ENOTDIR') {
    return new EdgeSyncError('cloud-refused', 'a link or file stands where a folder should be', {
      cause: error,
    });
  }
  return new EdgeSyncError(codes[code] ?? 'cloud-unreachable', detail, { cause: error });
}

export class BoundedCalls {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  #hanging = 0;
  /** Begun and not ended, hanging ones included. */
  #begun = 0;
  #waiting: (() => void)[] = [];
  #toClose: (() => Promise<void>)[] = [];

  constructor(clock: Clock, deadlineMs = callDeadlineMs) {
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * Runs one call, at most four at once. @throws EdgeSyncError `cloud-unreachable` when it takes too long (it goes on by
   * itself; `late` gets what it brings in the end, to close it), `cancelled`, or what the call throws.
   */
  async run<T>(
    signal: AbortSignal | undefined,
    call: () => Promise<T>,
    late: (value: T) => void = () => undefined,
  ): Promise<T> {
    while (this.#begun >= mostAtOnce && this.#hanging < mostHanging && signal?.aborted !== true) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (signal?.aborted === true) throw new EdgeSyncError('cancelled');
    if (this.#hanging >= mostHanging) throw noAnswer();
    return this.#bounded(signal, call, late);
  }

  /** Closes in the background, once the share answers again if it does not now: no handle is left open. */
  close(file: { close(): Promise<void> }): void {
    if (this.#hanging >= mostHanging) this.#toClose.push(() => file.close());
    else
      void this.#bounded(
        undefined,
        () => file.close(),
        () => undefined,
      ).catch(() => undefined);
  }

  #bounded<T>(signal: AbortSignal | undefined, call: () => Promise<T>, late: (value: T) => void): Promise<T> {
    this.#begun += 1;
    return new Promise<T>((resolve, reject) => {
      let isOpen = true;
      const leave = (error: EdgeSyncError): void => {
        if (!isOpen) return;
        isOpen = false;
        this.#hanging += 1;
        this.#wake();
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        reject(error);
      };
      const onAbort = (): void => leave(new EdgeSyncError('cancelled'));
      const timer = this.#clock.after(this.#deadlineMs, () => leave(noAnswer()));
      signal?.addEventListener('abort', onAbort, { once: true });
      const settle = (end: () => void, whenLate: () => void): void => {
        this.#begun -= 1;
        if (!isOpen) {
          this.#hanging -= 1;
          this.#wake();
          whenLate();
          this.#closeKept();
          return;
        }
        this.#wake();
        isOpen = false;
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        end();
      };
      call().then(
        (value) =>
          settle(
            () => resolve(value),
            () => late(value),
          ),
        (error: unknown) =>
          settle(
            () => reject(error),
            () => undefined,
          ),
      );
    });
  }

  #wake(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  #closeKept(): void {
    for (const close of this.#toClose.splice(0)) this.close({ close });
  }
}

function noAnswer(): EdgeSyncError {
  return new EdgeSyncError('cloud-unreachable', 'the folder does not answer');
}
