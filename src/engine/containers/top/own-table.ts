import type { ContainerTop } from "../../../spec/api/index.ts";
import type { ProcessRow } from "../../../system/index.ts";

const DAY = 24 * 60 * 60 * 1000;

/** The columns of `ps -ef`, for a host that has no ps. `userName` gives a user's name where it has one. */
export function ownTable(
  rows: readonly ProcessRow[],
  now: number,
  userName: (uid: number) => string | undefined,
): ContainerTop {
  return {
    Titles: ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"],
    Processes: rows.map((row) => [
      userName(row.uid) ?? String(row.uid),
      String(row.pid),
      String(row.parent),
      String(Math.min(Math.floor((row.cpuTime * 100) / Math.max(now - row.started, 1)), 99)),
      startText(row.started, now),
      row.terminal,
      clockText(row.cpuTime),
      row.command,
    ]),
  };
}

const two = (value: number) => String(Math.floor(value)).padStart(2, "0");

function startText(started: number, now: number): string {
  const date = new Date(started);
  if (now - started < DAY) return `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (date.getFullYear() !== new Date(now).getFullYear()) return String(date.getFullYear());
  return `${date.toLocaleString("en-US", { month: "short" })}${two(date.getDate())}`;
}

function clockText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Names by uid of a passwd file's text. */
export function userNames(passwd: string): (uid: number) => string | undefined {
  const names = new Map<number, string>();
  for (const line of passwd.split("\n")) {
    const [name, , uid] = line.split(":");
    if (name && uid && !names.has(Number(uid))) names.set(Number(uid), name);
  }
  return (uid) => names.get(uid);
}
