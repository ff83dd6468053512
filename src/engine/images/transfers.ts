/** A message of a running transfer: what the layer's progress shows. */
export type TransferReport = (send: (to: TransferSink) => void) => void;

export interface TransferSink {
  status(text: string): void;
  bytes(action: string, current: number, total: number): void;
}

interface Running<T> {
  promise: Promise<T>;
  watchers: Set<TransferSink>;
  last: ((to: TransferSink) => void) | undefined;
  cancel: AbortController;
}

/**
 * Work that several callers want at once is done once: the second joins the first, sees the same progress and gets the
 * same result. It is cancelled when the last of them has left.
 */
export interface Transfers<T> {
  join(
    key: string,
    watcher: TransferSink,
    signal: AbortSignal,
    work: (sink: TransferSink, signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
}

export function createTransfers<T>(): Transfers<T> {
  const running = new Map<string, Running<T>>();

  const begin = (key: string, work: (sink: TransferSink, signal: AbortSignal) => Promise<T>): Running<T> => {
    const watchers = new Set<TransferSink>();
    const cancel = new AbortController();
    const tell = (send: (to: TransferSink) => void): void => {
      transfer.last = send;
      for (const watcher of watchers) send(watcher);
    };
    const sink: TransferSink = {
      status: (text) => tell((to) => to.status(text)),
      bytes: (action, current, total) => tell((to) => to.bytes(action, current, total)),
    };
    const transfer: Running<T> = { watchers, cancel, last: undefined, promise: Promise.resolve() as Promise<never> };
    running.set(key, transfer);
    // One turn later: the first watcher is there to see the first message.
    transfer.promise = Promise.resolve()
      .then(() => work(sink, cancel.signal))
      .finally(() => {
        if (running.get(key) === transfer) running.delete(key);
      });
    transfer.promise.catch(() => {});
    return transfer;
  };

  return {
    async join(key, watcher, signal, work) {
      signal.throwIfAborted();
      const found = running.get(key);
      const transfer = found !== undefined && !found.cancel.signal.aborted ? found : begin(key, work);
      transfer.watchers.add(watcher);
      transfer.last?.(watcher);
      const leave = (): void => {
        transfer.watchers.delete(watcher);
        if (transfer.watchers.size === 0) transfer.cancel.abort(signal.reason);
      };
      const left = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      left.catch(() => {});
      signal.addEventListener("abort", leave, { once: true });
      try {
        return await Promise.race([transfer.promise, left]);
      } finally {
        signal.removeEventListener("abort", leave);
        transfer.watchers.delete(watcher);
      }
    },
  };
}
