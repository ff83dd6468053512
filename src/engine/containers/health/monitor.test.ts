import { afterEach, beforeEach, expect, test } from "vitest";
import { BerthError, frameHeader } from "../../../lib/index.ts";
import type { HealthConfig } from "../../../spec/api/index.ts";
import type { Containers } from "../../engine.ts";
import { createContainers } from "../create-containers.ts";
import { createFakeWorld, type FakeWorld } from "../testing/fake-context.ts";
import { watchHealth } from "./act-on-failure.ts";
import { endChecks, resumeChecks } from "./monitor.ts";

let world: FakeWorld;
let containers: Containers;
beforeEach(async () => {
  world = await createFakeWorld();
  containers = createContainers(world.context);
});
afterEach(async () => {
  for (const container of world.context.registry.list()) container.checks?.stop();
  world.dispose();
});

const MS = 1e6;

async function start(health: HealthConfig): Promise<string> {
  const Healthcheck = { Test: ["CMD", "check"], Interval: MS, Retries: 2, ...health };
  const body = { Image: "busybox", Healthcheck, HostConfig: { NetworkMode: "none" } };
  const { Id } = await containers.create({ name: "hh", body });
  await containers.start(Id, {});
  return Id;
}

/** Ends the check with that number once it has begun. */
async function answer(index: number, code: number, text = ""): Promise<void> {
  await expect.poll(() => world.runtime.execs.length).toBeGreaterThan(index);
  const exec = world.runtime.execs[index];
  if (text !== "") exec?.output?.write(Buffer.concat([frameHeader(1, text.length), Buffer.from(text)]));
  exec?.output?.end();
  exec?.exit.resolve(code);
}

const health = async (id: string) => (await containers.inspect(id, { size: false })).State.Health;
const ps = async (id: string) =>
  (await containers.list({ all: true, size: false, filters: new Map([["id", [id]]]) }))[0];
const told = () => world.events().filter((name) => name.includes("health_status"));

test("from starting to healthy to unhealthy, with Docker's events, log and status text", async () => {
  const id = await start({});
  expect(await health(id)).toEqual({ Status: "starting", FailingStreak: 0, Log: [] });
  expect((await ps(id))?.Status).toMatch(/^Up .* \(health: starting\)$/);
  await answer(0, 0, "fine");
  await expect.poll(async () => (await health(id))?.Status).toBe("healthy");
  expect((await ps(id))?.Status).toMatch(/ \(healthy\)$/);
  expect((await health(id))?.Log?.[0]).toMatchObject({ ExitCode: 0, Output: "fine" });
  expect(world.runtime.execs[0]?.process.args).toEqual(["check"]);
  await answer(1, 1);
  await answer(2, 1);
  await expect.poll(async () => (await health(id))?.Status).toBe("unhealthy");
  expect(
    await containers.list({ all: false, size: false, filters: new Map([["health", ["unhealthy"]]]) }),
  ).toHaveLength(1);
  expect(await containers.list({ all: false, size: false, filters: new Map([["health", ["none"]]]) })).toHaveLength(0);
  expect(told()).toEqual(["container health_status: healthy", "container health_status: unhealthy"]);
  const execs = world.events().filter((name) => name.includes("exec"));
  expect(execs.slice(0, 3)).toEqual([
    "container exec_create: check ",
    "container exec_start: check ",
    "container exec_die",
  ]);
});

test("a check that takes too long is killed and says so", async () => {
  const id = await start({ Timeout: 400 * MS });
  await expect.poll(() => world.runtime.execs.length).toBeGreaterThan(0);
  expect((await containers.inspect(id, { size: false })).ExecIDs).toHaveLength(1);
  await expect.poll(async () => (await health(id))?.Log?.[0]?.Output).toBe("Health check exceeded timeout (400ms)");
  expect((await health(id))?.Log?.[0]?.ExitCode).toBe(-1);
});

test("a check that cannot be run fails with the runtime's words", async () => {
  world.runtime.failExec = new BerthError("invalid", "no such command", { exitCode: 127 });
  const id = await start({});
  await expect.poll(async () => (await health(id))?.Status).toBe("unhealthy");
  expect((await health(id))?.Log?.[0]).toMatchObject({ ExitCode: -1, Output: "no such command" });
});

test("checks end with the run and with a pause, and begin again", async () => {
  const id = await start({});
  await answer(0, 0);
  await expect.poll(async () => (await health(id))?.Status).toBe("healthy");
  await containers.pause(id);
  expect((await health(id))?.Status).toBe("unhealthy");
  await containers.unpause(id);
  const begun = world.runtime.execs.length;
  for (let index = 1; index < begun; index++) await answer(index, 0);
  await answer(begun, 0);
  await expect.poll(async () => (await health(id))?.Status).toBe("healthy");
  await containers.kill(id, {});
  expect((await health(id))?.Status).toBe("unhealthy");
  const container = world.context.registry.get(id);
  expect(container?.checks).toBeUndefined();
});

test("an adopted run is checked again, and the check that was under way ends", async () => {
  const id = await start({});
  await expect.poll(() => world.runtime.execs.length).toBe(1);
  const container = world.context.registry.find(id);
  endChecks(container);
  resumeChecks(world.context, container);
  expect(world.runtime.killed).toEqual([]);
  const { health: known } = container.state;
  if (known === undefined) throw new Error("no health");
  container.state = { ...container.state, health: { ...known, probe: { pid: 77, start: 1 } } };
  resumeChecks(world.context, container);
  expect(world.runtime.killed).toEqual([77]);
  await answer(1, 0);
  await expect.poll(async () => (await health(id))?.Status).toBe("healthy");
  expect(container.state.health).not.toHaveProperty("probe");
});

test("a thousand failing checks leave five log entries and no exec", async () => {
  world.runtime.failExec = new BerthError("invalid", "no", { exitCode: 126 });
  const id = await start({ Interval: MS });
  const dies = () => world.bus.past().filter(({ Action }) => Action.startsWith("exec_start")).length;
  // The bus keeps 1024 events: two for each check.
  await expect.poll(dies, { timeout: 20_000 }).toBeGreaterThan(500);
  await containers.kill(id, {});
  expect((await health(id))?.Log).toHaveLength(5);
  expect((await containers.inspect(id, { size: false })).ExecIDs).toBeNull();
});

test.each([
  ["kill", "exited"],
  ["stop", "exited"],
  ["restart", "running"],
  ["none", "running"],
] as const)("on failure: %s", async (OnFailure, status) => {
  const end = watchHealth(world.context);
  const id = await start({ OnFailure, Retries: 1 });
  await answer(0, 1);
  await expect.poll(() => told()).toEqual(["container health_status: unhealthy"]);
  const done = { kill: "die", stop: "stop", restart: "restart", none: "health_status: unhealthy" }[OnFailure];
  await expect.poll(() => world.events()).toContain(`container ${done}`);
  await expect.poll(async () => (await containers.inspect(id, { size: false })).State.Status).toBe(status);
  if (OnFailure === "restart") expect((await health(id))?.Status).toBe("starting");
  end();
});
