import { readOptional } from "./cgroup/index.ts";
import { parseProcessStat, sendSignal } from "./process.ts";

const SIGKILL = 9;
const SIGSTOP = 19;
/** More than a tree is deep: each round finds the children of the one before. */
const ROUNDS = 64;

/**
 * SIGKILL to a process (named by its pid and start time), to all that it has started and to its session, as far as
 * `candidates` names them. Each is stopped before its children are looked for, so that none can start another meanwhile.
 */
export function killTree(pid: number, start: number, candidates: () => readonly number[]): void {
  const found = new Map<number, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const before = found.size;
    for (const candidate of new Set([pid, ...candidates()])) {
      if (found.has(candidate)) continue;
      const since = startOfMember(candidate, pid, found);
      // A later process with the same pid is another one.
      if (since === undefined || (candidate === pid && since !== start)) continue;
      if (sendSignal(candidate, since, SIGSTOP)) found.set(candidate, since);
    }
    if (found.size === before) break;
  }
  for (const [each, since] of found) sendSignal(each, since, SIGKILL);
}

function startOfMember(pid: number, root: number, found: ReadonlyMap<number, number>): number | undefined {
  const content = readOptional(`/proc/${pid}/stat`) ?? "";
  const stat = parseProcessStat(content);
  if (stat === undefined) return undefined;
  const session = Number(content.slice(content.lastIndexOf(")") + 2).split(" ")[3]);
  return pid === root || found.has(stat.parent) || session === root ? stat.start : undefined;
}
