import { afterEach, expect, test } from "vitest";
import { BerthError } from "../../lib/index.ts";
import type { ContainerCreateBody } from "../../spec/api/index.ts";
import type { Containers } from "../engine.ts";
import { createContainers } from "./create-containers.ts";
import { recover } from "./recovery/recover.ts";
import { createFakeWorld, type FakeWorld } from "./testing/fake-context.ts";

let world: FakeWorld | undefined;
afterEach(() => {
  world?.dispose();
  world = undefined;
});

async function setUp(
  image?: Parameters<typeof createFakeWorld>[0],
): Promise<{ world: FakeWorld; containers: Containers }> {
  world = await createFakeWorld(image);
  return { world, containers: createContainers(world.context) };
}

const never = new AbortController().signal;
const none = { HostConfig: { NetworkMode: "none" } };

async function make(containers: Containers, name: string, body: ContainerCreateBody = {}): Promise<string> {
  const host = { ...none.HostConfig, ...body.HostConfig };
  const { Id } = await containers.create({ name, body: { Image: "busybox", ...body, HostConfig: host } });
  return Id;
}

const wait = async (containers: Containers, ref: string, condition: "not-running" | "next-exit" | "removed") =>
  (await containers.wait(ref, condition, never)).result;

const statusOf = async (containers: Containers, ref: string) =>
  (await containers.inspect(ref, { size: false })).State.Status;

/** Settles once the state is reached; every step towards it emits an event or ends a promise, so this turns few times. */
async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error("the state was not reached");
}

test("a run from create to remove has Docker's events in Docker's order", async () => {
  const { world, containers } = await setUp();
  const id = await make(containers, "aa", { HostConfig: { AutoRemove: true, Binds: ["vol:/data"] } });
  await containers.attach(id, { stream: true, logs: false, stdin: false, stdout: true, stderr: true });
  const removed = wait(containers, id, "removed");
  await containers.start(id, {});
  world.runtime.last().end(3);
  expect(await removed).toEqual({ StatusCode: 3 });
  expect(world.events()).toEqual([
    "volume create",
    "container create",
    "container attach",
    "network connect",
    "volume mount",
    "container start",
    "network disconnect",
    "volume unmount",
    "container die",
    "container destroy",
  ]);
  const die = world.bus.past().find(({ Action }) => Action === "die");
  expect(die?.Actor.Attributes).toEqual({ execDuration: "0", exitCode: "3", image: "busybox", name: "aa" });
  expect(world.mounted.size).toBe(0);
  expect(world.runtime.last().deleted).toBe(true);
  await expect(containers.inspect(id, { size: false })).rejects.toMatchObject({ kind: "not-found" });
});

test("who attached before the start is joined before the process runs", async () => {
  const { world, containers } = await setUp();
  const id = await make(containers, "aa", { OpenStdin: true, StdinOnce: true });
  const session = await containers.attach(id, { stream: true, logs: false, stdin: true, stdout: true, stderr: true });
  session.input?.write("typed");
  await containers.start(id, {});
  const [attachment] = world.runtime.last().attachments;
  expect(attachment?.streams).toEqual({ stdin: true, stdout: true, stderr: true });
  attachment?.output.write("out");
  expect(String(await new Promise((resolve) => session.output.once("data", resolve)))).toBe("out");
  expect(String(await new Promise((resolve) => attachment?.input.once("data", resolve)))).toBe("typed");
  const ended = new Promise((resolve) => session.output.once("end", resolve));
  session.output.resume();
  world.runtime.last().end(0);
  await ended;
});

