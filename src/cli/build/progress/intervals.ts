/** A stretch of time in milliseconds; without an end it is still running. */
export interface Interval {
  readonly start: number;
  readonly end: number | undefined;
}

/** Milliseconds that the intervals cover together, overlaps counted once; running ones count up to `now`. */
export function coveredTime(intervals: Iterable<Interval>, now: number): number {
  const sorted = [...intervals].sort((a, b) => a.start - b.start);
  let total = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const { start, end = now } of sorted) {
    const from = Math.max(start, reached);
    if (end <= from) continue;
    total += end - from;
    reached = end;
  }
  return total;
}
