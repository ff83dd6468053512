import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, Machine, makeMachine, until } from "./harness/machine.ts";

const root = "/sys/fs/cgroup";
const here = existsSync(join(root, "cgroup.controllers"));

/** A disk of this machine, for limits and rules that name one: its path and "major:minor". */
function someDisk(): { path: string; numbers: string } | undefined {
  for (const name of readdirSync("/sys/block")) {
    if (/^(loop|ram|zram|dm-)/.test(name) || !existsSync(`/dev/${name}`)) continue;
    return { path: `/dev/${name}`, numbers: readFileSync(`/sys/block/${name}/dev`, "utf8").trim() };
  }
  return undefined;
}

describe.skipIf(!isRoot || !here)(`cgroup v2${here ? "" : " (this host has it not alone: npm run guest)"}`, () => {
  let machine: Machine;
  let daemon: Daemon;
  const disk = someDisk();
  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    await importBusybox(daemon);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    const ids = (await daemon.berth(["ps", "-aq"])).stdout.split("\n").filter(Boolean);
    if (ids.length > 0) await daemon.berth(["rm", "-f", ...ids]);
  });

  const run = (flags: string[], script: string) =>
    daemon.berth(["run", "--rm", "--network", "none", ...flags, "busybox", "sh", "-c", script]);

  /** Starts a container that stays; gives what reads its cgroup's files, and its pid. */
  async function started(flags: string[], script = "exec sleep 600") {
    const done = await daemon.berth(["run", "-d", "--network", "none", ...flags, "busybox", "sh", "-c", script]);
    expect(done.stderr).toBe("");
    const id = done.stdout.trim();
    const folder = join(root, machine.cgroup, id);
    const read = (file: string) => readFileSync(join(folder, file), "utf8").trim();
    const inspect = async (what: string) => (await daemon.berth(["inspect", "-f", `{{${what}}}`, id])).stdout.trim();
    return { id, folder, read, inspect };
  }

  describe("limits are what the kernel is told", () => {
    it("memory, swap beside it, and what is reserved", async () => {
      const both = await started(["-m", "64m", "--memory-swap", "96m", "--memory-reservation", "16m"]);
      expect(both.read("memory.max")).toBe(String(64 << 20));
      expect(both.read("memory.swap.max")).toBe(String(32 << 20));
      expect(both.read("memory.low")).toBe(String(16 << 20));
      const alone = await started(["-m", "64m"]);
      expect(alone.read("memory.swap.max")).toBe(String(64 << 20));
      const none = await started(["-m", "64m", "--memory-swap", "64m"]);
      expect(none.read("memory.swap.max")).toBe("0");
      const endless = await started(["-m", "64m", "--memory-swap", "-1"]);
      expect(endless.read("memory.swap.max")).toBe("max");
    });

    it("processor time, weight and set", async () => {
      const { read } = await started([
        "--cpus",
        "0.5",
        "--cpu-shares",
        "512",
        "--cpuset-cpus",
        "0",
        "--cpuset-mems",
        "0",
      ]);
      expect(read("cpu.max")).toBe("50000 100000");
      // 512 of v1's 1024: a fifth of the default weight by the runtimes' old formula, 59 by the one that keeps the default.
      expect(["20", "59"]).toContain(read("cpu.weight"));
      expect(read("cpuset.cpus")).toBe("0");
      expect(read("cpuset.mems")).toBe("0");
      const other = await started(["--cpu-period", "20000", "--cpu-quota", "5000"]);
      expect(other.read("cpu.max")).toBe("5000 20000");
    });

    it("number of processes", async () => {
      expect((await started(["--pids-limit", "33"])).read("pids.max")).toBe("33");
      expect((await started(["--pids-limit", "-1"])).read("pids.max")).toBe("max");
    });

    it.skipIf(disk === undefined)("disk throughput and operations", async () => {
      const { path = "", numbers } = disk ?? {};
      const flags = ["read-bps", "1mb", "write-bps", "2mb", "read-iops", "30", "write-iops", "40"];
      const all = [0, 2, 4, 6].flatMap((at) => [`--device-${flags[at]}`, `${path}:${flags[at + 1]}`]);
      const { read } = await started(all);
      expect(read("io.max")).toBe(`${numbers} rbps=1048576 wbps=2097152 riops=30 wiops=40`);
    });

    it("disk weight", async () => {
      const { read, folder } = await started(["--blkio-weight", "505"]);
      const files = ["io.weight", "io.bfq.weight"].filter((file) => existsSync(join(folder, file)));
      if (files.length > 0) expect(files.map(read).join()).toMatch(/\b(5000|505)\b/);
    });

    it("nothing where nothing was asked for", async () => {
      const { read } = await started([]);
      const files = ["memory.max", "memory.swap.max", "memory.low", "cpu.max", "cpu.weight", "pids.max", "cpuset.cpus"];
      expect(files.map(read)).toEqual(["max", "max", "0", "max 100000", "100", "max", ""]);
    });

    it("disk weight of one disk, where the kernel has it, and a warning where not", async () => {
      const flags = ["--blkio-weight-device", `${disk?.path}:200`];
      const done = await run(flags, "cat /sys/fs/cgroup/io.bfq.weight");
      if (done.code === 0) expect(done.stdout).toContain(`${disk?.numbers} 200`);
      else expect(done.stderr).toContain("Your kernel does not support Block I/O weight_device");
    });

    it("without a warning", async () => {
      const warnings = (await daemon.berth(["info", "-f", "{{.CgroupVersion}} {{json .Warnings}}"])).stdout.trim();
      expect(warnings).toMatch(/^2 (null|\[\])$/);
    });
  });

  describe("the end by memory is told", () => {
    const limit = ["-m", "32m", "--memory-swap", "32m"];
    const eat = "dd if=/dev/zero of=/dev/null bs=200M count=1";

    it("of the first process", async () => {
      const { id, inspect } = await started(limit, `exec ${eat}`);
      expect((await daemon.berth(["wait", id])).stdout).toBe("137\n");
      expect(await inspect(".State.OOMKilled")).toBe("true");
    });

    it("of a child, although the container ended well", async () => {
      const { id, inspect } = await started(limit, `${eat}; exit 0`);
      expect((await daemon.berth(["wait", id])).stdout).toBe("0\n");
      expect(await inspect(".State.OOMKilled")).toBe("true");
    });

    it("of a process that exec brought in", async () => {
      const { id, inspect } = await started(limit);
      expect((await daemon.berth(["exec", id, "sh", "-c", `exec ${eat}`])).code).toBe(137);
      await daemon.berth(["kill", id]);
      await daemon.berth(["wait", id]);
      expect(await inspect(".State.OOMKilled")).toBe("true");
    });

    it("and not of one that was killed for another reason", async () => {
      const { id, inspect } = await started(limit);
      await daemon.berth(["kill", id]);
      await daemon.berth(["wait", id]);
      expect(await inspect(".State.OOMKilled")).toBe("false");
    });
  });

  describe("the container's view", () => {
    it("is a namespace of its own over a read-only mount", async () => {
      const done = await run(
        ["-m", "64m"],
        "cat /proc/self/cgroup /sys/fs/cgroup/memory.max; grep ' /sys/fs/cgroup ' /proc/mounts; mkdir /sys/fs/cgroup/x || echo refused",
      );
      const lines = done.stdout.split("\n");
      expect(lines.slice(0, 2)).toEqual(["0::/", String(64 << 20)]);
      expect(lines[2]).toMatch(/ \/sys\/fs\/cgroup cgroup2 ro,/);
      expect(lines[3]).toBe("refused");
    });

    it("is the host's with --cgroupns host, and still read-only", async () => {
      const done = await run(
        ["--cgroupns", "host"],
        "cat /proc/self/cgroup; mkdir /sys/fs/cgroup/x || echo refused; grep -c ' /sys/fs/cgroup cgroup2 ro,' /proc/mounts",
      );
      expect(done.stdout).toMatch(new RegExp(`^0::${machine.cgroup}/[0-9a-f]{64}\nrefused\n1\n$`));
    });

    it("can be handed on with --privileged, and is gone with the container", async () => {
      const { id, folder } = await started(
        ["--privileged"],
        "cd /sys/fs/cgroup; mkdir own; echo 1 > own/cgroup.procs; echo +pids > cgroup.subtree_control; mkdir own2; exec sleep 600",
      );
      await until("it has made its groups", () => existsSync(join(folder, "own2/pids.max")));
      expect((await daemon.berth(["exec", id, "cat", "/proc/1/cgroup"])).stdout).toBe("0::/own\n");
      expect((await daemon.berth(["rm", "-f", id])).code).toBe(0);
      expect(existsSync(folder)).toBe(false);
    });
  });

  it("puts what exec starts into the container's cgroup", async () => {
    const { id, read } = await started(["--pids-limit", "16"]);
    expect((await daemon.berth(["exec", id, "cat", "/proc/self/cgroup"])).stdout).toBe("0::/\n");
    await daemon.berth(["exec", "-d", id, "sleep", "600"]);
    await until("it is there", () => read("cgroup.procs").split("\n").length === 2);
    const bomb = await daemon.berth(["exec", id, "sh", "-c", "for i in $(seq 20); do sleep 9 & done; true"]);
    expect(bomb.stderr).toMatch(/fork/);
  });

  it("freezes for pause, thaws, and ends what is frozen", async () => {
    const { id, read, inspect } = await started([], "while :; do :; done");
    expect((await daemon.berth(["pause", id])).code).toBe(0);
    expect(read("cgroup.events")).toContain("frozen 1");
    expect(await inspect(".State.Status")).toBe("paused");
    const used = () => Number(/usage_usec (\d+)/.exec(read("cpu.stat"))?.[1]);
    const before = used();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(used()).toBe(before);
    expect((await daemon.berth(["unpause", id])).code).toBe(0);
    expect(read("cgroup.events")).toContain("frozen 0");
    await until("it runs again", () => used() > before);
    await daemon.berth(["pause", id]);
    expect((await daemon.berth(["rm", "-f", id])).code).toBe(0);
  });

  it("ends every process of a container that has none of its own namespaces", async () => {
    const { id, folder, read } = await started(
      ["--pid", "host"],
      "sleep 600 & sleep 600 & (sleep 600 &) ; exec sleep 600",
    );
    await until("all are there", () => read("cgroup.procs").split("\n").length === 4);
    const pids = read("cgroup.procs").split("\n");
    expect((await daemon.berth(["kill", id])).code).toBe(0);
    await daemon.berth(["wait", id]);
    await until("all are gone", () => pids.every((pid) => !existsSync(`/proc/${pid}`)));
    expect((await daemon.berth(["rm", id])).code).toBe(0);
    expect(existsSync(folder)).toBe(false);
  });

  describe.skipIf(disk === undefined)("devices", () => {
    const { path = "", numbers = "" } = disk ?? {};
    const [major = "", minor = ""] = numbers.split(":");
    const look = `mknod /tmp/d b ${major} ${minor} && dd if=/tmp/d of=/dev/null bs=512 count=1`;

    it("are refused although their node can be made", async () => {
      const done = await run([], `${look}; mknod /tmp/k c 1 2 && cat /tmp/k; mknod /tmp/f c 10 229 && cat /tmp/f`);
      expect(done.stderr.match(/Operation not permitted/g)).toHaveLength(3);
    });

    it("that every container has can be used", async () => {
      const script =
        "head -c 4 /dev/zero /dev/urandom /dev/random | wc -c; echo x > /dev/null; echo y > /dev/full; ls /dev/pts";
      const done = await run(["-t"], script);
      expect(done.stdout).toContain("No space left on device");
      expect(done.stdout).not.toContain("not permitted");
    });

    it("are let in by --device, with its access", async () => {
      const reads = "dd if=/dev/xvda of=/dev/null bs=512 count=1";
      expect((await run(["--device", `${path}:/dev/xvda:r`], reads)).code).toBe(0);
      const writes = await run(["--device", `${path}:/dev/xvda:r`], ": >> /dev/xvda");
      expect(writes.stderr).toContain("Operation not permitted");
      expect((await run(["--device", `${path}:/dev/xvda`], ": >> /dev/xvda")).code).toBe(0);
    });

    it("are let in by --device-cgroup-rule and by --privileged", async () => {
      expect((await run(["--device-cgroup-rule", `b ${major}:* rm`], look)).code).toBe(0);
      expect((await run(["--device-cgroup-rule", "c *:* rm"], look)).code).not.toBe(0);
      expect((await run(["--privileged"], look)).code).toBe(0);
    });

    it("are refused to exec as well", async () => {
      const { id } = await started([]);
      const done = await daemon.berth(["exec", id, "sh", "-c", look]);
      expect(done.stderr).toContain("Operation not permitted");
    });
  });

  it("puts containers where --cgroup-parent says and leaves none of them", async () => {
    const done = await run(
      ["--cgroup-parent", `${machine.cgroup}/deep/er`, "--cgroupns", "host", "-m", "32m"],
      "cat /proc/self/cgroup",
    );
    expect(done.stdout).toMatch(new RegExp(`^0::${machine.cgroup}/deep/er/[0-9a-f]{64}\n$`));
    const out = await run(["--cgroup-parent", "../../..", "--cgroupns", "host"], "cat /proc/self/cgroup");
    expect(out.stdout).toMatch(/^0::\/[0-9a-f]{64}\n$/);
    expect(machine.cgroups().filter((path) => /[0-9a-f]{64}$/.test(path))).toEqual([]);
  });

  it("keeps what the limits say over a restart of the daemon", async () => {
    const { id, folder, read, inspect } = await started(["-m", "64m"]);
    await daemon.restart("SIGKILL");
    expect(await inspect(".State.Status")).toBe("running");
    expect(read("memory.max")).toBe(String(64 << 20));
    expect((await daemon.berth(["pause", id])).code).toBe(0);
    expect((await daemon.berth(["unpause", id])).code).toBe(0);
    expect((await daemon.berth(["rm", "-f", id])).code).toBe(0);
    expect(existsSync(folder)).toBe(false);
  });

  it("makes room for limits where it runs in a container, beside other processes", async () => {
    const nest = join(machine.cgroup, "nest");
    for (const path of ["", machine.cgroup]) writeFileSync(join(root, path, "cgroup.subtree_control"), "+memory +pids");
    mkdirSync(join(root, nest));
    const held = await holdIn(machine, nest);
    const inner = new NestedMachine(machine, held, nest);
    const nested = await startDaemon(inner, { name: "nested" });
    await importBusybox(nested);
    const script = "cat /proc/self/cgroup /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max";
    const limits = ["-m", "64m", "--pids-limit", "9"];
    const done = await nested.berth(["run", "--rm", "--network", "none", ...limits, "busybox", "sh", "-c", script]);
    expect(done).toEqual({ code: 0, stdout: `0::/\n${64 << 20}\n9\n`, stderr: "" });
    expect(readFileSync(join(root, nest, "init/cgroup.procs"), "utf8").split("\n")).toContain(String(held));
    expect(nested.log).toContain("processes to the cgroup /init");
    await nested.restart("SIGKILL");
    expect(nested.log.match(/processes to the cgroup/g)).toHaveLength(1);
    await nested.signal("SIGTERM");
  });
});

