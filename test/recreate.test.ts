import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContainerInspect, DoctorReport } from "../src/spec/api/index.ts";
import { busyboxTar, importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine } from "./harness/machine.ts";

describe.skipIf(!isRoot)("recreate", () => {
  let machine: Machine;
  let daemon: Daemon;
  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    await importBusybox(daemon);
    await ok(["import", "--change", "ENV FROM=two", "--change", 'CMD ["sleep", "2000"]', busyboxTar(), "two"]);
    await ok(["network", "create", "--subnet", "10.77.0.0/24", "net"]);
    await ok(["run", "-d", "--name", "first", "--network", "net", "busybox", "sleep", "1000"]);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  const ok = async (args: string[]): Promise<string> => {
    const done = await daemon.berth(args);
    expect([args.join(" "), done.code, done.stderr]).toEqual([args.join(" "), 0, ""]);
    return done.stdout;
  };
  const fails = async (args: string[], text: string): Promise<void> => {
    const done = await daemon.berth(args);
    expect([done.code, done.stderr]).toEqual([1, expect.stringContaining(text)]);
  };
  const look = async (name: string) => (await daemon.get(`/containers/${name}/json`)).json as ContainerInspect;
  const addressOf = (container: ContainerInspect) =>
    Object.values(container.NetworkSettings.Networks ?? {}).map(({ IPAddress }) => IPAddress);
  const names = async () => (await ok(["ps", "-a", "--format", "{{.Names}}"])).trim().split("\n").sort();
  const noFindings = async () =>
    expect(((await daemon.get("/berth/doctor")).json as DoctorReport).Findings).toEqual([]);

  it("keeps name, volumes, networks and addresses, and changes what the flags say", async () => {
    const flags = [
      "-e",
      "A=1",
      "-e",
      "B=2",
      "-v",
      "/anonymous",
      "-v",
      "named:/named",
      "-m",
      "64m",
      "-p",
      "127.0.0.1:8077:80",
    ];
    await ok([
      "run",
      "-d",
      "--name",
      "web",
      "--stop-timeout",
      "0",
      "--network",
      "net",
      ...flags,
      "busybox",
      "sleep",
      "1000",
    ]);
    await ok(["exec", "web", "sh", "-c", "echo one >/anonymous/file; echo two >/named/file"]);
    const before = await look("web");
    // Another takes the next address meanwhile.
    expect(
      await ok(["recreate", "-e", "B=3", "-e", "C=4", "--label", "x=y", "-m", "128m", "-v", "more:/more", "web"]),
    ).toBe("web\n");
    const after = await look("web");
    expect(after.Id).not.toBe(before.Id);
    expect(after.State).toMatchObject({ Running: true });
    expect(addressOf(after)).toEqual(addressOf(before));
    expect(after.Config.Env).toEqual(["A=1", "B=3", "C=4"]);
    expect(after.Config.Labels).toEqual({ x: "y" });
    expect(after.Config.Hostname).toBe(after.Id.slice(0, 12));
    expect(after.HostConfig).toMatchObject({
      Memory: 128 * 1024 * 1024,
      PortBindings: { "80/tcp": [{ HostPort: "8077" }] },
    });
    expect(await ok(["exec", "web", "cat", "/anonymous/file", "/named/file"])).toBe("one\ntwo\n");
    expect(after.Mounts.map(({ Destination }) => Destination).sort()).toEqual(["/anonymous", "/more", "/named"]);
    expect(await names()).toEqual(["first", "web"]);
    // Another image brings its own variables and command, where the user gave none.
    await ok(["recreate", "--image", "two", "web"]);
    expect((await look("web")).Config).toMatchObject({
      Env: ["A=1", "B=3", "C=4", "FROM=two"],
      Cmd: ["sleep", "1000"],
    });
    await ok(["rm", "-fv", "web"]);
    expect((await ok(["volume", "ls", "-q"])).trim().split("\n").sort()).toEqual(["more", "named"]);
    await noFindings();
  });

  it("goes back to the old one if the new one does not start, ends, or is not healthy in time", async () => {
    await ok([
      "run",
      "-d",
      "--name",
      "safe",
      "--stop-timeout",
      "0",
      "--network",
      "net",
      "-v",
      "/data",
      "--label",
      "old=1",
      "busybox",
      "sleep",
      "1000",
    ]);
    await ok(["exec", "safe", "sh", "-c", "echo kept >/data/file"]);
    const before = await look("safe");
    const back = "container safe is the old one again, the new one did not take its place";
    await fails(["recreate", "safe", "nonsense"], `${back}: `);
    await fails(["recreate", "safe", "sh", "-c", "exit 3"], `${back}: it ended with code 3`);
    await fails(["recreate", "--restart", "always", "safe", "sh", "-c", "exit 4"], `${back}: it ended with code 4`);
    const health = ["--health-interval", "100ms", "--health-retries", "2", "--health-cmd"];
    await fails(["recreate", ...health, "false", "safe"], `${back}: it is unhealthy`);
    const slow = ["--health-start-period", "60s", "--timeout", "1"];
    await fails(["recreate", ...health, "false", ...slow, "safe"], `${back}: it was not healthy within 1 seconds`);
    await fails(["recreate", "--image", "nothere", "--pull", "never", "safe"], "No such image: nothere");
    const after = await look("safe");
    expect(after).toMatchObject({
      Id: before.Id,
      Name: "/safe",
      State: { Running: true },
      HostConfig: before.HostConfig,
    });
    expect(addressOf(after)).toEqual(addressOf(before));
    expect(await ok(["exec", "safe", "cat", "/data/file"])).toBe("kept\n");
    expect(await names()).toEqual(["first", "safe"]);
    await ok(["recreate", ...health, "test -e /data/file", "safe"]);
    expect((await look("safe")).State.Health?.Status).toBe("healthy");
    await ok(["stop", "-t", "0", "safe"]);
    await ok(["recreate", "--label", "z=1", "safe"]);
    expect((await look("safe")).State.Status).toBe("created");
    await ok(["rm", "-v", "safe"]);
    await noFindings();
  });

  it("a crash at any moment leaves one of the two under the name, and nothing else", { timeout: 180_000 }, async () => {
    await ok(["run", "-d", "--name", "steady", "--network", "net", "-v", "/data", "busybox", "sleep", "1000"]);
    await ok(["exec", "steady", "sh", "-c", "echo kept >/data/file"]);
    const outcomes = new Set<string>();
    for (const delay of [20, 60, 100, 150, 250, 400, 900, 1300, 1350, 1400]) {
      const { Id: before } = await look("steady");
      const going = daemon.berth(["recreate", "--stop-wait", "0", "--label", `delay=${delay}`, "steady"]);
      await new Promise((resolve) => setTimeout(resolve, delay));
      await daemon.restart("SIGKILL");
      await going;
      expect(await names()).toEqual(["first", "steady"]);
      await expect.poll(async () => (await look("steady")).State.Running, { timeout: 10_000 }).toBe(true);
      expect(await ok(["exec", "steady", "cat", "/data/file"])).toBe("kept\n");
      outcomes.add((await look("steady")).Id === before ? "old" : "new");
      expect(readdirSync(join(daemon.dataRoot, "containers")).filter((name) => !name.startsWith("."))).toHaveLength(2);
      await noFindings();
    }
    expect(outcomes).toContain("old");
  });

  it("update says what only recreate can change", async () => {
    const refused = await daemon.berth(["update", "--env", "A=1", "first"]);
    expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining('use "recreate --env"')]);
    await ok([
      "update",
      "--memory",
      "32m",
      "--memory-swap",
      "64m",
      "--cpus",
      "0.5",
      "--pids-limit",
      "50",
      "--restart",
      "always",
      "first",
    ]);
    expect((await look("first")).HostConfig).toMatchObject({ Memory: 32 * 1024 * 1024, PidsLimit: 50, NanoCpus: 5e8 });
  });
});
