import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { killTree } from "./kill-tree.ts";
import { isAlive, pidStartTime } from "./process.ts";

const everyone = () =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

test("a process goes with its children and its session, and nothing else", async () => {
  // The second sleep's parent ends, so that only the session tells whose it is.
  const script = "sleep 60 & (sleep 61 & echo $!) ; echo $!; exec sleep 62";
  const child = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  const other = spawn("/bin/sleep", ["63"], { stdio: "ignore" });
  const pid = child.pid ?? 0;
  try {
    let text = "";
    for await (const chunk of child.stdout) {
      text += String(chunk);
      if (text.split("\n").length > 2) break;
    }
    const sleeps = text.trim().split("\n").map(Number);
    const starts = sleeps.map((each) => pidStartTime(each) ?? -1);
    const ended = once(child, "exit");
    killTree(pid, pidStartTime(pid) ?? -1, everyone);
    expect(await ended).toEqual([null, "SIGKILL"]);
    expect(sleeps).toHaveLength(2);
    await expect.poll(() => sleeps.some((each, index) => isAlive(each, starts[index] ?? -1))).toBe(false);
    expect(isAlive(other.pid ?? 0, pidStartTime(other.pid ?? 0) ?? -1)).toBe(true);
  } finally {
    other.kill("SIGKILL");
    child.kill("SIGKILL");
  }
});

test("a process that is gone is left alone", () => {
  expect(() => killTree(4194305, 1, () => [])).not.toThrow();
});
