/** The time in nanoseconds since 1970; never the same twice, so that events keep their order when sorted by it. */
export type Clock = () => bigint;

const MILLISECOND = 1_000_000n;

/** A clock with the monotonic clock's precision, which follows the wall clock when that is set. */
export function createClock(): Clock {
  const wallNow = () => BigInt(Date.now()) * MILLISECOND;
  let offset = wallNow() - process.hrtime.bigint();
  let last = 0n;
  return () => {
    const monotonic = process.hrtime.bigint();
    const wall = wallNow();
    const drift = monotonic + offset - wall;
    if (drift > 2n * MILLISECOND || drift < -2n * MILLISECOND) offset = wall - monotonic;
    const now = monotonic + offset;
    last = now > last ? now : last + 1n;
    return last;
  };
}
