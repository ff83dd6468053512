import { expect, test } from "vitest";
import { type ContainerStateRecord, CREATED, type StoredContainer } from "../../../store/records/index.ts";
import type { RunState } from "../container.ts";
import { type Observation, planRecovery } from "./plan-recovery.ts";

const run = { schema: 1, bootId: "now" } as RunState;

function stored(id: string, state: Partial<ContainerStateRecord> | undefined, hostConfig = {}): StoredContainer {
  const record = { id, hostConfig } as StoredContainer["record"];
  return { record, state: state === undefined ? undefined : { ...CREATED, ...state } };
}

function plan(container: StoredContainer, runs: [string, RunState | undefined][] = []) {
  const observation: Observation = {
    containers: [container],
    halfMade: [],
    runs: new Map(runs),
    bootId: "now",
    now: "2026-01-02T00:00:00Z",
  };
  const [recovery] = planRecovery(observation).containers;
  return recovery;
}

const exited = { status: "exited", startedAt: "2026-01-01T00:00:00Z" } as const;

test.each<[string, StoredContainer, [string, RunState | undefined][], object]>([
  ["one that runs is adopted", stored("a", { status: "running" }), [["a", run]], { run: "adopt", remove: false }],
  ["a paused one, too", stored("a", { status: "paused" }), [["a", run]], { run: "adopt" }],
  [
    "after a reboot its exit code is unknown",
    stored("a", { status: "running" }),
    [],
    { run: "none", state: { ...CREATED, status: "exited", exitCode: 255, finishedAt: "2026-01-02T00:00:00Z" } },
  ],
  [
    "also where the exec root outlived the reboot",
    stored("a", { status: "running" }),
    [["a", { ...run, bootId: "before" }]],
    { run: "clear", remove: false },
  ],
  ["a start that was cut short is cleared", stored("a", {}), [["a", undefined]], { run: "clear", remove: false }],
  ["so is the end of a run", stored("a", exited), [["a", run]], { run: "clear" }],
  ["a created one stays as it is", stored("a", undefined, { AutoRemove: true }), [], { run: "none", remove: false }],
  ["--rm that has ended goes", stored("a", exited, { AutoRemove: true }), [], { remove: true, start: false }],
  [
    "--rm whose start was cut short goes",
    stored("a", {}, { AutoRemove: true }),
    [["a", run]],
    { run: "clear", remove: true },
  ],
  ["--rm that runs stays", stored("a", { status: "running" }, { AutoRemove: true }), [["a", run]], { remove: false }],
  ["always is started again", stored("a", exited, { RestartPolicy: { Name: "always" } }), [], { start: true }],
  [
    "unless-stopped that was stopped is not",
    stored("a", { ...exited, stoppedByUser: true }, { RestartPolicy: { Name: "unless-stopped" } }),
    [],
    { start: false },
  ],
  [
    "one that waited for its restart is started",
    stored("a", { ...exited, status: "restarting" }, { RestartPolicy: { Name: "always" } }),
    [],
    { start: true },
  ],
  ["one that was never started is not", stored("a", {}, { RestartPolicy: { Name: "always" } }), [], { start: false }],
])("%s", (_, container, runs, expected) => {
  expect(plan(container, runs)).toMatchObject(expected);
});

test("run folders of no container and half-made folders are cleared away", () => {
  const runs = new Map([["x", run]]);
  const result = planRecovery({ containers: [], halfMade: ["/c/1"], runs, bootId: "now", now: "" });
  expect(result).toEqual({ containers: [], orphans: ["x"], folders: ["/c/1"] });
});
