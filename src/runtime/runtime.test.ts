import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunningHandle, Runtime } from "./runtime.ts";
import {
  able,
  collect,
  eventually,
  every,
  everyAndStdin,
  openWorkshop,
  processOf,
  programs,
  runToEnd,
  type Workshop,
} from "./testing/containers.ts";

let workshop: Workshop;
let runtime: Runtime;

beforeAll(() => {
  if (!able) return;
  workshop = openWorkshop();
  runtime = workshop.runtime();
});

afterAll(async () => {
  if (!able) return;
  expect(workshop.remains()).toEqual([]);
  await workshop.close();
});

const started = async (options: Parameters<Runtime["create"]>[0], driver = runtime): Promise<RunningHandle> => {
  const handle = await driver.create(options);
  await driver.start(handle);
  return handle;
};
const gone = (pid: number) =>
  !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
const target = (link: string): string[] => {
  try {
    return [readlinkSync(link)];
  } catch {
    return []; // closed meanwhile
  }
};
const jsonCopy = (handle: RunningHandle) => JSON.parse(JSON.stringify(handle)) as RunningHandle;

describe.skipIf(!able)("a container's life", () => {
  test.each(Object.keys(programs))("with %s: created, started, ended, deleted; nothing is left", async (name) => {
    const options = workshop.bundle(`life-${name}`, ["sh", "-c", "echo out; echo err >&2; exit 3"], { runtime: name });
    const { handle, exit, out, err } = await runToEnd(runtime, options);
    expect([out.toString(), err.toString()]).toEqual(["out\n", "err\n"]);
    expect(exit).toMatchObject({ exitCode: 3, oomKilled: false });
    expect(exit.error).toBeUndefined();
    expect(Math.abs(exit.finishedAt.getTime() - Date.now())).toBeLessThan(5000);
    expect(readFileSync(options.log?.path ?? "", "utf8")).toMatch(/\+00:00 stdout F out\n/);
    await runtime.delete(handle);
    await runtime.delete(handle);
    expect(workshop.remains()).toEqual([]);
  });

  test.each(Object.keys(programs))(
    "with %s: what a process writes that is over at once reaches who attached before",
    async (name) => {
      const one = async (index: number) => {
        const options = workshop.bundle(`fast-${index}`, ["sh", "-c", "echo out; echo err >&2"], { runtime: name });
        const handle = await runtime.create(options);
        const sessions = await Promise.all([runtime.attach(handle, every), runtime.attach(handle, every)]);
        const outputs = sessions.map((session) => collect(session.output));
        await runtime.start(handle);
        for (const { out, err } of await Promise.all(outputs))
          expect([out.toString(), err.toString()]).toEqual(["out\n", "err\n"]);
        await runtime.delete(handle);
      };
      for (let round = 0; round < 3; round++)
        await Promise.all(Array.from({ length: 10 }, (_, index) => one(round * 10 + index)));
    },
  );

  test("a process that is not there or not executable is refused in Docker's words, and leaves nothing", async () => {
    const create = (args: string[]) => runtime.create(workshop.bundle("refused", args));
    await expect(create(["nope"])).rejects.toMatchObject({ kind: "invalid", exitCode: 127 });
    await expect(create(["nope"])).rejects.toThrow(
      'OCI runtime create failed: runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
    );
    await expect(create(["/etc/passwd"])).rejects.toMatchObject({ kind: "invalid", exitCode: 126 });
    await expect(create(["/etc"])).rejects.toMatchObject({ kind: "invalid", exitCode: 126 });
    expect(workshop.remains()).toEqual([]);
    await expect(runtime.create(workshop.bundle("x", ["true"], { runtime: "other" }))).rejects.toThrow(
      "unknown or invalid runtime name: other",
    );
  });

  test("no descriptor of the daemon's reaches monitor, container or exec", async () => {
    const handle = await started(workshop.bundle("fds", ["sleep", "100"], { stdin: true }));
    const exec = await runtime.exec(handle, { id: "e", process: processOf(["sleep", "100"]), attach: every });
    const files = (pid: number) => readdirSync(`/proc/${pid}/fd`).flatMap((name) => target(`/proc/${pid}/fd/${name}`));
    for (const pid of [handle.pid, exec.pid]) {
      expect(files(pid)).toHaveLength(3);
      for (const file of files(pid)) expect(file).toMatch(/^(pipe:|\/dev\/null)/);
      expect(readlinkSync(`/proc/${pid}/cwd`)).toBe("/");
    }
    const own = new Set(files(process.pid).filter((file) => file.startsWith("pipe:") || file.startsWith("/")));
    own.delete("/dev/null");
    expect(files(handle.monitorPid).filter((file) => own.has(file))).toEqual([]);
    expect(readFileSync("/proc/net/unix", "latin1")).not.toMatch(/ @.*(attach|conmon)/);
    expect(statSync(join(handle.bundle, "attach")).mode & 0o077).toBe(0);
    await runtime.delete(handle);
    expect(await exec.exit).toBe(137);
  });

  test("signals end it; a paused one can be deleted, as can one that never started", async () => {
    const killed = await started(workshop.bundle("killed", ["sleep", "100"]));
    expect(runtime.kill(killed, 9)).toBe(true);
    expect(await runtime.onExit(killed)).toMatchObject({ exitCode: 137, oomKilled: false });
    expect(runtime.kill(killed, 9)).toBe(false);
    await expect(runtime.start(killed)).rejects.toMatchObject({ kind: "conflict" });
    const paused = await started(workshop.bundle("paused", ["sleep", "100"]));
    await runtime.pause(paused);
    await runtime.delete(paused);
    const waiting = await runtime.create(workshop.bundle("waiting", ["sleep", "100"]));
    await Promise.all([killed, waiting].map((handle) => runtime.delete(handle)));
    for (const { pid, monitorPid } of [killed, paused, waiting])
      expect([gone(pid), gone(monitorPid)]).toEqual([true, true]);
  });

  test("without a pid namespace, what outlives the first process is killed by the cgroup", async () => {
    const options = workshop.bundle("hostpid", ["sh", "-c", "yes & sleep 100 & sleep 0.1; exit 5"], {}, (spec) => {
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) => type !== "pid");
    });
    const handle = await started(options);
    expect(await runtime.onExit(handle)).toMatchObject({ exitCode: 5 });
    expect(runtime.pids(handle)).toEqual([]);
    await runtime.delete(handle);
  });

  test("an end by memory is told", async () => {
    const options = workshop.bundle("oom", ["sh", "-c", "x=a; while :; do x=$x$x; done"], {}, (spec) => {
      spec.linux.resources = { memory: { limit: 16 * 1024 * 1024, swap: 16 * 1024 * 1024 } };
    });
    const handle = await started(options);
    expect(await runtime.onExit(handle)).toMatchObject({ exitCode: 137, oomKilled: true });
    await runtime.delete(handle);
  });
});

