import { BerthError, invalid } from "../../../lib/index.ts";
import type { ContainerTop } from "../../../spec/api/index.ts";

const MAX_ARGUMENTS = 16 * 1024;

/** Checks the options of ps that a client gave, by Docker's rules: the column PID must be the pid. */
export function checkPsArguments(text: string): void {
  if (text.includes("\0") || text.length > MAX_ARGUMENTS) throw invalid("invalid arguments of ps");
  for (const [, key = "", value = ""] of text.matchAll(/\s+(\S*)=\s*(PID\S*)/g)) {
    if (key !== "pid") throw new BerthError("internal", `specifying "${key}=${value}" is not allowed`);
  }
}

const fieldsOf = (line: string) => line.split(/[\t\n\v\f\r ]+/).filter((field) => field !== "");

/** The rows of ps's output whose PID is one of the container's. Throws Docker's texts where it cannot be told. */
export function parsePsOutput(text: string, pids: readonly number[]): ContainerTop {
  const [header = "", ...lines] = text.split("\n");
  const titles = fieldsOf(header);
  const column = titles.indexOf("PID");
  if (column < 0) throw new BerthError("internal", "Couldn't find PID field in ps output");
  const wanted = new Set(pids);
  const processes: string[][] = [];
  // A line without a pid is a thread of the process above it.
  let inside = false;
  for (const line of lines) {
    const fields = fieldsOf(line);
    if (fields.length === 0) continue;
    const pid = fields[column] ?? "";
    if (pid !== "-") inside = wanted.has(numberOf(pid));
    if (inside) processes.push(rowOf(fields, titles.length));
  }
  return { Titles: titles, Processes: processes };
}

function numberOf(pid: string): number {
  if (/^[+-]?\d+$/.test(pid)) return Number(pid);
  const why = `strconv.Atoi: parsing ${JSON.stringify(pid)}: invalid syntax`;
  throw new BerthError("internal", `Unexpected pid '${pid}': ${why}`);
}

/** The last column has what is left: a command with its arguments. */
function rowOf(fields: readonly string[], columns: number): string[] {
  return [...fields.slice(0, columns - 1), fields.slice(columns - 1).join(" ")];
}
