/** Does something once work has rested for a while. */
export interface AfterQuiet {
  /** Runs the work; the rest is counted from the end of the last of them. */
  during<T>(work: () => Promise<T>): Promise<T>;
}

/** `act` runs `milliseconds` after the end of the last work, unless more has begun. It does not keep the process alive. */
export function createAfterQuiet(milliseconds: number, act: () => void): AfterQuiet {
  let running = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    async during(work) {
      running++;
      clearTimeout(timer);
      try {
        return await work();
      } finally {
        running--;
        if (running === 0) timer = setTimeout(act, milliseconds).unref();
      }
    },
  };
}