/** A process in a cgroup that is the top of what it sees, as in a container; its pid on the host. */
async function holdIn(machine: Machine, cgroup: string): Promise<number> {
  const inside = "umount /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec sleep 3600";
  const procs = join(root, cgroup, "cgroup.procs");
  const script = `echo 0 > ${procs}; exec unshare --cgroup --mount sh -c '${inside}'`;
  await machine.exec("sh", ["-c", `(${script}) </dev/null >/dev/null 2>&1 &`]);
  return until("it holds", () => {
    const pid = Number(readFileSync(procs, "utf8").split("\n")[0]);
    return pid > 0 && readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n" ? pid : undefined;
  });
}

/** What is started here begins in the container's cgroup as long as that takes processes, and sees it as the top. */
class NestedMachine extends Machine {
  readonly #script: string;

  constructor(outer: Machine, held: number, cgroup: string) {
    super(outer.dir, outer.init, Promise.resolve());
    const inside = /^NSpid:.*\t(\d+)$/m.exec(readFileSync(`/proc/${held}/status`, "utf8"))?.[1];
    const join = `echo 0 2>/dev/null > ${root}${cgroup}/cgroup.procs`;
    this.#script = `${join}; exec nsenter -t ${inside} --mount --cgroup -- "$@"`;
  }

  override enter(program: string, args: readonly string[]): [string, string[]] {
    return super.enter("sh", ["-c", this.#script, "sh", program, ...args]);
  }
}
