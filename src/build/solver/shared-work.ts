/** Work that several may ask for at once, and that is done once. */
export interface SharedWork<Event> {
  /**
   * Joins the work of that key, or begins it. It is cancelled when the last who asked has left: a signal that is aborted
   * leaves, and rejects with its reason. Who joins late is told what was said before.
   */
  run<Result>(
    key: string,
    asker: { signal: AbortSignal; listen: (event: Event) => void },
    work: (signal: AbortSignal, emit: (event: Event) => void) => Promise<Result>,
  ): Promise<Result>;
}

interface Job<Event> {
  readonly control: AbortController;
  readonly listeners: Set<(event: Event) => void>;
  readonly said: Event[];
  result: Promise<unknown>;
}

/** What is told again to who joins late, at most. */
const REMEMBERED = 1000;

export function createSharedWork<Event>(): SharedWork<Event> {
  const jobs = new Map<string, Job<Event>>();
  const begin = (key: string, work: (signal: AbortSignal, emit: (event: Event) => void) => Promise<unknown>) => {
    const job: Job<Event> = {
      control: new AbortController(),
      listeners: new Set(),
      said: [],
      result: Promise.resolve(),
    };
    const emit = (event: Event) => {
      if (job.said.length < REMEMBERED) job.said.push(event);
      for (const listen of job.listeners) listen(event);
    };
    jobs.set(key, job);
    const done = () => {
      if (jobs.get(key) === job) jobs.delete(key);
    };
    job.result = Promise.resolve().then(() => work(job.control.signal, emit));
    job.result.then(done, done);
    return job;
  };
  return {
    async run<Result>(
      key: string,
      { signal, listen }: { signal: AbortSignal; listen: (event: Event) => void },
      work: (signal: AbortSignal, emit: (event: Event) => void) => Promise<Result>,
    ): Promise<Result> {
      signal.throwIfAborted();
      const known = jobs.get(key);
      const job = known ?? begin(key, work);
      for (const event of known?.said ?? []) listen(event);
      // The same function may listen twice.
      const own = (event: Event) => listen(event);
      job.listeners.add(own);
      let goAway: (reason: unknown) => void = () => {};
      const gone = new Promise<never>((_, reject) => {
        goAway = reject;
      });
      const leave = () => {
        job.listeners.delete(own);
        if (job.listeners.size > 0) return goAway(signal.reason);
        // Nobody joins what is being cancelled; the last one waits until it has come to rest.
        if (jobs.get(key) === job) jobs.delete(key);
        job.control.abort(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      try {
        const result = (await Promise.race([job.result, gone])) as Result;
        signal.throwIfAborted();
        return result;
      } finally {
        signal.removeEventListener("abort", leave);
        job.listeners.delete(own);
      }
    },
  };
}
