/**
 * Turns a task that tells its progress by a callback into an async iterable. Ends with the task; its error is the
 * iterable's. When the reader stops early, `signal` (given to the task) aborts and the task's end is awaited.
 * Unread events are kept: tasks throttle their own progress.
 */
export async function* eventStream<Event>(
  outer: AbortSignal,
  task: (emit: (event: Event) => void, signal: AbortSignal) => Promise<unknown>,
): AsyncGenerator<Event, void> {
  const inner = new AbortController();
  const abort = (): void => inner.abort(outer.reason);
  if (outer.aborted) abort();
  outer.addEventListener('abort', abort, { once: true });
  const waiting: Event[] = [];
  let news = Promise.withResolvers<void>();
  let ended: { readonly error: unknown } | 'well' | undefined;
  const settled = task((event) => {
    waiting.push(event);
    news.resolve();
  }, inner.signal).then(
    () => {
      ended = 'well';
      news.resolve();
    },
    (error: unknown) => {
      ended = { error };
      news.resolve();
    },
  );
  try {
    for (;;) {
      for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) yield event;
      if (waiting.length > 0) continue;
      if (ended !== undefined) break;
      await news.promise;
      news = Promise.withResolvers<void>();
    }
    if (ended !== 'well') throw ended.error;
  } finally {
    outer.removeEventListener('abort', abort);
    inner.abort(new Error('nobody reads on'));
    await settled;
  }
}
