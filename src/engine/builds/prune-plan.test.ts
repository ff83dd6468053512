import { expect, test } from "vitest";
import type { BuildCacheRecord } from "../../spec/api/index.ts";
import { type PruneOptions, planPrune } from "./prune-plan.ts";

const now = Date.parse("2026-01-02T00:00:00Z");
const record = (ID: string, hoursAgo: number, more: Partial<BuildCacheRecord> = {}): BuildCacheRecord => {
  const time = new Date(now - hoursAgo * 3_600_000).toISOString();
  const fixed = { Type: "regular", Description: ID, InUse: false, Shared: false, UsageCount: 1 };
  return { ID, ...fixed, Size: 10, CreatedAt: time, LastUsedAt: time, ...more };
};
const records = [
  record("new", 1),
  record("old", 30),
  record("used", 40, { InUse: true }),
  record("shared", 20, { Shared: true }),
];
const none = { all: true, filters: new Map(), reserved: 0, maxUsed: undefined, minFree: 0, free: 100, now };
const ids = (options: Partial<PruneOptions>) => planPrune(records, { ...none, ...options }).map(({ ID }) => ID);

test("all that nobody uses goes, the oldest first; what images share only when all is asked for", () => {
  expect(ids({})).toEqual(["old", "shared", "new"]);
  expect(ids({ all: false })).toEqual(["old", "new"]);
});

test("filters", () => {
  expect(ids({ filters: new Map([["until", ["24h"]]]) })).toEqual(["old"]);
  expect(ids({ filters: new Map([["id", ["ne"]]]) })).toEqual(["new"]);
  expect(ids({ filters: new Map([["shared", ["true"]]]) })).toEqual(["shared"]);
  expect(() => ids({ filters: new Map([["until", ["soon"]]]) })).toThrow('"until" filter');
});

test("bounds: only as much goes as they ask for", () => {
  expect(ids({ maxUsed: 25 })).toEqual(["old", "shared"]);
  expect(ids({ reserved: 30 })).toEqual(["old"]);
  expect(ids({ minFree: 105 })).toEqual(["old"]);
  expect(ids({ maxUsed: 1000, minFree: 50 })).toEqual([]);
});
