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

const codes: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'cloud-folder-denied',
  EPERM: 'cloud-folder-denied',
  EROFS: 'cloud-folder-denied',
  ENOSPC: 'cloud-full',
  EDQUOT: 'cloud-full',
  EFBIG: 'cloud-full',
  ENAMETOOLONG: 'cloud-refused',
  EINVAL: 'cloud-refused',
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

  constructor(clock: Clock, deadlineMs = callDeadlineMs) {
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * Runs one call. @throws EdgeSyncError `cloud-unreachable` when it takes too long (it goes on by itself; `late` gets
   * what it brings in the end, to close it), `cancelled`, or what `map` makes of its error.
   */
  run<T>(
    signal: AbortSignal | undefined,
    call: () => Promise<T>,
    late: (value: T) => void = () => undefined,
  ): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(new EdgeSyncError('cancelled'));
    if (this.#hanging >= mostHanging) return Promise.reject(noAnswer());
    return new Promise<T>((resolve, reject) => {
      let isOpen = true;
      const leave = (error: EdgeSyncError): void => {
        if (!isOpen) return;
        isOpen = false;
        this.#hanging += 1;
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        reject(error);
      };
      const onAbort = (): void => leave(new EdgeSyncError('cancelled'));
      const timer = this.#clock.after(this.#deadlineMs, () => leave(noAnswer()));
      signal?.addEventListener('abort', onAbort, { once: true });
      const settle = (end: () => void, whenLate: () => void): void => {
        if (!isOpen) {
          this.#hanging -= 1;
          whenLate();
          return;
        }
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
}

function noAnswer(): EdgeSyncError {
  return new EdgeSyncError('cloud-unreachable', 'the folder does not answer');
}
