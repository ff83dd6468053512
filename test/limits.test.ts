import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine, until } from "./harness/machine.ts";

describe.skipIf(!isRoot)("limits, measured", () => {
  let machine: Machine;
  let daemon: Daemon;
  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    await importBusybox(daemon);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });
  const run = (flags: string[], args: string[]) =>
    daemon.berth(["run", "--rm", "--network", "none", ...flags, "busybox", ...args]);

  it("kills what goes over its memory, says so, and hurts nobody else", async () => {
    await daemon.berth(["run", "-d", "--network", "none", "--name", "beside", "busybox", "sleep", "600"]);
    const eat = ["dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1"];
    const done = await daemon.berth([
      "run",
      "--network",
      "none",
      "--name",
      "eater",
      "-m",
      "32m",
      "--memory-swap",
      "32m",
      "busybox",
      ...eat,
    ]);
    expect(done.code).toBe(137);
    expect((await daemon.berth(["inspect", "-f", "{{.State.OOMKilled}}", "eater"])).stdout).toBe("true\n");
    expect((await daemon.berth(["inspect", "-f", "{{.State.Status}}", "beside"])).stdout).toBe("running\n");
    await daemon.berth(["rm", "-f", "eater", "beside"]);
  });

  it("gives half a CPU as half a CPU", async () => {
    await daemon.berth([
      "run",
      "-d",
      "--network",
      "none",
      "--name",
      "half",
      "--cpus",
      "0.5",
      "busybox",
      "sh",
      "-c",
      "while :; do :; done",
    ]);
    const pid = (await daemon.berth(["inspect", "-f", "{{.State.Pid}}", "half"])).stdout.trim();
    const ticks = async () => {
      const fields = (await machine.exec("cat", [`/proc/${pid}/stat`])).stdout.split(") ")[1]?.split(" ") ?? [];
      return Number(fields[11]) + Number(fields[12]);
    };
    const [from, began] = [await ticks(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const share = (await ticks()) - from;
    const seconds = (performance.now() - began) / 1000;
    await daemon.berth(["rm", "-f", "half"]);
    expect(share / 100 / seconds).toBeGreaterThan(0.3);
    expect(share / 100 / seconds).toBeLessThan(0.58);
  });

  it("stops a fork bomb at its number of processes", async () => {
    const done = await run(["--pids-limit", "20"], ["sh", "-c", "for i in $(seq 60); do sleep 5 & done; true"]);
    expect(done.stderr).toMatch(/fork/);
  });

  it("writes cpuset, shares and weights to the container's cgroup", async () => {
    const flags = ["--cpuset-cpus", "1", "--cpu-shares", "512", "--memory-reservation", "16m"];
    const done = await run(flags, ["sh", "-c", "grep Cpus_allowed_list /proc/self/status"]);
    expect(done.stdout).toMatch(/\t1\n$/);
  });

  it("leaves no cgroup behind", async () => {
    await run(["-m", "32m"], ["true"]);
    const containers = () => machine.cgroups().filter((path) => /[0-9a-f]{64}$/.test(path));
    await until("the cgroups are gone", () => containers().length === 0);
  });
});
