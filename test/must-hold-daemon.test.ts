import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTar } from "../src/lib/tar/index.ts";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, dist, startDaemon } from "./harness/daemon.ts";
import { factsOf } from "./harness/facts.ts";
import { isRoot, type Machine, makeMachine, until } from "./harness/machine.ts";
import { startRegistry } from "./harness/registry.ts";

/** MiB that V8 may take before it collects. */
const slack = 30;

// The numbers are the rows of the table in docs/security.md.
describe.skipIf(!isRoot)("what must hold of the daemon", () => {
  let machine: Machine;
  let daemon: Daemon;
  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    await importBusybox(daemon);
  });
  afterAll(async () => {
    try {
      expect(daemon.log).not.toMatch(/uncaught exception|unhandled rejection/);
    } finally {
      await machine?.[Symbol.asyncDispose]();
    }
  });

  const start = (name: string, args: string[], flags: string[] = []) =>
    daemon.berth(["run", "-d", "--network", "none", "--name", name, ...flags, "busybox", ...args]);
  const remove = (...names: string[]) => daemon.berth(["rm", "-f", ...names]);
  const many = async (count: number, parallel: number, work: (index: number) => Promise<unknown>) => {
    let next = 0;
    const worker = async () => {
      while (next < count) await work(next++);
    };
    await Promise.all(Array.from({ length: parallel }, worker));
  };
  /** A raw request whose answer nobody reads. */
  const unread = (head: string, body = "") =>
    new Promise<Socket>((resolve) => {
      const socket = connect(daemon.socket, () => {
        socket.pause();
        const upgrade = head.startsWith("POST")
          ? "Upgrade: tcp\r\nConnection: Upgrade\r\nContent-Type: application/json\r\n"
          : "";
        socket.write(`${head} HTTP/1.1\r\nHost: x\r\n${upgrade}Content-Length: ${body.length}\r\n\r\n${body}`);
        resolve(socket);
      });
      socket.on("error", () => {});
    });
  /** Runs the work twice; what the first time took for good must be all. */
  const flat = async (first: () => Promise<unknown>, again: () => Promise<unknown>) => {
    await first();
    const settled = async () => {
      let last = factsOf(daemon);
      return until("the daemon has settled", async () => {
        await new Promise((resolve) => setTimeout(resolve, 150));
        const now = factsOf(daemon);
        const same = now.descriptors === last.descriptors && now.processes === last.processes;
        last = now;
        return same ? now : undefined;
      });
    };
    const before = await settled();
    await again();
    // A client that has ended its sending before it left is noticed some seconds later.
    const after = await until("connections are let go", async () => {
      const now = await settled();
      return now.descriptors <= before.descriptors + 3 ? now : undefined;
    });
    expect(after.memory).toBeLessThan(before.memory + slack);
    expect({ ...after, memory: 0, descriptors: 0 }).toEqual({ ...before, memory: 0, descriptors: 0 });
  };
  const post = async (path: string, body: unknown) => (await daemon.request("POST", path, body)).json as { Id: string };

  it("32: two thousand failing execs leave everything as it was", async () => {
    await start("flood", ["sleep", "600"]);
    const failing = [
      { Cmd: ["nope"], AttachStdout: true },
      { Cmd: ["true"], User: "nobody-of-that-name", AttachStdout: true },
      { Cmd: ["sh"], WorkingDir: "/no/such", AttachStderr: true },
      { Cmd: ["/etc/passwd"], AttachStdout: true, Tty: true },
    ];
    const exec = async (index: number) => {
      const { Id } = await post("/containers/flood/exec", failing[index % failing.length]);
      const answer = await daemon.request("POST", `/exec/${Id}/start`, { Detach: index % 8 === 7 });
      expect([200, 400, 500]).toContain(answer.status);
    };
    await flat(
      () => many(200, 8, exec),
      () => many(1800, 8, exec),
    );
    const { json } = await daemon.get("/containers/flood/json");
    expect((json as { ExecIDs: string[] | null }).ExecIDs).toBeNull();
    expect((await daemon.berth(["exec", "flood", "echo", "fine"])).stdout).toBe("fine\n");
    expect(readdirSync(join(daemon.dir, "exec/containers")).length).toBe(1);
    await remove("flood");
  });

  it("32: clients that hang up leave nothing, whatever they waited for", async () => {
    const ticking = ["sh", "-c", "while :; do echo tick; sleep 0.05; done"];
    await start("ticking", ticking, ["-i"]);
    await start("terminal", ["sh"], ["-it"]);
    await daemon.berth(["create", "-i", "--network", "none", "--name", "waiting", "busybox", "cat"]);
    const query = "stream=1&stdin=1&stdout=1&stderr=1&logs=1";
    const heads = [
      ...["ticking", "terminal", "waiting"].map((name) => `POST /containers/${name}/attach?${query}`),
      "POST /containers/ticking/wait",
      "GET /containers/ticking/logs?stdout=1&follow=1",
      "GET /events",
    ];
    const visit = async (index: number) => {
      const socket = await unread(heads[index % heads.length] ?? "");
      if (index % 3 === 0) socket.write("echo typed\n");
      if (index % 5 === 0) socket.end();
      await new Promise((resolve) => setTimeout(resolve, index % 7));
      socket.destroy();
    };
    await flat(
      () => many(120, 10, visit),
      () => many(600, 10, visit),
    );
    expect((await daemon.berth(["exec", "ticking", "echo", "fine"])).stdout).toBe("fine\n");
    await remove("ticking", "terminal", "waiting");
  });

  it("32: a client that does not read makes the process wait and does not grow the daemon", async () => {
    await start("host", ["sleep", "600"]);
    const { Id: attached } = await post("/containers/create", {
      Image: "busybox",
      Cmd: ["yes", "a line that nobody reads"],
      HostConfig: { NetworkMode: "none", LogConfig: { Type: "none" } },
    });
    const before = factsOf(daemon);
    const sockets = [await unread(`POST /containers/${attached}/attach?stream=1&stdout=1`)];
    await daemon.request("POST", `/containers/${attached}/start`);
    const { Id: exec } = await post("/containers/host/exec", { Cmd: ["yes"], AttachStdout: true });
    sockets.push(await unread(`POST /exec/${exec}/start`, "{}"));
    await start("logged", ["yes", "a line for the log"], ["--log-opt", "max-size=1m"]);
    sockets.push(await unread("GET /containers/logged/logs?stdout=1&follow=1"));
    for (let index = 0; index < 5; index++) sockets.push(await unread("GET /events"));
    await many(500, 5, () => post("/containers/host/exec", { Cmd: ["x".repeat(4000)] }));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(factsOf(daemon).memory).toBeLessThan(before.memory + 2 * slack);
    expect((await daemon.get("/_ping")).text).toBe("OK");
    for (const socket of sockets) socket.destroy();
    await remove("logged", "host", attached);
  });

  it("26: a body of the wrong kind is the client's mistake, wherever it is sent", async () => {
    await start("body", ["sleep", "600"]);
    const { Id } = await post("/containers/body/exec", { Cmd: ["true"] });
    const paths = ["/containers/create", "/containers/body/exec", "/containers/body/update", `/exec/${Id}/resize`];
    paths.push("/volumes/create", "/networks/create", "/auth", "/commit?container=body", `/exec/${Id}x/start`);
    for (const path of paths)
      for (const body of ["null", "[]", '"x"', "5", "{", "{}{}", "[".repeat(100_000), '{"__proto__":{"x":1}}', ""]) {
        const { status, json } = await daemon.request("POST", path, body);
        expect([path, body.slice(0, 20), status]).not.toEqual([path, body.slice(0, 20), 500]);
        if (status >= 400) expect((json as { message: string }).message).not.toMatch(/undefined|TypeError/);
      }
    await remove("body");
    await daemon.berth(["volume", "prune", "-af"]);
  });

  it("32: failing pulls leave everything as it was", async () => {
    const layer = join(machine.dir, "layer.tar");
    writeFileSync(layer, createTar([{ name: "f", content: "x".repeat(100_000) }]));
    const images = ["lies", "gone"].map((path) => ({ path, tag: "1", layers: [layer] }));
    const gone = { on: "/v2/gone/blobs/", do: "answer" as const, status: 404, body: "{}" };
    const denied = { on: "/v2/denied/", do: "answer" as const, status: 403, body: "<html>" };
    const registry = await startRegistry(machine, { images, faults: [gone, denied], lies: "/v2/lies/blobs/" });
    const names = ["lies:1", "gone:1", "denied:1", "missing:1", "-bad-"];
    const pull = async (index: number) => {
      const name = encodeURIComponent(`${registry.domain}/${names[index % names.length]}`);
      const { text } = await daemon.request("POST", `/images/create?fromImage=${name}`);
      expect(text).toMatch(/message|errorDetail/);
    };
    await flat(
      () => many(50, 5, pull),
      () => many(250, 5, pull),
    );
    expect(readdirSync(join(daemon.dataRoot, "layers"))).toHaveLength(
      1 + Number(existsSync(join(daemon.dataRoot, "layers/.empty"))),
    );
    expect(readdirSync(join(daemon.dataRoot, "blobs/ingest"))).toEqual([]);
  });

  it("a full disk gives one clear error, leaves nothing half-made, and does not stop removing", async () => {
    const disk = join(machine.dir, "disk");
    mkdirSync(disk);
    await machine.exec("mount", ["-t", "tmpfs", "-o", "size=6m,mode=755", "disk", disk]);
    const small = await startDaemon(machine, { name: "small", flags: ["--data-root", `${disk}/data`] });
    await importBusybox(small);
    const noise = join(machine.dir, "noise.tar");
    await machine.exec("sh", [
      "-c",
      `head -c 12000000 /dev/urandom > ${machine.dir}/noise && tar -C ${machine.dir} -cf ${noise} noise`,
    ]);
    const registry = await startRegistry(machine, { images: [{ path: "noise", tag: "1", layers: [noise] }] });
    const run = (args: string[]) => small.berth(["run", "--network", "none", ...args]);
    const used = async () => (await machine.exec("du", ["-s", "--exclude=containers", `${disk}/data`])).stdout;
    const files = async () => (await machine.exec("find", [`${disk}/data`, "-name", "*tmp-*"])).stdout;
    const clear = (output: { code: number; stderr: string }) => {
      expect(output.code).not.toBe(0);
      expect(output.stderr.match(/no space left on device/g) ?? output.stderr).toHaveLength(1);
    };
    const before = await used();
    clear(await small.berth(["import", noise, "noise"]));
    clear(await small.berth(["pull", `${registry.domain}/noise:1`]));
    expect([await used(), await files()]).toEqual([before, ""]);

    await run(["-d", "--name", "running", "busybox", "sleep", "600"]);
    await small.berth(["create", "--network", "none", "--name", "never", "busybox", "true"]);
    const fill = "cat /dev/zero > /a; cat /dev/zero > /b; echo full";
    expect((await run(["--name", "filler", "busybox", "sh", "-c", fill])).stdout).toBe("full\n");
    for (const args of [["--rm"], ["-d"], ["--name", "named"]]) clear(await run([...args, "busybox", "true"]));
    clear(await small.berth(["start", "never"]));
    clear(await small.berth(["import", noise, "noise"]));
    clear(await small.berth(["volume", "create", "new"]));
    const names = async () =>
      (await small.berth(["ps", "-a", "--format", "{{.Names}}"])).stdout.trim().split("\n").sort();
    expect(await names()).toEqual(["filler", "never", "running"]);
    expect((await small.berth(["exec", "running", "echo", "alive"])).stdout).toBe("alive\n");

    await small.restart("SIGKILL");
    expect((await small.berth(["exec", "running", "echo", "alive"])).stdout).toBe("alive\n");
    expect((await small.berth(["stop", "-t", "0", "running"])).code).toBe(0);
    expect((await small.berth(["rm", "running"])).code).toBe(0);
    expect((await small.berth(["container", "prune", "-f"])).code).toBe(0);
    expect(await names()).toEqual([""]);
    expect((await run(["--rm", "busybox", "echo", "room"])).stdout).toBe("room\n");
    expect((await small.berth(["image", "prune", "-af"])).code).toBe(0);
    expect((await small.berth(["images", "-q"])).stdout).toBe("");
    expect(small.log).not.toMatch(/uncaught exception|unhandled rejection/);
    await small.signal("SIGTERM");
  });

  it("several daemons run side by side, and two on one folder are refused", async () => {
    const others = await Promise.all(["one", "two"].map((name) => startDaemon(machine, { name })));
    await Promise.all(others.map((other) => importBusybox(other)));
    for (const other of others)
      await other.berth(["run", "-d", "--network", "none", "--name", "same", "busybox", "sleep", "600"]);
    const [one, two] = others as [Daemon, Daemon];
    await two.berth(["rm", "-f", "same"]);
    await one.restart("SIGKILL");
    expect((await one.berth(["exec", "same", "echo", "mine"])).stdout).toBe("mine\n");
    expect((await two.berth(["ps", "-aq"])).stdout).toBe("");

    const alias = join(machine.dir, "alias");
    await machine.exec("ln", ["-s", one.dataRoot, alias]);
    const free = (name: string) => join(machine.dir, "free", name);
    const places = {
      "--data-root": free("data"),
      "--exec-root": free("exec"),
      "--pidfile": free("pid"),
      "-H": `unix://${free("sock")}`,
    };
    const taken: [keyof typeof places, string, RegExp][] = [
      ["--data-root", one.dataRoot, /another daemon uses these folders/],
      ["--data-root", alias, /another daemon uses these folders/],
      ["--exec-root", join(one.dir, "exec"), /another daemon uses these folders/],
      ["--pidfile", `${one.dir}.pid`, /is still running/],
      ["-H", one.host, /another process serves/],
    ];
    for (const [flag, value, message] of taken) {
      const flags = Object.entries({ ...places, [flag]: value }).flat();
      const refused = await machine.exec("timeout", ["10", join(dist, "berth"), "daemon", ...flags]);
      expect([flag, refused.code]).toEqual([flag, 1]);
      expect(refused.stderr).toMatch(message);
    }
    expect((await one.berth(["exec", "same", "echo", "mine"])).stdout).toBe("mine\n");
    await one.berth(["rm", "-f", "same"]);
    await Promise.all(others.map((other) => other.signal("SIGTERM")));
  });

  it("SIGHUP reads daemon.json again, and a broken one changes nothing", async () => {
    const file = join(machine.dir, "daemon.json");
    const write = (value: unknown) => writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
    write({ labels: ["a=1"] });
    const reloaded = await startDaemon(machine, { name: "reloaded", flags: ["--config-file", file] });
    const info = async () =>
      (await reloaded.get("/info")).json as { Labels: string[]; Debug: boolean; DockerRootDir: string };
    const hup = async (told: RegExp) => {
      const at = reloaded.log.length;
      await machine.exec("kill", ["-HUP", String(reloaded.pid)]);
      await until("the daemon has looked at its file", () => told.test(reloaded.log.slice(at)));
    };
    expect(await info()).toMatchObject({ Labels: ["a=1"], Debug: false });
    write({ labels: ["b=2"], debug: true, "insecure-registries": ["r.example:5000"] });
    await hup(/Reloaded configuration/);
    expect(await info()).toMatchObject({ Labels: ["b=2"], Debug: true });
    for (const broken of ["{", "[]", '{"nope":1}', '{"labels":5}', '{"data-root":"/elsewhere"}']) {
      write(broken);
      await hup(/unable to configure the daemon/);
      expect(await info()).toMatchObject({ Labels: ["b=2"], Debug: true, DockerRootDir: reloaded.dataRoot });
    }
    await reloaded.signal("SIGTERM");
  });

  it("TCP without client certificates is for loopback addresses, or for who says what it is", async () => {
    const folder = join(machine.dir, "tcp");
    const flags = ["--data-root", `${folder}/data`, "--exec-root", `${folder}/exec`, "--pidfile", `${folder}/pid`];
    for (const host of ["tcp://0.0.0.0:2375", "tcp://:2375", "tcp://[::]:2375", "tcp://192.0.2.1:2375", "2375"]) {
      const refused = await machine.exec("timeout", ["10", join(dist, "berth"), "daemon", ...flags, "-H", host]);
      expect([host, refused.code, existsSync(folder)]).toEqual([host, expect.toBeOneOf([1, 125]), false]);
    }
    const open = await startDaemon(machine, { name: "loud", flags: ["-H", "tcp://0.0.0.0:23750", "--insecure-tcp"] });
    expect(open.log).toMatch(/level=warning msg="WARNING: everyone who can reach .* has root on this machine/);
    const curl = (...args: string[]) =>
      machine.exec("curl", ["-s", "-m", "5", ...args, "http://127.0.0.1:23750/_ping"]);
    expect((await curl()).stdout).toBe("OK");
    expect((await curl("-H", "Host: rebound.example")).stdout).toContain("is not this daemon's");
    expect((await curl("-H", "Origin: http://evil.example")).stdout).toContain("web pages are not served");
    await open.signal("SIGTERM");
  });

  const line = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
  const write = (count: number) => `awk 'BEGIN { for (i = 0; i < ${count}; i++) print i " ${line}" }'`;
  const logOf = async (name: string) => {
    const id = (await daemon.berth(["inspect", "-f", "{{.Id}}", name])).stdout.trim();
    const folder = join(daemon.dataRoot, "containers", id, "log");
    return readdirSync(folder).map((file) => ({ file, size: statSync(join(folder, file)).size }));
  };
  /** The numbers of the first and the last line; fails where one is missing, doubled or cut. */
  const whole = (text: string) => {
    const lines = text.split("\n").slice(0, -1);
    const first = Number.parseInt(lines[0] ?? "", 10);
    const wrong = lines.findIndex((each, index) => each !== `${first + index} ${line}`);
    expect([wrong, lines[wrong]]).toEqual([-1, undefined]);
    return [first, first + lines.length - 1];
  };

  it("a log of 50 MB is three files of ten, and holds the newest lines whole", async () => {
    await start("logger", ["sh", "-c", write(1_000_000)]);
    await daemon.berth(["wait", "logger"]);
    const files = await logOf("logger");
    expect(files.length).toBeLessThanOrEqual(3);
    for (const { size } of files) expect(size).toBeLessThan(14_000_000);
    const [first = 0, last] = whole((await daemon.berth(["logs", "logger"])).stdout);
    expect(last).toBe(999_999);
    expect(first).toBeLessThan(900_000);
    expect((await daemon.berth(["logs", "--tail", "1", "logger"])).stdout).toBe(`999999 ${line}\n`);
    await remove("logger");
  });

  it("logs -f goes on across rotations without losing a line", async () => {
    const script = `i=0; while [ $i -lt 60 ]; do awk -v s=$i 'BEGIN { for (n = s * 1000; n < s * 1000 + 1000; n++) print n " ${line}" }'; i=$((i+1)); sleep 0.02; done`;
    await start("followed", ["sh", "-c", script], ["--log-opt", "max-size=500k", "--log-opt", "max-file=5"]);
    expect(whole((await daemon.berth(["logs", "-f", "followed"])).stdout)).toEqual([0, 59_999]);
    expect((await logOf("followed")).length).toBe(5);
    await remove("followed");
  });

  it("a container that writes while the daemon is down does not wait for it, and nothing is lost", async () => {
    await start("alone", [
      "sh",
      "-c",
      `while [ ! -e /go ]; do sleep 0.05; done; ${write(300_000)}; touch /done; sleep 600`,
    ]);
    const pid = (await daemon.berth(["inspect", "-f", "{{.State.Pid}}", "alone"])).stdout.trim();
    await daemon.signal("SIGKILL");
    await machine.exec("touch", [`/proc/${pid}/root/go`]);
    await until(
      "it has written everything",
      async () => (await machine.exec("ls", [`/proc/${pid}/root/done`])).code === 0,
    );
    await daemon.start();
    expect(whole((await daemon.berth(["logs", "alone"])).stdout)).toEqual([0, 299_999]);
    await until("the log is cut to size", async () => (await logOf("alone")).some(({ file }) => file.endsWith(".1")));
    await remove("alone");
  });

  it("a terminal's client that is killed leaves the container alone", async () => {
    const [program, args, env] = daemon.clientCommand("berth", [
      "run",
      "-i",
      "--network",
      "none",
      "--name",
      "left",
      "busybox",
      "cat",
    ]);
    const client = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["pipe", "ignore", "ignore"] });
    await until("it runs", async () => (await daemon.berth(["ps", "-q", "--filter", "name=left"])).stdout !== "");
    client.kill("SIGKILL");
    expect((await daemon.berth(["inspect", "-f", "{{.Name}}", "left"])).stdout).toBe("/left\n");
    await remove("left");
    expect(readFileSync(daemon.logFile, "utf8")).not.toContain("level=fatal");
  });
});
