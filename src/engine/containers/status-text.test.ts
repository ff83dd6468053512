import { expect, test } from "vitest";
import { type ContainerStateRecord, CREATED } from "../../store/records/index.ts";
import { nextDelay, wantsRestart } from "./restart-policy.ts";
import { statusText } from "./status-text.ts";

const at = "2026-01-01T00:00:00Z";
const now = Date.parse(at) + 180_000;
const state = (more: Partial<ContainerStateRecord>) => ({ ...CREATED, startedAt: at, finishedAt: at, ...more });

test.each<[Partial<ContainerStateRecord>, boolean, string]>([
  [{ status: "running" }, false, "Up 3 minutes"],
  [{ status: "paused" }, false, "Up 3 minutes (Paused)"],
  [{ status: "restarting", exitCode: 2 }, false, "Restarting (2) 3 minutes ago"],
  [{ status: "exited", exitCode: 137 }, false, "Exited (137) 3 minutes ago"],
  [{ status: "created" }, false, "Created"],
  [{ status: "dead" }, false, "Dead"],
  [{ status: "exited" }, true, "Removal In Progress"],
])("%j (removing: %s) is %s", (more, removing, text) => {
  expect(statusText(state(more), removing, now)).toBe(text);
});

const facts = { exitCode: 1, restartCount: 0, stoppedByUser: false, exitOnNext: false };

test("restart policies", () => {
  const wants = (Name: "no" | "always" | "unless-stopped" | "on-failure", more = {}) =>
    wantsRestart({ policy: { Name, MaximumRetryCount: 2 }, ...facts, ...more });
  expect(wants("no")).toBe(false);
  expect(wants("always", { exitCode: 0 })).toBe(true);
  expect(wants("always", { exitOnNext: true })).toBe(false);
  expect(wants("unless-stopped", { stoppedByUser: true })).toBe(false);
  expect(wants("on-failure")).toBe(true);
  expect(wants("on-failure", { exitCode: 0 })).toBe(false);
  expect(wants("on-failure", { restartCount: 2 })).toBe(false);
});

test("the delay doubles up to a minute and begins anew after a good run", () => {
  const delays = [0, 1, 2, 3].reduce<number[]>((all) => [...all, nextDelay(all.at(-1) ?? 0, 0)], []);
  expect(delays).toEqual([100, 200, 400, 800]);
  expect(nextDelay(50_000, 0)).toBe(60_000);
  expect(nextDelay(60_000, 10_000)).toBe(100);
});