test("names are unique, well-formed and free again after a removal", async () => {
  const { containers } = await setUp();
  const id = await make(containers, "a1");
  await expect(make(containers, "a1")).rejects.toThrow(
    `Conflict. The container name "/a1" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
  await expect(make(containers, "-x")).rejects.toThrow(
    "Invalid container name (-x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
  );
  await containers.remove("a1", { force: false, volumes: false, link: false });
  await make(containers, "a1");
});

test("a create that fails leaves no name, no folder and no new volume", async () => {
  const { world, containers } = await setUp();
  const binds = ["fresh:/a", "b d:/b"];
  await expect(make(containers, "aa", { HostConfig: { Binds: binds } })).rejects.toMatchObject({ kind: "invalid" });
  expect(await containers.list({ all: true, size: false, filters: new Map() })).toEqual([]);
  expect((await world.volumes.service.list(new Map())).Volumes).toEqual([]);
  expect((await world.context.records.survey(() => {})).containers).toEqual([]);
  await make(containers, "aa");
});

test("a start that fails keeps Docker's code and text, undoes its steps and ends those who wait", async () => {
  const { world, containers } = await setUp();
  const id = await make(containers, "aa");
  const session = await containers.attach(id, { stream: true, logs: false, stdin: false, stdout: true, stderr: true });
  const ended = new Promise((resolve) => session.output.resume().once("end", resolve));
  world.runtime.failCreate = new BerthError("invalid", "no such command", { exitCode: 127 });
  await expect(containers.start(id, {})).rejects.toThrow("no such command");
  await ended;
  expect((await containers.inspect(id, { size: false })).State).toMatchObject({
    Status: "created",
    ExitCode: 127,
    Error: "no such command",
  });
  expect(world.mounted.size).toBe(0);
  expect(world.events().slice(-2)).toEqual(["network connect", "network disconnect"]);
  await containers.start(id, {});
  expect(await statusOf(containers, id)).toBe("running");
});

test("a start that fails removes a container made with --rm", async () => {
  const { world, containers } = await setUp();
  const id = await make(containers, "aa", { HostConfig: { AutoRemove: true } });
  const removed = wait(containers, id, "removed");
  world.runtime.failCreate = new BerthError("internal", "broken");
  await expect(containers.start(id, {})).rejects.toThrow("broken");
  expect(await removed).toEqual({ StatusCode: 128 });
});

test("an unknown user is told in Docker's words", async () => {
  const { containers } = await setUp();
  const id = await make(containers, "aa", { User: "nobody2" });
  await expect(containers.start(id, {})).rejects.toThrow(
    "unable to find user nobody2: no matching entries in passwd file",
  );
});

test("stop sends the stop signal, then SIGKILL, and says so", async () => {
  const { world, containers } = await setUp({ Cmd: ["sh"], StopSignal: "SIGUSR1" });
  const id = await make(containers, "aa");
  await containers.start(id, {});
  await containers.stop(id, { timeout: 0 });
  expect(world.runtime.last().signals).toEqual([10, 9]);
  expect(world.events().slice(-5)).toEqual([
    "container kill",
    "container kill",
    "network disconnect",
    "container die",
    "container stop",
  ]);
  await expect(containers.stop(id, {})).rejects.toMatchObject({ kind: "already" });
  expect(await wait(containers, id, "not-running")).toEqual({ StatusCode: 137 });
});

test("kill answers with Docker's texts", async () => {
  const { containers } = await setUp();
  const id = await make(containers, "aa");
  await expect(containers.kill("aa", {})).rejects.toThrow(`cannot kill container: aa: container ${id} is not running`);
  await containers.start(id, {});
  await expect(containers.kill("aa", { signal: "FOO" })).rejects.toThrow(
    "cannot kill container: aa: invalid signal: FOO",
  );
  await containers.kill("aa", {});
  expect(await statusOf(containers, "aa")).toBe("exited");
});

test("a paused container is thawed by what ends it", async () => {
  const { world, containers } = await setUp();
  const id = await make(containers, "aa");
  await containers.start(id, {});
  await containers.pause(id);
  await expect(containers.pause(id)).rejects.toThrow(`Container ${id} is already paused`);
  await expect(containers.start(id, {})).rejects.toThrow("cannot start a paused container, try unpause instead");
  await expect(containers.remove(id, { force: false, volumes: false, link: false })).rejects.toThrow(
    'cannot remove container "/aa": container is paused and must be unpaused first',
  );
  await containers.kill(id, {});
  expect(world.events()).toContain("container unpause");
  expect(await statusOf(containers, id)).toBe("exited");
});

test("remove refuses a running container unless forced, and takes anonymous volumes along", async () => {
  const { world, containers } = await setUp({ Cmd: ["sh"], Volumes: { "/data": {} } });
  const id = await make(containers, "aa", { HostConfig: { Binds: ["named:/x"] } });
  expect((await world.volumes.service.list(new Map())).Volumes).toHaveLength(2);
  await containers.start(id, {});
  await expect(containers.remove(id, { force: false, volumes: true, link: false })).rejects.toThrow(
    'cannot remove container "/aa": container is running: stop the container before removing or force remove',
  );
  await containers.remove(id, { force: true, volumes: true, link: false });
  expect((await world.volumes.service.list(new Map())).Volumes.map(({ Name }) => Name)).toEqual(["named"]);
  expect(world.events().slice(-2)).toEqual(["volume destroy", "container destroy"]);
});

test("rename takes the new name and gives the old one back", async () => {
  const { world, containers } = await setUp();
  const id = await make(containers, "aa");
  const other = await make(containers, "bb");
  await expect(containers.rename("aa", "bb")).rejects.toThrow(
    `Error when allocating new name: Conflict. The container name "/bb" is already in use by container "${other}".`,
  );
  await containers.rename("aa", "cc");
  expect((await containers.inspect("cc", { size: false })).Id).toBe(id);
  expect(world.bus.past().at(-1)?.Actor.Attributes).toEqual({ oldName: "/aa", image: "busybox", name: "cc" });
  await make(containers, "aa");
});

test("restart emits restart last and keeps a container made with --rm", async () => {
  const { world, containers } = await setUp();
  const id = await make(containers, "aa", { HostConfig: { AutoRemove: true } });
  await containers.start(id, {});
  await containers.restart(id, { timeout: 0 });
  expect(world.runtime.processes).toHaveLength(2);
  expect(await statusOf(containers, id)).toBe("running");
  expect(world.events().slice(-3)).toEqual(["network connect", "container start", "container restart"]);
  expect((await containers.inspect(id, { size: false })).HostConfig.AutoRemove).toBe(true);
});

test("the restart policy starts again what failed, as often as it may", async () => {
  const { world, containers } = await setUp();
  const policy = { Name: "on-failure" as const, MaximumRetryCount: 1 };
  const id = await make(containers, "aa", { HostConfig: { RestartPolicy: policy } });
  const exit = wait(containers, id, "next-exit");
  await containers.start(id, {});
  world.runtime.last().end(1);
  await until(() => world?.runtime.processes.length === 2);
  world.runtime.last().end(2);
  expect(await exit).toEqual({ StatusCode: 2 });
  expect(await containers.inspect(id, { size: false })).toMatchObject({ RestartCount: 1, State: { Status: "exited" } });
});

test("a stop ends a wait for a restart", async () => {
  const { world, containers } = await setUp();
  const id = await make(containers, "aa", { HostConfig: { RestartPolicy: { Name: "always" } } });
  await containers.start(id, {});
  world.runtime.last().end(1);
  await until(async () => (await statusOf(containers, id)) === "restarting");
  const exit = wait(containers, id, "not-running");
  await containers.stop(id, {});
  expect(await exit).toEqual({ StatusCode: 1 });
  expect(await statusOf(containers, id)).toBe("exited");
  expect(world.runtime.processes).toHaveLength(1);
});

test("a container that is out of memory says so", async () => {
  const { world, containers } = await setUp();
  const id = await make(containers, "aa");
  const exit = wait(containers, id, "next-exit");
  await containers.start(id, {});
  world.runtime.last().end(137, { oomKilled: true });
  await exit;
  expect((await containers.inspect(id, { size: false })).State.OOMKilled).toBe(true);
  expect(world.events()).toContain("container oom");
});

test("list and inspect answer while the container's queue is busy", async () => {
  const { world, containers } = await setUp();
  const id = await make(containers, "aa");
  let release = () => {};
  const busy = world.context.registry.find(id).queue(() => new Promise<void>((resolve) => (release = resolve)));
  expect(await containers.list({ all: true, size: false, filters: new Map() })).toHaveLength(1);
  expect(await statusOf(containers, id)).toBe("created");
  release();
  await busy;
});

test("fifty containers start side by side", async () => {
  const { world, containers } = await setUp();
  const ids = await Promise.all(Array.from({ length: 50 }, (_, index) => make(containers, `c${index}`)));
  const exits = await Promise.all(ids.map((id) => containers.wait(id, "next-exit", never)));
  await Promise.all(ids.map((id) => containers.start(id, {})));
  for (const process of world.runtime.processes) process.end(0);
  expect(await Promise.all(exits.map(({ result }) => result))).toEqual(ids.map(() => ({ StatusCode: 0 })));
  expect(world.warnings).toEqual([]);
});

test("after a restart of the daemon everything is as it was, or as it has become", async () => {
  const { world: before, containers } = await setUp();
  const created = await make(containers, "created");
  const running = await make(containers, "running");
  const lost = await make(containers, "lost");
  const autoRemoved = await make(containers, "gone", { HostConfig: { AutoRemove: true } });
  for (const id of [running, lost, autoRemoved]) await containers.start(id, {});
  await before.context.runs.remove(lost);
  await before.context.runs.remove(autoRemoved);
  const root = before.context.settings.dataRoot.replace(/\/data$/, "");
  const after = await createFakeWorld(undefined, root);
  const again = createContainers(after.context);
  // The kernel's side of it is still there.
  after.runtime.processes.push(...before.runtime.processes);
  await recover(after.context);
  expect(await statusOf(again, created)).toBe("created");
  expect(await statusOf(again, running)).toBe("running");
  expect((await again.inspect(lost, { size: false })).State).toMatchObject({ Status: "exited", ExitCode: 255 });
  await expect(again.inspect(autoRemoved, { size: false })).rejects.toMatchObject({ kind: "not-found" });
  const exit = wait(again, running, "next-exit");
  before.runtime.processes[0]?.end(4);
  expect(await exit).toEqual({ StatusCode: 4 });
  expect(after.warnings).toEqual([]);
});
