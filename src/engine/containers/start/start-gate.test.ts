import { setImmediate } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { deferred } from "../../../lib/index.ts";
import { createStartGate, type StartGateOptions } from "./start-gate.ts";

afterEach(() => void vi.useRealTimers());

/** A gate with work that ends when it is told to. */
function crowd(options: StartGateOptions) {
  const gate = createStartGate(options);
  const began: string[] = [];
  const ends = new Map<string, () => void>();
  const ask = (name: string, urgent = false) =>
    gate.pass(urgent, async () => {
      began.push(name);
      const end = deferred();
      ends.set(name, () => end.resolve());
      await end.promise;
      return name;
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await setImmediate();
  };
  return { gate, ask, end, began };
}

test("a few go on at once, and of the others the newest and the oldest in turn", async () => {
  const { ask, end, began } = crowd({ places: 2 });
  const all = ["a", "b", "c", "d", "e", "f"].map((name) => ask(name));
  await setImmediate();
  expect(began).toEqual(["a", "b"]);
  for (const name of ["a", "b", "f", "c", "e", "d"]) await end(name);
  expect(began.slice(2).sort()).toEqual(["c", "d", "e", "f"]);
  expect(new Set(began.slice(2, 4))).toEqual(new Set(["c", "f"]));
  expect(await Promise.all(all)).toEqual(["a", "b", "c", "d", "e", "f"]);
});

test("one that somebody waits for goes before the crowd, and keeps a place free for what follows it", async () => {
  const { ask, end, began } = crowd({ places: 2 });
  for (const name of ["a", "b", "c", "d"]) void ask(name);
  void ask("urgent", true);
  await setImmediate();
  await end("a");
  expect(began).toEqual(["a", "b", "urgent"]);
  await end("urgent");
  expect(began).toEqual(["a", "b", "urgent"]);
  void ask("its start", true);
  await setImmediate();
  expect(began.at(-1)).toBe("its start");
});

test("the crowd goes on while urgent ones keep coming", async () => {
  const { ask, end, began } = crowd({ places: 1, overdue: 0 });
  void ask("a", true);
  void ask("old");
  await new Promise((resolve) => setTimeout(resolve, 2));
  for (const name of ["b", "c", "d"]) void ask(name, true);
  for (const name of ["a", "b", "c", "d"]) await end(name);
  expect(began.indexOf("old")).toBeGreaterThan(0);
  expect(began.indexOf("old")).toBeLessThan(3);
});

test("a start that waits for something else than the machine gives up its place", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { ask, end, began } = crowd({ places: 1, patience: 50 });
  const stuck = ask("stuck");
  void ask("next");
  await setImmediate();
  expect(began).toEqual(["stuck"]);
  vi.advanceTimersByTime(50);
  await setImmediate();
  expect(began).toEqual(["stuck", "next"]);
  await end("stuck");
  expect(await stuck).toBe("stuck");
  void ask("third");
  await setImmediate();
  expect(began).not.toContain("third");
  await end("next");
  expect(began).toContain("third");
});

test("a failure gives its place back", async () => {
  const gate = createStartGate({ places: 1 });
  await expect(gate.pass(false, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await gate.pass(false, async () => 1)).toBe(1);
});
