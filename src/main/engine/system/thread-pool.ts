/** libuv's pool of threads, in which file system calls wait. */

/**
 * Four threads, libuv's default, are all taken when four devices send: each waits in a flush, and the writes of the
 * others queue behind them. Measured: 1.2 times the images/s with four associations. Idle threads cost nothing.
 */
const threads = '16';

/** Takes effect only before the first file system call that does not block; what is set from outside stays. */
export function widenThreadPool(environment: NodeJS.ProcessEnv): void {
  environment['UV_THREADPOOL_SIZE'] ??= threads;
}
