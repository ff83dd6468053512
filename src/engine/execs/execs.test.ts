import { afterEach, beforeEach, expect, test } from "vitest";
import { BerthError } from "../../lib/index.ts";
import { createContainers } from "../containers/create-containers.ts";
import { createFakeWorld, type FakeWorld } from "../containers/testing/fake-context.ts";
import type { AttachSession, Containers, Execs } from "../engine.ts";
import { createExecs } from "./create-execs.ts";

let world: FakeWorld;
let containers: Containers;
let execs: Execs;
let id = "";
beforeEach(async () => {
  world = await createFakeWorld();
  containers = createContainers(world.context);
  execs = createExecs(world.context);
  ({ Id: id } = await containers.create({
    name: "cc",
    body: { Image: "busybox", HostConfig: { NetworkMode: "none" } },
  }));
});
afterEach(() => world.dispose());

const text = async (stream: AsyncIterable<Buffer>) => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
};

test("an exec runs as its container does, and its end is told", async () => {
  await containers.start(id, {});
  const body = { Cmd: ["sh", "-c", "x"], Env: ["A=1"], User: "app", WorkingDir: "/w", AttachStdout: true };
  const { Id } = await execs.create("cc", body);
  expect(await execs.inspect(Id)).toMatchObject({ Running: false, ExitCode: null, Pid: 0, ContainerID: id });
  const session = await execs.start(Id, {});
  expect(world.runtime.execs[0]?.process).toMatchObject({
    args: ["sh", "-c", "x"],
    cwd: "/w",
    user: { uid: 7, gid: 7 },
    env: expect.arrayContaining(["A=1", "HOME=/app"]),
  });
  expect(await execs.inspect(Id)).toMatchObject({ Running: true, Pid: 5000 });
  await expect(execs.start(Id, {})).rejects.toThrow(`Error: Exec command ${Id} is already running`);
  session?.destroy();
  world.runtime.execs[0]?.exit.resolve(3);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await execs.inspect(Id)).toMatchObject({ Running: false, ExitCode: 3 });
  await expect(execs.start(Id, {})).rejects.toThrow(`Error: Exec command ${Id} has already run`);
  const actions = world.events().filter((name) => name.includes("exec"));
  expect(actions).toEqual(["container exec_create: sh -c x", "container exec_start: sh -c x", "container exec_die"]);
});

test("Docker's texts for what cannot be", async () => {
  await expect(execs.create("cc", { Cmd: ["x"] })).rejects.toThrow(`container ${id} is not running`);
  await containers.start(id, {});
  await expect(execs.create("nope", { Cmd: ["x"] })).rejects.toThrow("No such container: nope");
  await expect(execs.create("cc", { Cmd: [] })).rejects.toThrow("No exec command specified");
  await expect(execs.create("cc", { Cmd: ["x"], Env: ["=a"] })).rejects.toThrow("invalid environment variable: =a");
  await expect(execs.create("cc", { Cmd: ["x\0y"] })).rejects.toMatchObject({ kind: "invalid" });
  await expect(execs.start("nope", {})).rejects.toThrow("No such exec instance: nope");
  await containers.pause("cc");
  await expect(execs.create("cc", { Cmd: ["x"] })).rejects.toThrow(
    "Container cc is paused, unpause the container before exec",
  );
});

test("a process that cannot be started says so on the session, and by its exit code", async () => {
  await containers.start(id, {});
  world.runtime.failExec = new BerthError("invalid", "no such command", { exitCode: 127 });
  const { Id } = await execs.create("cc", { Cmd: ["nope"], AttachStdout: true });
  const session = await execs.start(Id, {});
  expect(await text((session as AttachSession).output)).toBe("\x01\0\0\0\0\0\0\x11no such command\r\n");
  expect(await execs.inspect(Id)).toMatchObject({ Running: false, ExitCode: 127 });
  const detached = await execs.create("cc", { Cmd: ["nope"] });
  await expect(execs.start(detached.Id, { Detach: true })).rejects.toThrow("no such command");
});

test("the output ends once the exit code is known, not before", async () => {
  await containers.start(id, {});
  const { Id } = await execs.create("cc", { Cmd: ["x"], AttachStdout: true });
  const session = (await execs.start(Id, {})) as AttachSession;
  let ended = false;
  session.output.resume().on("end", () => {
    ended = true;
  });
  world.runtime.last().attachments.at(-1)?.output.end();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(ended).toBe(false);
  world.runtime.execs[0]?.exit.resolve(7);
  await new Promise((resolve) => session.output.on("end", resolve));
  expect((await execs.inspect(Id)).ExitCode).toBe(7);
});

test("thousands of ended execs are not kept", async () => {
  await containers.start(id, {});
  world.runtime.failExec = new BerthError("invalid", "no", { exitCode: 127 });
  const ids: string[] = [];
  for (let turn = 0; turn < 500; turn++) {
    const { Id } = await execs.create("cc", { Cmd: ["nope"] });
    ids.push(Id);
    (await execs.start(Id, {}))?.destroy();
  }
  const found = await Promise.allSettled(ids.map((each) => execs.inspect(each)));
  expect(found.filter(({ status }) => status === "fulfilled")).toHaveLength(100);
  expect((await containers.inspect(id, { size: false })).ExecIDs).toBeNull();
});

test("execs go with their container", async () => {
  await containers.start(id, {});
  const { Id } = await execs.create("cc", { Cmd: ["x"] });
  await containers.remove("cc", { force: true, volumes: false, link: false });
  await new Promise((resolve) => setImmediate(resolve));
  await expect(execs.inspect(Id)).rejects.toMatchObject({ kind: "not-found" });
});
