import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createAfterQuiet } from "./after-quiet.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("acts once after the last work, also when it fails, and not while any goes on", async () => {
  const act = vi.fn();
  const quiet = createAfterQuiet(1000, act);
  await quiet.during(async () => 1);
  vi.advanceTimersByTime(900);
  await expect(quiet.during(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  vi.advanceTimersByTime(900);
  expect(act).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100);
  expect(act).toHaveBeenCalledTimes(1);
  let end = (): void => {};
  const long = quiet.during(
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
  );
  await quiet.during(async () => {});
  vi.advanceTimersByTime(5000);
  expect(act).toHaveBeenCalledTimes(1);
  end();
  await long;
  vi.advanceTimersByTime(1000);
  expect(act).toHaveBeenCalledTimes(2);
});
