import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { findProgram, isAlive, openPidfd, parseProcessStat, pidStartTime, run, sendSignal } from "./process.ts";

test("a program gives its status and output, with no environment but PATH", async () => {
  const result = await run("/bin/sh", ["-c", "cat; echo err >&2; env | grep -v -e ^PWD -e ^_ -e ^SHLVL; exit 3"], {
    input: "in\n",
  });
  expect(result).toMatchObject({ code: 3, signal: null, truncated: false });
  expect(result.stdout.toString()).toMatch(/^in\nPATH=[^\n]*\n$/);
  expect(result.stderr.toString()).toBe("err\n");
});

test("output beyond the limit is dropped and the program still ends", async () => {
  const result = await run("/bin/sh", ["-c", "head -c 3000000 /dev/zero; echo done >&2"], { outputLimit: 1000 });
  expect(result.stdout).toHaveLength(1000);
  expect(result).toMatchObject({ code: 0, truncated: true });
});

test("a program that takes too long is killed, and what it left holding the pipe does not matter", async () => {
  const started = Date.now();
  await expect(run("/bin/sh", ["-c", "sleep 5 & exec sleep 5"], { timeoutMs: 100 })).rejects.toMatchObject({
    kind: "timeout",
  });
  expect(Date.now() - started).toBeLessThan(3000);
});

test("a missing program and a relative name are refused", async () => {
  await expect(run("/nowhere/prog", [])).rejects.toMatchObject({ kind: "not-found" });
  await expect(run("sh", [])).rejects.toThrow("not an absolute path");
});

test("programs are found in the given folders only", () => {
  expect(findProgram("sh", ["/nowhere", "/bin"])).toBe("/bin/sh");
  expect(findProgram("passwd", ["/etc"])).toBeUndefined();
  expect(findProgram("./sh", ["/bin"])).toBeUndefined();
});

test("the stat line is read past a hostile command name", () => {
  const tail = Array.from({ length: 50 }, (_, i) => String(i));
  expect(parseProcessStat(`12 (a) Z 9 (b)) S ${tail.join(" ")}`)).toEqual({ state: "S", parent: 0, start: 18 });
  expect(parseProcessStat("")).toBeUndefined();
});

test("a signal reaches that very process and no other", async () => {
  const child = spawn("/bin/sleep", ["60"]);
  const pid = child.pid ?? 0;
  const start = pidStartTime(pid) ?? 0;
  expect(isAlive(pid, start)).toBe(true);
  expect(isAlive(pid, start - 1)).toBe(false);
  expect(sendSignal(pid, start - 1, 9)).toBe(false);
  expect(openPidfd(pid, start + 1)).toBeUndefined();
  expect(isAlive(pid, start)).toBe(true);
  const exit = once(child, "exit");
  expect(sendSignal(pid, start, 15)).toBe(true);
  expect(await exit).toEqual([null, "SIGTERM"]);
  expect(isAlive(pid, start)).toBe(false);
  expect(sendSignal(pid, start, 15)).toBe(false);
  expect(pidStartTime(pid)).toBeUndefined();
});

test("a number that is a thread's or a process group's names no process", async () => {
  const thread = Number(readdirSync("/proc/self/task").find((tid) => Number(tid) !== process.pid));
  expect(openPidfd(thread, pidStartTime(thread) ?? 0)).toBeUndefined();
  const leader = spawn("/bin/sh", ["-c", "sleep 60 >/dev/null & echo $!"], { detached: true });
  const [said] = await Promise.all([once(leader.stdout, "data"), once(leader, "exit")]);
  const child = Number(String(said));
  try {
    expect(pidStartTime(child)).toBeDefined();
    expect(openPidfd(leader.pid ?? 0, 1)).toBeUndefined();
  } finally {
    process.kill(child, "SIGKILL");
  }
});
