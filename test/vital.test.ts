import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxTar, importBusybox } from "./harness/busybox.ts";
import { type Daemon, dockerClient, startDaemon } from "./harness/daemon.ts";
import { has, isRoot, type Machine, makeMachine, until } from "./harness/machine.ts";

interface Health {
  Status: string;
  FailingStreak: number;
  Log: { Start: string; End: string; ExitCode: number; Output: string }[];
}

describe.skipIf(!isRoot)("what is watched and changed of a running container", () => {
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

  const berth = async (...args: string[]) => {
    const done = await daemon.berth(args);
    expect(done.stderr).toBe("");
    return done.stdout;
  };
  const run = (name: string, flags: string[], command: string[] = ["sleep", "600"]) =>
    berth("run", "-d", "--network", "none", "--name", name, ...flags, "busybox", ...command);
  const health = async (name: string) =>
    JSON.parse(await berth("inspect", "-f", "{{json .State.Health}}", name)) as Health;
  const field = async (name: string, path: string) => (await berth("inspect", "-f", `{{${path}}}`, name)).trim();
  /** Never 0, which would name a group of processes. */
  const pidOf = (name: string) =>
    until(`${name} has a process`, async () => {
      const pid = await field(name, ".State.Pid");
      return /^[1-9]\d*$/.test(pid) ? pid : undefined;
    });
  const healthIs = (name: string, status: string) =>
    until(`${name} is ${status}`, async () => (await health(name)).Status === status);

  const now = () => (Date.now() / 1000 + 0.01).toFixed(3);

  it("runs health checks: states, log, events, ps and its filter", async () => {
    const check = "echo looked; test -e /tmp/fine";
    await run("h1", ["--health-cmd", check, "--health-interval", "100ms", "--health-retries", "2"]);
    expect((await health("h1")).Status).toBe("starting");
    await healthIs("h1", "unhealthy");
    expect((await health("h1")).Log[0]).toMatchObject({ ExitCode: 1, Output: "looked\n" });
    await berth("exec", "h1", "touch", "/tmp/fine");
    await healthIs("h1", "healthy");
    expect(await berth("ps", "--filter", "health=healthy", "--format", "{{.Names}} {{.Status}}")).toMatch(
      /^h1 Up .* \(healthy\)\n$/,
    );
    const events = await berth("events", "--since", "1m", "--until", now(), "--filter", "container=h1");
    for (const part of ["health_status: unhealthy", "health_status: healthy", `exec_create: /bin/sh -c ${check}`])
      expect(events).toContain(part);
    expect(events).toMatch(/exec_die .*exitCode=1/);
    await berth("stop", "-t", "0", "h1");
    expect((await health("h1")).Status).toBe("unhealthy");
    await berth("rm", "h1");
  });

  it("kills a check that takes too long, with all that it has started", async () => {
    const check = "sleep 301 & echo begun; sleep 302";
    await run("h2", ["--health-cmd", check, "--health-interval", "50ms", "--health-timeout", "100ms"]);
    await healthIs("h2", "unhealthy");
    const { Log } = await health("h2");
    expect(Log[0]).toMatchObject({ ExitCode: -1, Output: "Health check exceeded timeout (100ms): begun\n" });
    await berth("update", "--restart", "no", "h2");
    await until("at most one check runs", async () => {
      const lines = (await berth("top", "h2", "-eo", "pid,args")).split("\n");
      return lines.filter((line) => /sleep 30[12]/.test(line)).length <= 2;
    });
    await berth("rm", "-f", "h2");
  });

  it("takes the check from the image, and none where it is told", async () => {
    const change = ["--change", "HEALTHCHECK --interval=100ms CMD true", "--change", 'CMD ["sleep", "600"]'];
    await berth("import", ...change, busyboxTar(), "checked");
    await berth("run", "-d", "--network", "none", "--name", "h3", "checked");
    await healthIs("h3", "healthy");
    await berth("run", "-d", "--network", "none", "--no-healthcheck", "--name", "h5", "checked");
    expect(await field("h5", "json .State.Health")).toBe("null");
    await berth("rm", "-f", "h3", "h5");
    const body = {
      Image: "busybox",
      Cmd: ["sleep", "600"],
      Healthcheck: { Test: ["CMD", "nope"], Interval: 1e8, Retries: 1 },
      HostConfig: { NetworkMode: "none" },
    };
    expect((await daemon.request("POST", "/containers/create?name=h4", body)).status).toBe(201);
    await berth("start", "h4");
    await healthIs("h4", "unhealthy");
    expect((await health("h4")).Log[0]).toMatchObject({
      ExitCode: -1,
      Output:
        'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
    });
    await berth("rm", "-f", "h4");
  });

  it("goes on checking after the daemon was killed", async () => {
    await run("h6", ["--health-cmd", "test -e /tmp/fine", "--health-interval", "100ms", "--health-retries", "1"]);
    await healthIs("h6", "unhealthy");
    await daemon.restart("SIGKILL");
    await berth("exec", "h6", "touch", "/tmp/fine");
    await healthIs("h6", "healthy");
    await berth("rm", "-f", "h6");
  });

  it("ends a check that the killed daemon had begun", async () => {
    await run("h9", ["--health-cmd", "sleep 303", "--health-interval", "200ms", "--health-timeout", "300s"]);
    const probes = async () => (await berth("top", "h9", "-eo", "pid,args")).match(/\d+ +sleep 303$/gm) ?? [];
    await until("a check runs", async () => (await probes()).length > 0);
    const state = `${daemon.dataRoot}/containers/${await field("h9", ".Id")}/state.json`;
    await until("it is written down", () => readFileSync(state, "utf8").includes('"probe"'));
    const [before] = await probes();
    await daemon.restart("SIGKILL");
    await until("only the new one runs", async () => {
      const now = await probes();
      return now.length === 1 && now[0] !== before;
    });
    await berth("rm", "-f", "h9");
  });

  it.each([
    ["kill", "exited", "137"],
    ["stop", "exited", "143"],
  ])("on failure: %s", async (action, status, code) => {
    const flags = ["--health-cmd", "false", "--health-interval", "50ms", "--health-retries", "1"];
    const command = ["sh", "-c", "trap 'exit 143' TERM; while :; do sleep 0.05; done"];
    await run("h7", [...flags, "--health-on-failure", action], command);
    await until("it has ended", async () => (await field("h7", ".State.Status")) === status);
    expect(await field("h7", ".State.ExitCode")).toBe(code);
    await berth("rm", "-f", "h7");
  });

  it("restarts what is unhealthy", async () => {
    const flags = ["--health-cmd", "test -e /tmp/no", "--health-interval", "100ms", "--health-retries", "1"];
    await run("h8", [...flags, "--health-on-failure", "restart", "--stop-timeout", "0"]);
    const first = await field("h8", ".State.StartedAt");
    await until("it was restarted", async () => (await field("h8", ".State.StartedAt")) !== first);
    await berth("rm", "-f", "h8");
    const body = { Image: "busybox", Healthcheck: { Test: ["CMD", "true"], OnFailure: "explode" } };
    expect((await daemon.request("POST", "/containers/create", body)).status).toBe(400);
  });

  it("a thousand failing checks leave nothing behind", async () => {
    const count = async () => (await machine.exec("ls", [`/proc/${daemon.pid}/fd`])).stdout.split("\n").length;
    const flags = ["--health-cmd", "exit 1", "--health-interval", "1ms"];
    const names = Array.from({ length: 4 }, (_, index) => `m${index}`);
    await Promise.all(names.map((name) => run(name, flags)));
    await until("they have begun", async () => (await health("m0")).FailingStreak > 3);
    const before = await count();
    const checks = async () => {
      const all = await Promise.all(names.map(health));
      return all.reduce((sum, each) => sum + each.FailingStreak, 0);
    };
    await until("a thousand checks have failed", async () => (await checks()) >= 1000, 110_000);
    expect((await health("m0")).Log).toHaveLength(5);
    expect(await count()).toBeLessThan(before + 40);
    await berth("pause", ...names);
    await berth("unpause", ...names);
    await berth("stop", "-t", "0", ...names);
    for (const name of names) expect(await field(name, "json .ExecIDs")).toBe("null");
    await berth("rm", ...names);
    await until("nothing runs", async () => !(await machine.exec("ps", ["-eo", "args"])).stdout.includes("conmon"));
    await until("descriptors are given back", async () => (await count()) < before);
  });

  it("shows processes as the host's ps does, and only the container's", async () => {
    await run("t1", [], ["sh", "-c", "sleep 601 & sleep 602; :"]);
    const plain = await berth("top", "t1");
    expect(plain.split("\n")[0]).toMatch(/^UID +PID +PPID +C +STIME +TTY +TIME +CMD$/);
    expect(plain.trim().split("\n")).toHaveLength(4);
    const chosen = await berth("top", "t1", "-o", "pid,args");
    expect(chosen).toMatch(/^PID +COMMAND\n/);
    expect(chosen).toContain("sleep 601");
    const pid = await field("t1", ".State.Pid");
    expect(chosen).toContain(`${pid} `);
    const bad = await daemon.berth(["top", "t1", "-o", "comm"]);
    expect(bad.stderr).toBe("Error response from daemon: Couldn't find PID field in ps output\n");
    expect((await daemon.berth(["top", "t1", "--nope"])).stderr).toContain("unknown gnu long option");
    await berth("rm", "-f", "t1");
    expect((await daemon.berth(["top", "t1"])).stderr).toBe("Error response from daemon: No such container: t1\n");
  });

  it("measures what a container uses", async () => {
    await run("s1", ["-m", "64m", "--cpus", "0.5"], ["sh", "-c", "while :; do :; done"]);
    await run("s2", []);
    const begun = performance.now();
    const table = await berth("stats", "--no-stream");
    expect(performance.now() - begun).toBeLessThan(1500);
    expect(table.split("\n")[0]).toMatch(
      /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS$/,
    );
    const rows = (await berth("stats", "--no-stream", "--format", "json")).trim().split("\n");
    const busy = rows.map((row) => JSON.parse(row) as Record<string, string>).find(({ Name }) => Name === "s1");
    expect(Number.parseFloat(busy?.CPUPerc ?? "")).toBeGreaterThan(25);
    expect(Number.parseFloat(busy?.CPUPerc ?? "")).toBeLessThan(90);
    expect(busy?.MemUsage).toMatch(/ \/ 64MiB$/);
    expect(busy?.PIDs).toBe("1");
    const once = (await daemon.get("/containers/s1/stats?stream=0&one-shot=1")).json as Record<string, unknown>;
    expect(once).toMatchObject({ preread: "0001-01-01T00:00:00Z", name: "/s1" });
    const pair = (await daemon.get("/containers/s1/stats?stream=0")).json as { read: string; preread: string };
    expect(pair.preread < pair.read).toBe(true);
    await berth("stop", "-t", "0", "s1");
    expect(await berth("stats", "--no-stream", "s1", "--format", "{{.CPUPerc}} {{.MemUsage}} {{.PIDs}}")).toBe(
      "0.00% 0B / 0B 0\n",
    );
    await berth("rm", "-f", "s1", "s2");
  });

  it("changes limits and the restart policy while it runs, and keeps them", async () => {
    await run("u1", ["-m", "64m"]);
    const limit = async () => {
      const { memory_stats: memory } = (await daemon.get("/containers/u1/stats?stream=0&one-shot=1")).json as {
        memory_stats: { limit: number };
      };
      return memory.limit / 2 ** 20;
    };
    expect(await limit()).toBe(64);
    expect(await berth("update", "-m", "32m", "--memory-swap", "32m", "--pids-limit", "7", "u1")).toBe("u1\n");
    expect(await limit()).toBe(32);
    // Both grow: the order in which the kernel takes them matters.
    await berth("update", "-m", "128m", "--memory-swap", "256m", "--cpus", "0.5", "--cpu-shares", "512", "u1");
    expect(await limit()).toBe(128);
    await berth("update", "--memory-swap", "-1", "--pids-limit", "-1", "--restart", "on-failure:3", "u1");
    expect(await field("u1", ".HostConfig.RestartPolicy.Name")).toBe("on-failure");
    await daemon.restart("SIGKILL");
    expect(await field("u1", ".HostConfig.Memory")).toBe(String(128 * 2 ** 20));
    await berth("restart", "-t", "0", "u1");
    expect(await limit()).toBe(128);
    const less = await daemon.berth(["update", "-m", "1m", "u1"]);
    expect(less.stderr).toBe("Error response from daemon: Minimum memory limit allowed is 6MB\n");
    expect((await daemon.berth(["update", "u1"])).stderr).toContain("you must provide one or more flags");
    await berth("rm", "-f", "u1");
  });

  it("waits for health, a line of the log and a port", async () => {
    const serve = "sleep 0.3; echo it is ready; touch /tmp/fine; exec httpd -f -p 127.0.0.1:7070";
    await run("w1", ["--health-cmd", "test -e /tmp/fine", "--health-interval", "100ms"], ["sh", "-c", serve]);
    expect(await berth("wait-for", "w1", "--timeout", "20s", "log=^it .* ready$", "healthy", "port=7070")).toBe("");
    const late = await daemon.berth(["wait-for", "--timeout", "200ms", "w1", "port=7071"]);
    expect(late).toMatchObject({ code: 1, stderr: "container w1: not port=7071 within 0.2 s\n" });
    const never = daemon.berth(["wait-for", "w1", "log=never"]);
    await berth("kill", "w1");
    expect(await never).toMatchObject({ code: 1 });
    expect((await daemon.berth(["wait-for", "w1", "healthy"])).stderr).toContain("container w1 is not running");
    expect((await daemon.berth(["wait-for", "w1", "ready"])).stderr).toContain('invalid condition "ready"');
    await berth("rm", "w1");
    await run("w2", []);
    expect((await daemon.berth(["wait-for", "w2", "healthy"])).stderr).toContain("has no health check");
    await berth("rm", "-f", "w2");
  });

  it.skipIf(!has(dockerClient))("answers the docker client", async () => {
    await run("d1", ["--health-cmd", "true", "--health-interval", "100ms"]);
    await healthIs("d1", "healthy");
    const docker = async (...args: string[]) => (await daemon.docker(args)).stdout;
    expect(await docker("ps", "--filter", "health=healthy", "--format", "{{.Status}}")).toContain("(healthy)");
    expect(await docker("top", "d1", "-o", "pid,comm")).toContain("sleep");
    expect(await docker("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", "d1")).toMatch(/^d1 [1-9]\n$/);
    expect(await docker("update", "--cpu-shares", "300", "d1")).toBe("d1\n");
    expect(await field("d1", ".HostConfig.CpuShares")).toBe("300");
    await berth("rm", "-f", "d1");
  });

  it("waits until a container stops, exits next or is removed", async () => {
    const wait = async (name: string, condition: string) =>
      (await daemon.request("POST", `/containers/${name}/wait?condition=${condition}`)).json;
    await run("c1", [], ["sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done"]);
    const stopped = wait("c1", "not-running");
    const next = wait("c1", "next-exit");
    const removed = wait("c1", "removed");
    await berth("stop", "c1");
    expect(await stopped).toMatchObject({ StatusCode: 7 });
    expect(await next).toMatchObject({ StatusCode: 7 });
    expect(await wait("c1", "not-running")).toMatchObject({ StatusCode: 7 });
    await berth("rm", "c1");
    expect(await removed).toMatchObject({ StatusCode: 7 });
    expect((await daemon.request("POST", "/containers/c1/wait")).status).toBe(404);
    await run("c2", []);
    expect((await daemon.request("POST", "/containers/c2/wait?condition=soon")).status).toBe(400);
    await berth("rm", "-f", "c2");
  });

  it("starts again as the restart policy says, with Docker's back-off", async () => {
    const policy = (name: string, restart: string, command: string) =>
      run(name, ["--restart", restart], ["sh", "-c", command]);
    await policy("r1", "on-failure:3", "exit 4");
    await until("it has given up", async () => (await field("r1", ".State.Status")) === "exited");
    expect(await field("r1", ".RestartCount}} {{.State.ExitCode")).toBe("3 4");
    const starts = (
      await berth(
        "events",
        "--since",
        "1m",
        "--until",
        now(),
        "--filter",
        "container=r1",
        "--format",
        "{{.Action}} {{.TimeNano}}",
      )
    )
      .split("\n")
      .filter((line) => /^(start|die) /.test(line))
      .map((line) => ({ action: line.split(" ")[0], at: Number(line.split(" ")[1]) / 1e6 }));
    const gaps = starts.flatMap(({ action, at }, index) =>
      action === "start" && index > 0 ? [at - (starts[index - 1]?.at ?? 0)] : [],
    );
    expect(gaps).toHaveLength(3);
    for (const [index, least] of [100, 200, 400].entries()) {
      expect(gaps[index]).toBeGreaterThanOrEqual(least - 2);
      expect(gaps[index]).toBeLessThan(least + 400);
    }
    await policy("r2", "on-failure", "exit 0");
    await until("it has ended", async () => (await field("r2", ".State.Status")) === "exited");
    expect(await field("r2", ".RestartCount")).toBe("0");
    await berth("rm", "r1", "r2");
  });

  it("keeps restart policies across a killed daemon and a user's stop", async () => {
    for (const name of ["always", "unless-stopped"]) {
      await run(name, ["--restart", name]);
      await run(`${name}-stopped`, ["--restart", name]);
      await berth("stop", "-t", "0", `${name}-stopped`);
    }
    await run("no", []);
    const pids = await Promise.all(["always", "unless-stopped", "no"].map(pidOf));
    await daemon.signal("SIGKILL");
    // Ended while no daemon looked.
    await machine.exec("kill", ["-9", ...pids]);
    await daemon.start();
    await until("what is to run runs", async () => {
      const running = (await berth("ps", "--filter", "status=running", "--format", "{{.Names}}"))
        .trim()
        .split("\n")
        .sort();
      return running.join(" ") === "always always-stopped unless-stopped";
    });
    expect(await field("no", ".State.ExitCode")).toBe("137");
    await berth("update", "--restart", "no", "always");
    await machine.exec("kill", ["-9", await pidOf("always")]);
    await until("it stays down", async () => (await field("always", ".State.Status")) === "exited");
    await berth("rm", "-f", "always", "always-stopped", "unless-stopped", "unless-stopped-stopped", "no");
  });
});
