import { expect, test } from "vitest";
import { CREATED, type StoredContainer } from "../../../store/records/index.ts";
import { planReplacements } from "./plan-replacements.ts";
import type { Recovery } from "./recovery.ts";

const stored = (id: string, name: string, replaces?: { id: string; running: boolean }): StoredContainer => ({
  record: { id, name, ...(replaces === undefined ? {} : { replaces }) } as StoredContainer["record"],
  state: CREATED,
});
const recovery = (id: string, change: Partial<Recovery> = {}): Recovery => ({
  id,
  state: CREATED,
  run: "none",
  remove: false,
  start: false,
  ...change,
});

test("before the new one has the name, the old one is back and the new one goes", () => {
  const containers = [stored("old", "web"), stored("new", "web-replaced-1", { id: "old", running: true })];
  expect(planReplacements(containers, [recovery("old"), recovery("new", { run: "adopt" })])).toMatchObject([
    { id: "old", remove: false, start: true },
    { id: "new", remove: true, run: "clear", start: false },
  ]);
});

test("one that still runs is not started again, and one that did not run is not started", () => {
  const running = [stored("old", "web"), stored("new", "x", { id: "old", running: true })];
  expect(planReplacements(running, [recovery("old", { run: "adopt" }), recovery("new")])[0]).toMatchObject({
    run: "adopt",
    start: false,
  });
  const stopped = [stored("old", "web"), stored("new", "x", { id: "old", running: false })];
  expect(planReplacements(stopped, [recovery("old"), recovery("new")])[0]).toMatchObject({ start: false });
});

test("once it has the name the old one goes, under another", () => {
  const containers = [stored("old", "web"), stored("new", "web", { id: "old", running: true })];
  const plan = planReplacements(containers, [recovery("old", { start: true }), recovery("new", { run: "adopt" })]);
  expect(plan).toMatchObject([
    { id: "old", remove: true, start: false, name: "web-old" },
    { id: "new", remove: false, run: "adopt" },
  ]);
  expect(planReplacements([stored("new", "web", { id: "old", running: true })], [recovery("new")])).toEqual([
    recovery("new"),
  ]);
});
