import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createNotice } from "./notice.ts";

test("those who wait are told, those who come later too, and only once", async () => {
  const notice = createNotice<number>();
  const early = notice.wait();
  notice.tell(1);
  notice.tell(2);
  expect(await Promise.all([early, notice.wait()])).toEqual([1, 1]);
});

test("a wait that is given up stays open", async () => {
  const notice = createNotice<number>();
  const abort = new AbortController();
  const told: number[] = [];
  void notice.wait(abort.signal).then((value) => told.push(value));
  abort.abort();
  void notice.wait(abort.signal).then((value) => told.push(value));
  notice.tell(1);
  await setImmediate();
  expect(told).toEqual([]);
});
