import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine, until } from "./harness/machine.ts";

describe.skipIf(!isRoot)("a daemon killed with -9", () => {
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

  const state = async (name: string) =>
    (await daemon.berth(["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name])).stdout.trim();
  const start = (name: string, script: string, flags: string[] = []) =>
    daemon.berth(["run", "-d", "--network", "none", "--name", name, ...flags, "busybox", "sh", "-c", script]);

  it("leaves containers running, loses and doubles no log line, and knows the exit codes of those that ended", async () => {
    await start("counter", "i=0; while [ $i -lt 400 ]; do echo $i; i=$((i+1)); sleep 0.005; done; exit 9");
    await start("long", "exec sleep 600");
    await start("short", "sleep 0.5; exit 4");
    await start("gone", "sleep 0.5", ["--rm"]);
    const pid = (await daemon.berth(["inspect", "-f", "{{.State.Pid}}", "long"])).stdout.trim();
    await daemon.signal("SIGKILL");
    expect((await machine.exec("cat", [`/proc/${pid}/comm`])).stdout).toBe("sleep\n");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await daemon.start();
    expect(await state("long")).toBe("running 0");
    expect((await daemon.berth(["inspect", "-f", "{{.State.Pid}}", "long"])).stdout.trim()).toBe(pid);
    expect(await state("short")).toBe("exited 4");
    expect((await daemon.berth(["wait", "counter"])).stdout).toBe("9\n");
    const lines = (await daemon.berth(["logs", "counter"])).stdout.trim().split("\n");
    expect(lines).toEqual(Array.from({ length: 400 }, (_, index) => String(index)));
    await until("the --rm container is gone", async () => (await daemon.berth(["inspect", "gone"])).code === 1);
    expect((await daemon.berth(["exec", "long", "echo", "hello"])).stdout).toBe("hello\n");
    expect((await daemon.berth(["stop", "-t", "0", "long"])).code).toBe(0);
    await daemon.berth(["rm", "counter", "long", "short"]);
  });

  it("twenty times during a load of runs leaves every container true and nothing half-made", async () => {
    for (let round = 0; round < 20; round++) {
      const load = Array.from({ length: 4 }, (_, index) =>
        start(`load-${round}-${index}`, "sleep 0.02; exit 6").catch(() => undefined),
      );
      await new Promise((resolve) => setTimeout(resolve, 10 + ((round * 37) % 150)));
      await daemon.signal("SIGKILL");
      await Promise.all(load);
      await daemon.start();
    }
    const rows = (await daemon.berth(["ps", "-a", "--format", "{{.Names}} {{.State}}"])).stdout.trim().split("\n");
    for (const row of rows.filter(Boolean)) {
      const [name = "", now] = row.split(" ");
      expect(["created", "exited", "running"]).toContain(now);
      if (now === "running") await daemon.berth(["wait", name]);
      if (now !== "created") expect(await state(name)).toBe("exited 6");
      expect((await daemon.berth(["rm", name])).code).toBe(0);
    }
    await until("the kernel holds nothing of them", async () => {
      const mounts = (await machine.exec("cat", ["/proc/self/mountinfo"])).stdout;
      const processes = (await machine.exec("ps", ["-eo", "comm"])).stdout;
      return !mounts.includes(daemon.dir) && !/conmon|crun|runc|sleep/.test(processes);
    });
    // The last files go while nobody waits for them.
    const folders = [`${daemon.dataRoot}/containers`, `${daemon.dir}/exec/containers`];
    await until("their files are gone", async () => {
      const left = await machine.exec("find", [...folders, "-mindepth", "1"]);
      return left.code === 0 && left.stdout === "";
    });
  });

  it("answers ps truly within a second of its start", async () => {
    await start("seen", "exec sleep 600");
    await daemon.restart("SIGKILL");
    expect((await daemon.berth(["ps", "--format", "{{.Names}}"])).stdout).toBe("seen\n");
    await daemon.berth(["rm", "-f", "seen"]);
  });

  it("goes on by SIGTERM without touching containers", async () => {
    await start("kept", "exec sleep 600");
    await daemon.restart("SIGTERM");
    expect(await state("kept")).toBe("running 0");
    await daemon.berth(["rm", "-f", "kept"]);
  });

  it("after the machine's restart starts a Compose project in the order of its dependencies", async () => {
    const member = (service: string, dependsOn = "") => [
      ...["--restart", "always", "--label", "com.docker.compose.project=shop"],
      ...["--label", `com.docker.compose.service=${service}`],
      ...["--label", `com.docker.compose.depends_on=${dependsOn}`],
    ];
    const health = ["--health-cmd", "test -e /run-of-now", "--health-interval", "100ms", "--health-retries", "200"];
    await start("web", "exec sleep 600", member("web", "app:service_started:false"));
    await start("app", "exec sleep 600", member("app", "db:service_healthy:false"));
    const ready = "rm -f /run-of-now; sleep 0.7; touch /run-of-now; exec sleep 600";
    await start("db", ready, [...member("db"), ...health]);
    await daemon.signal("SIGKILL");
    // What a restart of the machine leaves: no process, no mount, nothing on tmpfs.
    await machine.exec("sh", ["-c", "kill -9 -1"]);
    const exec = join(daemon.dir, "exec");
    await until("nothing is mounted", async () => {
      const mounts = (await machine.exec("sh", ["-c", `grep -o '${exec}[^ ]*' /proc/self/mountinfo`])).stdout;
      for (const path of mounts.split("\n").filter(Boolean).reverse()) await machine.exec("umount", ["-l", path]);
      return mounts === "";
    });
    await machine.exec("rm", ["-rf", exec]);
    await daemon.start();
    await until("all of it runs", async () => (await daemon.berth(["ps", "-q"])).stdout.split("\n").length === 4);
    const events = await daemon.berth([
      // It takes until the next whole second.
      ...[
        "events",
        "--since",
        "0",
        "--until",
        String(Math.ceil(Date.now() / 1000)),
        "--format",
        "{{.Actor.Attributes.name}} {{.Action}}",
      ],
      ...["--filter", "event=start", "--filter", "event=health_status"],
    ]);
    expect(events.stdout.trim().split("\n")).toEqual([
      "db start",
      "db health_status: healthy",
      "app start",
      "web start",
    ]);
    await daemon.berth(["rm", "-f", "web", "app", "db"]);
  });

  it("reports a container whose conmon was killed with -9 as exited with an error, and removes it", async () => {
    await start("orphan", "exec sleep 600");
    const pid = (await daemon.berth(["inspect", "-f", "{{.State.Pid}}", "orphan"])).stdout.trim();
    const parent =
      (await machine.exec("sh", ["-c", `grep PPid /proc/${pid}/status`])).stdout.split("\t")[1]?.trim() ?? "";
    expect((await machine.exec("cat", [`/proc/${parent}/comm`])).stdout).toBe("conmon\n");
    await machine.exec("kill", ["-9", parent]);
    await until("it is reported", async () => (await state("orphan")).startsWith("exited"), 1500);
    expect(await state("orphan")).not.toBe("exited 0");
    expect((await daemon.berth(["inspect", "-f", "{{.State.Error}}", "orphan"])).stdout.trim()).not.toBe("");
    await until("its process is gone", async () => (await machine.exec("cat", [`/proc/${pid}/comm`])).code !== 0);
    expect((await daemon.berth(["rm", "orphan"])).code).toBe(0);
  });
});
