import { rfc3339Nano } from "../../lib/index.ts";
import type { ReadLogsOptions } from "./options.ts";
import { record } from "./record.ts";

const lastInstant = 253_402_300_799_999_999_999n; // the end of year 9999

/** Which messages are shown. */
export interface Selection {
  /** Whether to show this one; called once for each, in order. */
  accepts(stream: 1 | 2, times: Buffer, time: number): boolean;
  /** True once a message after `until` was seen: nothing more will be shown. */
  readonly over: boolean;
}

/** `skip` messages from the beginning are left out before anything else is looked at: what `tail` comes to. */
export function createSelection(
  options: Pick<ReadLogsOptions, "stdout" | "stderr" | "since" | "until">,
  skip: number,
): Selection {
  const since = timeText(options.since);
  const until = timeText(options.until);
  let left = skip;
  let over = false;
  return {
    get over() {
      return over;
    },
    accepts(stream, times, time) {
      if (left > 0) {
        left--;
        return false;
      }
      if (over) return false;
      if (since !== undefined && compareTime(times, time, since) < 0) return false;
      if (until !== undefined && compareTime(times, time, until) > 0) {
        over = true;
        return false;
      }
      return stream === 1 ? options.stdout : options.stderr;
    },
  };
}

/** An instant as records write it: in that form earlier is smaller. */
function timeText(nanoseconds: bigint | undefined): Buffer | undefined {
  if (nanoseconds === undefined || nanoseconds <= 0n) return undefined;
  const instant = nanoseconds > lastInstant ? lastInstant : nanoseconds;
  return Buffer.from(rfc3339Nano(instant, { fixed: true }).slice(0, record.timeLength), "latin1");
}

function compareTime(times: Buffer, time: number, other: Buffer): number {
  for (let index = 0; index < record.timeLength; index++) {
    const difference = (times[time + index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
