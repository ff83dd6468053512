/**
 * Lets a few creations and starts at once go on, so that each is soon done: more than that share the processors and the
 * disk, and all of them end late. Whoever waits for a container's output goes first, and of equals the newest and the
 * oldest in turn, so that a newcomer does not queue behind a crowd and nobody waits for ever.
 */
export interface StartGate {
  /** Does the work when its turn has come. `urgent`: somebody waits for the container's output. */
  pass<T>(urgent: boolean, work: () => Promise<T>): Promise<T>;
}

export interface StartGateOptions {
  /** How many go on at once; half of them while an urgent one is about. */
  readonly places: number;
  /** Milliseconds after which one gives up its place: it waits for something else than the machine. */
  readonly patience?: number;
  /** Milliseconds after which one that waits counts as urgent. */
  readonly overdue?: number;
}

interface Waiting {
  readonly since: number;
  readonly urgent: boolean;
  readonly go: () => void;
}

/** Milliseconds in which the start of what was just created is expected. */
const LINGER = 25;

export function createStartGate({ places, patience = 250, overdue = 2000 }: StartGateOptions): StartGate {
  const waiting: Waiting[] = [];
  const going = { urgent: 0, others: 0 };
  let turn = 0;
  let expected: NodeJS.Timeout | undefined;

  /** The next one: of the newest and the oldest, whose turn it is. */
  const take = (list: readonly Waiting[]): Waiting | undefined => {
    const chosen = turn++ % 2 === 0 ? list.at(-1) : list[0];
    if (chosen !== undefined) waiting.splice(waiting.indexOf(chosen), 1);
    return chosen;
  };
  const next = (): Waiting | undefined => {
    if (waiting.length === 0 || going.urgent + going.others >= places) return undefined;
    const late = performance.now() - overdue;
    const first = waiting.filter(({ urgent, since }) => urgent || since < late);
    if (first.length > 0) return take(first);
    const crowded = going.urgent > 0 || expected !== undefined;
    return going.others < (crowded ? Math.max(places >> 1, 1) : places) ? take(waiting) : undefined;
  };
  const admit = () => {
    for (let one = next(); one !== undefined; one = next()) {
      going[one.urgent ? "urgent" : "others"]++;
      one.go();
    }
  };
  const expect = () => {
    clearTimeout(expected);
    expected = setTimeout(() => {
      expected = undefined;
      admit();
    }, LINGER);
    expected.unref();
  };
  /** Gives a place back, once; by itself after a while. */
  const occupy = (kind: keyof typeof going): (() => void) => {
    let held = true;
    const leave = () => {
      if (!held) return;
      held = false;
      clearTimeout(timer);
      going[kind]--;
      if (kind === "urgent") expect();
      admit();
    };
    const timer = setTimeout(leave, patience);
    timer.unref();
    return leave;
  };
  return {
    async pass(urgent, work) {
      await new Promise<void>((go) => {
        waiting.push({ since: performance.now(), urgent, go });
        admit();
      });
      const leave = occupy(urgent ? "urgent" : "others");
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
