import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createFirstChange } from "./first-change.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync("/dev/shm/berth-change-");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a file that is written is told of once, and again when it is watched again", async () => {
  const before = readdirSync("/proc/self/fd").length;
  const changes = createFirstChange();
  const [one, two] = [join(folder, "one"), join(folder, "two")];
  for (const path of [one, two]) writeFileSync(path, "");
  const told: string[] = [];
  const next = (path: string) =>
    new Promise<void>((resolve) => {
      const watched = changes.watch(path, () => {
        told.push(path);
        resolve();
      });
      expect(watched).toBe(true);
    });
  const first = next(one);
  const other = next(two);
  for (let index = 0; index < 10; index++) appendFileSync(one, "x");
  await first;
  appendFileSync(one, "x");
  rmSync(two);
  await other;
  expect(told).toEqual([one, two]);
  const again = next(one);
  appendFileSync(one, "x");
  await again;
  expect(told).toEqual([one, two, one]);
  changes.close();
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});

test("what is not there cannot be watched", () => {
  const changes = createFirstChange();
  expect(changes.watch(join(folder, "none"), () => {})).toBe(false);
  changes.close();
});