describe.skipIf(!able)("streams", () => {
  test("stdin arrives whole and its end ends it; binary bytes pass unchanged", async () => {
    const handle = await runtime.create(workshop.bundle("cat", ["cat"], { stdin: true, stdinOnce: true }));
    const { output, input } = await runtime.attach(handle, everyAndStdin);
    const echoed = collect(output);
    await runtime.start(handle);
    const sent = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) % 256));
    input?.write(sent.subarray(0, 1_000_000));
    input?.end(sent.subarray(1_000_000));
    expect((await echoed).out.equals(sent)).toBe(true);
    expect(await runtime.onExit(handle)).toMatchObject({ exitCode: 0 });
    await runtime.delete(handle);
  });

  test("output is whole where the process leaves stdin unread", async () => {
    for (let round = 0; round < 5; round++) {
      const options = workshop.bundle("head", ["head", "-c", "100000"], { stdin: true, stdinOnce: true });
      const handle = await runtime.create(options);
      const { output, input } = await runtime.attach(handle, everyAndStdin);
      const read = collect(output);
      await runtime.start(handle);
      input?.on("error", () => {});
      input?.end(Buffer.alloc(2_000_000, "x"));
      expect((await read).out.length).toBe(100_000);
      await runtime.delete(handle);
    }
  });

  test("stdin once: a watcher that leaves does not end it, the one who typed does", async () => {
    const handle = await started(workshop.bundle("once", ["cat"], { stdin: true, stdinOnce: true }));
    const watcher = await runtime.attach(handle, every);
    watcher.destroy();
    const typist = await runtime.attach(handle, everyAndStdin);
    let text = "";
    typist.output.on("data", (chunk: Buffer) => (text += chunk.subarray(8).toString()));
    typist.input?.write("hello\n");
    await eventually(() => text === "hello\n", "it was echoed");
    typist.destroy();
    expect(await runtime.onExit(handle)).toMatchObject({ exitCode: 0 });
    await runtime.delete(handle);
  });

  test("stdin open: it survives whoever leaves, and nobody has to be there", async () => {
    const handle = await started(workshop.bundle("open", ["sh", "-c", "read a; read b; exit $b"], { stdin: true }));
    for (const typed of ["1\n", "7\n"]) {
      const { output, input, destroy } = await runtime.attach(handle, everyAndStdin);
      output.resume();
      await new Promise((resolve) => input?.write(typed, resolve));
      input?.end();
      if (typed === "1\n") destroy();
    }
    expect(await runtime.onExit(handle)).toMatchObject({ exitCode: 7 });
    await runtime.delete(handle);
  });

  test.each([10, 1_000_000])(
    "%i bytes for a process that closed its stdin cost its monitor nothing",
    async (length) => {
      const options = workshop.bundle(`closed-${length}`, [
        "sh",
        "-c",
        "read x; exec <&-; echo closed; exec sleep 100",
      ]);
      const handle = await runtime.create({ ...options, stdin: true, stdinOnce: true });
      const { output, input } = await runtime.attach(handle, everyAndStdin);
      await runtime.start(handle);
      const ready = new Promise((resolve) => output.once("data", resolve));
      input?.on("error", () => {});
      input?.write("go\n");
      if (length > 1000) input?.write(Buffer.alloc(length));
      await ready;
      input?.write(Buffer.alloc(length));
      const ticks = () => {
        const fields = readFileSync(`/proc/${handle.monitorPid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
        return Number(fields[11]) + Number(fields[12]);
      };
      let before = -1;
      let since = 0;
      await eventually(() => {
        const now = ticks();
        if (now !== before) since = Date.now();
        before = now;
        return Date.now() - since > 300;
      }, "the monitor came to rest");
      await runtime.delete(handle);
    },
  );

  test("without -i stdin is /dev/null and there is no input", async () => {
    const handle = await runtime.create(workshop.bundle("null", ["cat"]));
    const { input } = await runtime.attach(handle, everyAndStdin);
    expect(input).toBeUndefined();
    await runtime.start(handle);
    expect(await runtime.onExit(handle)).toMatchObject({ exitCode: 0 });
    await runtime.delete(handle);
  });

  test("a terminal has the last of many sizes; its output is raw", async () => {
    const script = "until read x; do :; done; stty size";
    const options = workshop.bundle("tty", ["sh", "-c", script], { terminal: true, stdin: true, stdinOnce: true });
    const handle = await runtime.create(options);
    const { output, input, tty } = await runtime.attach(handle, everyAndStdin);
    let text = "";
    output.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await runtime.start(handle);
    const sizes = Array.from({ length: 30 }, (_, index) => ({ height: 10 + index, width: 100 + index }));
    await Promise.all(sizes.map((size) => runtime.resize(handle, size)));
    input?.write("go\r");
    await runtime.onExit(handle);
    await eventually(() => output.destroyed || output.readableEnded, "output ended");
    expect(tty).toBe(true);
    expect(text).toMatch(/39 129\r\n$/);
    await runtime.resize(handle, { height: 1, width: 1 });
    await runtime.delete(handle);
  });

  test("a client that does not read stops the process, costs little memory, and gets everything when it reads", async () => {
    const options = workshop.bundle("slow", ["seq", "2000000"]);
    const handle = await runtime.create(options);
    const { output } = await runtime.attach(handle, every);
    await runtime.start(handle);
    const size = () => statSync(options.log?.path ?? "").size;
    let before = -1;
    await eventually(() => {
      const still = size() === before && before > 0;
      before = size();
      return still && output.readableLength > 0;
    }, "the process stood still");
    expect(output.readableLength).toBeLessThan(2 * 1024 * 1024);
    const { out } = await collect(output);
    expect(out.length).toBe(14_888_896);
    await runtime.delete(handle);
  });
});

test.skipIf(!able)("a client that never reads keeps neither a container nor an exec from ending", async () => {
  const handle = await runtime.create(workshop.bundle("stuck", ["yes"]));
  const { output } = await runtime.attach(handle, every);
  await runtime.start(handle);
  const exec = await runtime.exec(handle, { id: "e", process: processOf(["seq", "10000000"]), attach: every });
  const unread = exec.attachment?.output ?? raise();
  await eventually(() => output.readableLength > 262_144 && unread.readableLength > 262_144, "both were full");
  runtime.kill(handle, 9);
  expect(await runtime.onExit(handle)).toMatchObject({ exitCode: 137 });
  expect(await exec.exit).toBe(137);
  for (const stream of [output, unread]) {
    expect(stream.readableLength).toBeLessThan(2 * 1024 * 1024);
    await collect(stream);
  }
  await runtime.delete(handle);
});

describe.skipIf(!able)("exec", () => {
  test("codes, streams, stdin and failures are the process's own; nothing is left", async () => {
    const handle = await started(workshop.bundle("exec", ["sleep", "100"]));
    const run = async (args: string[], streams = every, typed?: string) => {
      const exec = await runtime.exec(handle, { id: "e", process: processOf(args), attach: streams });
      const output = collect(exec.attachment?.output ?? raise());
      exec.attachment?.input?.end(typed);
      return { code: await exec.exit, ...(await output) };
    };
    expect(await run(["sh", "-c", "echo out; echo err >&2; exit 9"])).toEqual({
      code: 9,
      out: Buffer.from("out\n"),
      err: Buffer.from("err\n"),
    });
    expect((await run(["cat"], everyAndStdin, "typed")).out.toString()).toBe("typed");
    expect((await run(["sh", "-c", "kill -9 $$"])).code).toBe(137);
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 10; round++)
      await expect(run(["nope"])).rejects.toThrow(
        'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH: unknown',
      );
    await eventually(() => readdirSync("/proc/self/fd").length <= before, "descriptors were given back");
    expect(readdirSync(join(handle.bundle, "exec"))).toEqual([]);
    expect(runtime.pids(handle)).toEqual([handle.pid]);
    await runtime.delete(handle);
  });

  test("with a terminal it fails in the same words", async () => {
    const handle = await started(workshop.bundle("exec-tty", ["sleep", "100"]));
    const exec = (args: string[], id: string) =>
      runtime.exec(handle, { id, process: { ...processOf(args), terminal: true }, attach: everyAndStdin });
    await expect(exec(["nope"], "a")).rejects.toMatchObject({ kind: "invalid", exitCode: 127 });
    const { attachment, exit } = await exec(["sh", "-c", "echo hi; exit 4"], "b");
    const output = (await attachment?.output.toArray()) as Buffer[];
    expect(Buffer.concat(output).toString()).toBe("hi\r\n");
    expect(await exit).toBe(4);
    await runtime.delete(handle);
  });

  test("a detached one goes on without the daemon that started it", async () => {
    const driver = workshop.runtime();
    const handle = await started(workshop.bundle("detached", ["sleep", "100"]), driver);
    const exec = await driver.exec(handle, { id: "d", process: processOf(["sleep", "100"]) });
    driver.close();
    expect(gone(exec.pid)).toBe(false);
    await runtime.delete(handle);
    expect(gone(exec.pid)).toBe(true);
  });
});

describe.skipIf(!able)("after a restart of the daemon", () => {
  test("a running container is taken over: its end, its output and its input are there", async () => {
    const first = workshop.runtime();
    const handle = await started(
      workshop.bundle("adopted", ["sh", "-c", "read x; echo $x; exit $x"], { stdin: true }),
      first,
    );
    first.close();
    const kept = jsonCopy(handle);
    const second = workshop.runtime();
    expect(second.adopt(kept)).toBe(true);
    const { output, input } = await second.attach(kept, everyAndStdin);
    const read = collect(output);
    input?.write("42\n");
    expect(await second.onExit(kept)).toMatchObject({ exitCode: 42 });
    expect((await read).out.toString()).toBe("42\n");
    await second.delete(kept);
  });

  test("one that ended meanwhile has its exit code, whoever has its pids now", async () => {
    const first = workshop.runtime();
    const { handle } = await runToEnd(first, workshop.bundle("meanwhile", ["sh", "-c", "exit 6"]));
    first.close();
    const reused = { ...jsonCopy(handle), pid: process.pid, monitorPid: process.pid };
    const second = workshop.runtime();
    expect(second.adopt(reused)).toBe(false);
    expect(await second.onExit(reused)).toMatchObject({ exitCode: 6 });
    expect(second.kill(reused, 9)).toBe(false);
    await second.delete(reused);
  });

  test("a monitor that was killed ends the container at once, with an error", async () => {
    const handle = await started(workshop.bundle("orphan", ["sleep", "100"]));
    process.kill(handle.monitorPid, "SIGKILL");
    const before = Date.now();
    const exit = await runtime.onExit(handle);
    expect(Date.now() - before).toBeLessThan(1000);
    expect(exit).toMatchObject({ exitCode: 137, error: expect.stringContaining("conmon") });
    expect(gone(handle.pid)).toBe(true);
    await runtime.delete(handle);
  });

  test.each(Object.keys(programs))(
    "a container of %s of which no handle was kept is found and removed",
    async (name) => {
      const driver = workshop.runtime();
      const options = workshop.bundle("lost", ["sleep", "100"], { runtime: name });
      const { pid, monitorPid } = await started(options, driver);
      driver.close();
      const { id, bundle, cgroupPath } = options;
      await runtime.cleanUp({ id, bundle, cgroupPath });
      await eventually(() => gone(pid) && gone(monitorPid), "its processes were gone");
      await runtime.cleanUp({ id, bundle, cgroupPath });
      expect(workshop.remains()).toEqual([]);
    },
  );

  test("a log whose reopening was never asked for is reopened", async () => {
    const script = "while read x; do echo $x; done";
    const first = workshop.runtime();
    const options = workshop.bundle("unasked", ["sh", "-c", script], { stdin: true });
    const path = options.log?.path ?? "";
    const handle = await started({ ...options, log: { path, maxSize: 1e9, maxFile: 3 } }, first);
    first.close();
    // The daemon died between renaming and asking.
    const { renameSync } = await import("node:fs");
    renameSync(path, `${path}.1`);
    runtime.adopt(handle);
    await eventually(() => existsSync(path), "the log was there again");
    const { input, output } = await runtime.attach(handle, everyAndStdin);
    output.resume();
    input?.write("after\n");
    await eventually(() => readFileSync(path, "utf8").includes("after"), "the new log was written");
    await runtime.delete(handle);
  });
});

test.skipIf(!able)("rotation keeps to its limits and loses no line", async () => {
  const options = workshop.bundle("rotated", ["seq", "1000000"]);
  const path = options.log?.path ?? "";
  const log = { path, maxSize: 2_000_000, maxFile: 1000 };
  const { handle } = await runToEnd(runtime, { ...options, log });
  const { readLogs } = await import("./logs/read-logs.ts");
  const form = { tty: true, stdout: true, stderr: true, follow: false, timestamps: false };
  let next = 1;
  let rest = "";
  for await (const chunk of readLogs({ path, ...form })) {
    const lines = (rest + (chunk as Buffer).toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== String(next++)) throw new Error(`${line} where ${next - 1} belongs`);
  }
  expect(next).toBe(1_000_001);
  expect(readdirSync(handle.bundle).filter((name) => name.startsWith("ctr.log")).length).toBeGreaterThan(3);
  writeFileSync(path, "");
  await runtime.delete(handle);
});

function raise(): never {
  throw new Error("not attached");
}
