/** Lets so many run at a time and so many more wait, first come first served. */
export interface Slots {
  /** Runs `task` when there is a slot; false where as many wait as may. */
  enter(task: () => Promise<void>): boolean;
}

export function createSlots(running: number, waiting: number): Slots {
  const queue: (() => Promise<void>)[] = [];
  let busy = 0;
  const run = (task: () => Promise<void>) => {
    busy++;
    task().finally(() => {
      busy--;
      const next = queue.shift();
      if (next !== undefined) run(next);
    });
  };
  return {
    enter(task) {
      if (busy < running) run(task);
      else if (queue.length < waiting) queue.push(task);
      else return false;
      return true;
    },
  };
}
