/**
 * Something that happens once, and those who wait for it. Unlike a promise's, a wait can be given up: then nothing is
 * kept of it, however long the thing takes to happen.
 */
export interface Notice<T> {
  /** It has happened. Only the first call counts. */
  tell(value: T): void;
  /** Resolves when it happens, at once where it has; stays open for ever once the signal is aborted. Never rejects. */
  wait(signal?: AbortSignal): Promise<T>;
}

export function createNotice<T = void>(): Notice<T> {
  const waiting = new Set<(value: T) => void>();
  let told: { value: T } | undefined;
  return {
    tell(value) {
      if (told !== undefined) return;
      told = { value };
      for (const resolve of waiting) resolve(value);
      waiting.clear();
    },
    wait(signal) {
      if (told !== undefined) return Promise.resolve(told.value);
      return new Promise((resolve) => {
        waiting.add(resolve);
        signal?.addEventListener("abort", () => waiting.delete(resolve), { once: true });
        if (signal?.aborted) waiting.delete(resolve);
      });
    },
  };
}
