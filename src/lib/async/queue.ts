/** Runs tasks one after the other, in the order they came. A task that fails rejects its own promise only. */
export type Queue = <T>(task: () => Promise<T>) => Promise<T>;

/** A serial queue. */
export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(task: () => Promise<T>): Promise<T> => {
    const result = last.then(task, task);
    last = result.then(noop, noop);
    return result;
  };
}

/** One serial queue per key; a key without waiting tasks holds no memory. */
export function createKeyedQueue(): <T>(key: string, task: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();
  return <T>(key: string, task: () => Promise<T>): Promise<T> => {
    const before = tails.get(key);
    const result = before === undefined ? Promise.resolve().then(task) : before.then(task);
    const tail: Promise<void> = result.then(noop, noop).then(() => {
      if (tails.get(key) === tail) tails.delete(key);
    });
    tails.set(key, tail);
    return result;
  };
}

/** At most `limit` tasks at once; the others wait their turn in order. */
export function createLimiter(limit: number): Queue {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      // The place passes straight to the next one, so that a newcomer cannot slip in between.
      if (next) next();
      else running--;
    }
  };
}

function noop(): void {}
