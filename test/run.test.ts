import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, dockerClient, startDaemon } from "./harness/daemon.ts";
import { has, isRoot, type Machine, makeMachine, until } from "./harness/machine.ts";

const clients = ["berth", "docker"] as const;

describe.skipIf(!isRoot)("run, with berth's client and the real docker client", () => {
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

  describe.each(clients)("%s", (client) => {
    const docker = client === "docker" && !has(dockerClient);
    const test = it.skipIf(docker);
    const call: Daemon["berth"] = (args, options) => daemon[client](args, options);
    const run = (args: string[], options = {}) => call(["run", "--rm", "--network", "none", ...args], options);

    test("gives stdout, stderr and the exit code", async () => {
      const done = await run(["busybox", "sh", "-c", "echo out; echo err >&2; exit 3"]);
      expect(done).toEqual({ code: 3, stdout: "out\n", stderr: "err\n" });
    });

    test("uses Docker's exit codes for what cannot run", async () => {
      expect((await run(["busybox", "nope"])).code).toBe(127);
      expect((await run(["busybox", "/etc"])).code).toBe(126);
      expect((await run(["--no-such-flag", "busybox"])).code).toBe(125);
      expect((await run(["busybox", "sh", "-c", "sh -c 'kill -9 $$'; exit $?"])).code).toBe(137);
    });

    test("leaves nothing behind of what could not run", async () => {
      const before = (await call(["ps", "-aq"])).stdout;
      await run(["busybox", "nope"]);
      expect((await call(["ps", "-aq"])).stdout).toBe(before);
    });

    test("half-closes standard input and passes binary bytes unchanged both ways", async () => {
      const input = Buffer.alloc(300_000);
      for (let index = 0; index < input.length; index++) input[index] = (index * 7 + (index >> 8)) & 255;
      const done = await run(["-i", "busybox", "cat"], { input });
      expect(done.code).toBe(0);
      expect(Buffer.from(done.stdout, "latin1").equals(input)).toBe(true);
    });

    test("gives a container without -i an empty standard input", async () => {
      const done = await run(["busybox", "sh", "-c", "cat; echo end"], { input: "unseen" });
      expect(done.stdout).toBe("end\n");
    });

    test("sets environment, folder, user, host name and entrypoint", async () => {
      const file = join(machine.dir, "env");
      writeFileSync(file, "# comment\nB=two words\nHOME_FROM_CLIENT\n");
      const script = 'echo "$A|$B|$PWD|$(id -u):$(id -g)|$(hostname)|$(id -G)"';
      const flags = ["-e", "A=1", "--env-file", file, "-w", "/tmp", "-u", "www", "-h", "named", "--entrypoint", "sh"];
      const done = await run([...flags, "busybox", "-c", script]);
      expect(done.stdout).toBe("1|two words|/tmp|33:33|named|33 50\n");
    });

    test("writes the id to --cidfile and refuses one that exists", async () => {
      const file = join(machine.dir, `cid-${client}`);
      expect((await run(["--cidfile", file, "busybox", "true"])).code).toBe(0);
      expect(readFileSync(file, "utf8")).toMatch(/^[0-9a-f]{64}$/);
      expect((await run(["--cidfile", file, "busybox", "true"])).code).toBe(125);
    });

    test("reaps as pid 1 with --init", async () => {
      const done = await run(["--init", "busybox", "sh", "-c", "cat /proc/1/comm; echo $$"]);
      expect(done.stdout.split("\n")[0]).not.toBe("sh");
      expect(done.stdout.trim().split("\n")[1]).not.toBe("1");
    });

    test("mounts folders, volumes and tmpfs as asked", async () => {
      const folder = join(machine.dir, `bind-${client}`);
      mkdirSync(folder);
      writeFileSync(join(folder, "host"), "from the host");
      const volume = `vol-${client}`;
      const flags = ["-v", `${folder}:/b`, "-v", `${folder}:/ro:ro`, "-v", `${volume}:/v`, "--tmpfs", "/t:size=1m"];
      const script =
        "cat /b/host; echo x > /b/made; echo y > /ro/no 2>/dev/null || echo; echo z > /v/kept; df /t | tail -1";
      const done = await run([...flags, "busybox", "sh", "-c", script]);
      expect(done.stdout.split("\n")[0]).toBe("from the host");
      expect(done.stdout).toMatch(/1024 .*\/t\n$/);
      expect(readFileSync(join(folder, "made"), "utf8")).toBe("x\n");
      expect(
        (await run(["--mount", `type=volume,src=${volume},dst=/again`, "busybox", "cat", "/again/kept"])).stdout,
      ).toBe("z\n");
      expect((await call(["volume", "rm", volume])).code).toBe(0);
    });

    test("fills a new volume from the image, owners and modes included", async () => {
      const volume = `fill-${client}`;
      const done = await run(["-v", `${volume}:/etc`, "busybox", "sh", "-c", "cat /etc/group | head -1; ls -ld /etc"]);
      expect(done.stdout).toContain("root:x:0:");
      const other = await run(["-v", `${volume}:/x`, "busybox", "ls", "/x"]);
      expect(other.stdout).toContain("passwd");
      expect((await call(["volume", "rm", volume])).code).toBe(0);
    });

    test("shares the network, pid and ipc of another container", async () => {
      const name = `ns-${client}`;
      await call(["run", "-d", "--network", "none", "--ipc", "shareable", "--name", name, "busybox", "sleep", "600"]);
      const flags = ["--network", `container:${name}`, "--pid", `container:${name}`, "--ipc", `container:${name}`];
      const script = "for n in net pid ipc; do readlink /proc/self/ns/$n; done; ps | grep -c '[s]leep 600'";
      const joined = await call(["run", "--rm", ...flags, "busybox", "sh", "-c", script]);
      const own = await call(["exec", name, "sh", "-c", "for n in net pid ipc; do readlink /proc/self/ns/$n; done"]);
      expect(joined.stdout).toBe(`${own.stdout}1\n`);
      await call(["rm", "-f", name]);
    });

    test("logs with --tail, --since, --timestamps, and stdout apart from stderr", async () => {
      const name = `log-${client}`;
      await call([
        "run",
        "--network",
        "none",
        "--name",
        name,
        "busybox",
        "sh",
        "-c",
        "echo one; echo three; sleep 0.1; echo two >&2; sleep 0.1; echo four",
      ]);
      expect(await call(["logs", name])).toEqual({ code: 0, stdout: "one\nthree\nfour\n", stderr: "two\n" });
      expect((await call(["logs", "--tail", "1", name])).stdout).toBe("four\n");
      expect((await call(["logs", "--since", "2000-01-01", "--until", "2000-01-02", name])).stdout).toBe("");
      expect((await call(["logs", "-t", name])).stdout).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one\n/);
      await call(["rm", name]);
    });

    test("follows a log to its end", async () => {
      const name = `follow-${client}`;
      const script = "for i in 1 2 3 4 5; do echo $i; sleep 0.05; done";
      await call(["run", "-d", "--network", "none", "--name", name, "busybox", "sh", "-c", script]);
      expect((await call(["logs", "-f", name])).stdout).toBe("1\n2\n3\n4\n5\n");
      await call(["rm", "-f", name]);
    });

    test("lives through create, start, exec, stop, restart, kill, wait, rm", async () => {
      const name = `life-${client}`;
      const created = await call(["create", "--network", "none", "--name", name, "busybox", "sleep", "600"]);
      expect(created.stdout).toMatch(/^[0-9a-f]{64}\n$/);
      const state = async () => (await call(["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name])).stdout;
      expect(await state()).toBe("created 0\n");
      expect((await call(["start", name])).stdout).toBe(`${name}\n`);
      expect(await state()).toBe("running 0\n");
      expect((await call(["exec", name, "sh", "-c", "echo hi; exit 7"])).code).toBe(7);
      expect((await call(["exec", "-i", name, "cat"], { input: "through" })).stdout).toBe("through");
      expect((await call(["exec", name, "nope"])).code).toBe(127);
      expect((await call(["restart", "-t", "0", name])).code).toBe(0);
      expect(await state()).toBe("running 0\n");
      expect((await call(["stop", "-t", "0", name])).stdout).toBe(`${name}\n`);
      expect(await state()).toBe("exited 137\n");
      await call(["start", name]);
      const waiting = call(["wait", name]);
      expect((await call(["kill", "-s", "KILL", name])).code).toBe(0);
      expect((await waiting).stdout).toBe("137\n");
      expect((await call(["rm", name])).stdout).toBe(`${name}\n`);
      expect((await call(["inspect", name])).code).toBe(1);
    });

    test("has the exit code of an exec once its output ends", async () => {
      const name = `codes-${client}`;
      await call(["run", "-d", "--network", "none", "--name", name, "busybox", "sleep", "600"]);
      const codes = await Promise.all(
        Array.from({ length: 30 }, async (_, index) => (await call(["exec", name, "sh", "-c", `exit ${index}`])).code),
      );
      expect(codes).toEqual(Array.from({ length: 30 }, (_, index) => index));
      await call(["rm", "-f", name]);
    });

    test("ends at its stop signal", async () => {
      const name = `sig-${client}`;
      const script = "trap 'exit 5' USR1; echo ready; while :; do sleep 0.02; done";
      await call([
        "run",
        "-d",
        "--network",
        "none",
        "--name",
        name,
        "--stop-signal",
        "USR1",
        "busybox",
        "sh",
        "-c",
        script,
      ]);
      await until("the trap is set", async () => (await call(["logs", name])).stdout === "ready\n");
      await call(["stop", name]);
      expect((await call(["wait", name])).stdout).toBe("5\n");
      await call(["rm", name]);
    });

    test("removes a container that runs only by force", async () => {
      const name = `force-${client}`;
      await call(["run", "-d", "--network", "none", "--name", name, "busybox", "sleep", "600"]);
      const refused = await call(["rm", name]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("container is running");
      expect((await call(["rm", "-f", name])).code).toBe(0);
    });

    test("has a terminal that follows the client's window", async () => {
      const [program, args, env] = daemon.clientCommand(client, [
        "run",
        "--rm",
        "-it",
        "--network",
        "none",
        "busybox",
        "sh",
        "-c",
        "sleep 0.3; stty size; tty",
      ]);
      const script = `stty rows 33 cols 99; ${[program, ...args].map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(" ")}`;
      const { capture } = await import("./harness/machine.ts");
      const done = await capture("script", ["-qec", script, "/dev/null"], { env });
      expect(done.stdout.replaceAll("\r", "")).toContain("33 99\n/dev/pts/0\n");
    });

    test("tells of an image that is not there", async () => {
      const done = await call(["run", "--rm", "--pull", "never", "no-such-image", "true"]);
      expect(done.code).toBe(125);
      expect(done.stderr).toContain("No such image: no-such-image:latest");
    });
  });
});
