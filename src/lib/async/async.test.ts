import { expect, test } from "vitest";
import { createKeyedQueue, createLimiter, createQueue, deferred, withTimeout } from "./index.ts";

test("a queue runs one task at a time, in order, past failures", async () => {
  const queue = createQueue();
  const log: string[] = [];
  const gate = deferred();
  const first = queue(async () => {
    log.push("first begins");
    await gate.promise;
    log.push("first ends");
  });
  const second = queue(async () => Promise.reject(new Error("second fails")));
  const third = queue(async () => log.push("third"));
  gate.resolve();
  await expect(second).rejects.toThrow("second fails");
  await Promise.all([first, third]);
  expect(log).toEqual(["first begins", "first ends", "third"]);
});

test("a keyed queue orders tasks of one key only", async () => {
  const queue = createKeyedQueue();
  const gate = deferred();
  const log: string[] = [];
  const a = queue("a", async () => {
    await gate.promise;
    log.push("a1");
  });
  const again = queue("a", async () => log.push("a2"));
  await queue("b", async () => log.push("b"));
  expect(log).toEqual(["b"]);
  gate.resolve();
  await Promise.all([a, again]);
  expect(log).toEqual(["b", "a1", "a2"]);
  await expect(queue("a", async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await queue("a", async () => "on")).toBe("on");
});

test("a limiter never runs more than its limit", async () => {
  const limit = createLimiter(3);
  let running = 0;
  let most = 0;
  const task = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  await Promise.all(Array.from({ length: 20 }, () => limit(task)));
  await expect(limit(async () => Promise.reject(new Error("x")))).rejects.toThrow("x");
  await limit(task);
  expect(most).toBe(3);
  expect(running).toBe(0);
});

test("a rejected deferred that nobody awaits ends nothing", async () => {
  const { promise, reject } = deferred();
  reject(new Error("late"));
  await new Promise((resolve) => setImmediate(resolve));
  await expect(promise).rejects.toThrow("late");
});

test("withTimeout gives the result in time, or the fallback, or an error of its kind", async () => {
  const never = new Promise<string>(() => {});
  expect(await withTimeout(Promise.resolve("x"), 1000)).toBe("x");
  expect(await withTimeout(never, 1, () => "late")).toBe("late");
  await expect(withTimeout(never, 1)).rejects.toMatchObject({ kind: "timeout" });
});
