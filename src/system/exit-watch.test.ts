import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { watchExit } from "./exit-watch.ts";
import { pidStartTime } from "./process.ts";

function sleeper(): { child: ChildProcess; pid: number; start: number } {
  const child = spawn("sleep", ["100"], { stdio: "ignore" });
  const { pid } = child;
  if (pid === undefined) throw new Error("no sleep here");
  return { child, pid, start: pidStartTime(pid) ?? -1 };
}

const state = (promise: Promise<void>) => Promise.race([promise.then(() => "ended"), Promise.resolve("pending")]);
const descriptors = () => readdirSync("/proc/self/fd").length;

test("tells when a process ends, and not before; the descriptor is given back", async () => {
  const before = descriptors();
  const { child, pid, start } = sleeper();
  const watch = watchExit(pid, start);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await state(watch.ended)).toBe("pending");
  child.kill("SIGKILL");
  await watch.ended;
  await once(child, "close");
  expect(descriptors()).toBeLessThanOrEqual(before);
});

test("a process that is not a child is watched as well", async () => {
  const child = spawn("sh", ["-c", "sleep 100 & echo $!"], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const pid = Number(line.toString());
  const watch = watchExit(pid, pidStartTime(pid) ?? -1);
  process.kill(pid, "SIGKILL");
  await watch.ended;
});

test("a reused pid is not the process: it counts as ended", async () => {
  await watchExit(process.pid, (pidStartTime(process.pid) ?? 0) - 1).ended;
  await watchExit(2 ** 22 - 1, 1).ended;
});

test("a watch that is closed stays silent and holds nothing", async () => {
  const before = descriptors();
  const { child, pid, start } = sleeper();
  const watch = watchExit(pid, start);
  watch.close();
  child.kill("SIGKILL");
  await once(child, "close");
  expect(await state(watch.ended)).toBe("pending");
  expect(descriptors()).toBeLessThanOrEqual(before);
});

test("many processes end at once", async () => {
  const sleepers = Array.from({ length: 50 }, sleeper);
  const watches = sleepers.map(({ pid, start }) => watchExit(pid, start));
  for (const { child } of sleepers) child.kill("SIGKILL");
  await Promise.all(watches.map((watch) => watch.ended));
});
