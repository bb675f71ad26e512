/** Runs `work` for each item, at most `limit` at once. Stops beginning at the first failure, waits, and throws it. */
export async function forEachBounded<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for await (const item of items) {
    while (underWay.size >= limit) await Promise.race(underWay);
    if (failures.length > 0) break;
    const task: Promise<void> = work(item)
      .catch((error: unknown) => {
        failures.push(error);
      })
      .finally(() => underWay.delete(task));
    underWay.add(task);
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
}

/** Like `map`, `limit` ahead at most; results come in the order of the items. */
export async function* mapBounded<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const ahead: Promise<R>[] = [];
  const next = (): Promise<R> | undefined => ahead.shift();
  for (const item of items) {
    const task = work(item);
    // Whoever awaits it gets the failure; until then it must not count as unhandled.
    task.catch(() => undefined);
    ahead.push(task);
    if (ahead.length < limit) continue;
    const first = next();
    if (first !== undefined) yield await first;
  }
  for (let task = next(); task !== undefined; task = next()) yield await task;
}
