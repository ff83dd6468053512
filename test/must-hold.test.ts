import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTar, type TarMember } from "../src/lib/tar/index.ts";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { loadImage } from "./harness/image-archive.ts";
import { has, isRoot, type Machine, makeMachine, type Output, until } from "./harness/machine.ts";

// The numbers are the rows of the table in docs/security.md.
describe.skipIf(!isRoot)("what must hold in containers", () => {
  let machine: Machine;
  let daemon: Daemon;
  let crun: string;
  beforeAll(async () => {
    machine = await makeMachine();
    crun = join(machine.dir, "crun");
    copyFileSync((await machine.exec("sh", ["-c", "command -v crun || command -v runc"])).stdout.trim(), crun);
    chmodSync(crun, 0o755);
    daemon = await startDaemon(machine, { flags: ["--add-runtime", `copy=${crun}`] });
    await importBusybox(daemon);
  });
  afterAll(async () => {
    try {
      expect(daemon.log).not.toMatch(/uncaught exception|unhandled rejection/);
    } finally {
      await machine?.[Symbol.asyncDispose]();
    }
  });

  const run = (args: string[]): Promise<Output> => daemon.berth(["run", "--rm", "--network", "none", ...args]);
  const start = (name: string, args: string[]) =>
    daemon.berth(["run", "-d", "--network", "none", "--name", name, ...args]);
  const remove = (...names: string[]) => daemon.berth(["rm", "-f", ...names]);
  const link = (name: string, linkName: string): TarMember => ({ type: "symlink", name, linkName });
  const folder = (name: string): TarMember => ({ type: "directory", name });
  /** A folder of the host in which no container may leave a trace. */
  const victim = (name: string) => {
    const path = join(machine.dir, name);
    mkdirSync(path);
    writeFileSync(join(path, "secret"), "of the host");
    return path;
  };
  const untouched = (path: string) => {
    expect(readdirSync(path)).toEqual(["secret"]);
    expect(readFileSync(join(path, "secret"), "utf8")).toBe("of the host");
  };

  it("1: a container that writes to whatever runs in it never reaches the runtime's binary", async () => {
    const before = createHash("sha256").update(readFileSync(crun)).digest("hex");
    await loadImage(daemon, "self", {
      layers: [
        createTar([
          link("evil", "/proc/self/exe"),
          { name: "script", mode: 0o755, content: "#!/proc/self/exe --version\n" },
        ]),
      ],
    });
    const script =
      "while :; do for p in /proc/[0-9]*; do case $(readlink $p/exe) in ''|*busybox*) ;; *) echo $p >> /seen; printf X >> $p/exe && echo $p >> /written;; esac; done; done 2>/dev/null";
    await start("overwriter", ["--runtime", "copy", "self", "sh", "-c", script]);
    const attempt = () =>
      Promise.all(["/evil", "/script", "true"].map((program) => daemon.berth(["exec", "overwriter", program])));
    await until("it has seen the runtime", async () => {
      await attempt();
      return (await daemon.berth(["exec", "overwriter", "cat", "/seen"])).stdout;
    });
    for (let round = 0; round < 5; round++) await attempt();
    expect((await daemon.berth(["exec", "overwriter", "cat", "/written"])).code).toBe(1);
    await remove("overwriter");
    expect(createHash("sha256").update(readFileSync(crun)).digest("hex")).toBe(before);
    expect((await run(["--runtime", "copy", "busybox", "echo", "whole"])).stdout).toBe("whole\n");
  });

  it("2: a working directory among descriptors is refused in run and exec, by name and through links", async () => {
    await loadImage(daemon, "fds", { layers: [createTar([link("w", "/proc/self/fd")])] });
    await start("fds", ["fds", "sleep", "600"]);
    for (const path of ["/proc/self/fd/7", "/w/8", "//proc/./self/fd/9", "/proc/1/cwd"]) {
      const refused = await run(["-w", path, "fds", "cat", "/etc/passwd"]);
      expect([path, refused.code, refused.stdout]).toEqual([path, 125, ""]);
      expect(refused.stderr).toContain("leads out of the container");
      const exec = await daemon.berth(["exec", "-w", path, "fds", "cat", "/etc/passwd"]);
      expect([path, exec.code]).toEqual([path, 126]);
    }
    await remove("fds");
  });

  it("3: what masks a path is the kernel's null device, and no volume stands for devices", async () => {
    const masked = await run(["busybox", "stat", "-c", "%t:%T", "/proc/kcore", "/proc/keys", "/proc/timer_list"]);
    expect(new Set(masked.stdout.trim().split("\n"))).toEqual(new Set(["1:3"]));
    const trap = createTar([folder("dev"), link("dev/null", "/proc/sys/kernel/core_pattern")]);
    await loadImage(daemon, "dev", { layers: [trap], config: { Volumes: { "/dev": {} } } });
    const refused = await run(["dev", "true"]);
    expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining("cannot be a volume")]);
    await loadImage(daemon, "devlink", { layers: [trap] });
    expect((await run(["devlink", "stat", "-c", "%t:%T", "/dev/null", "/proc/keys"])).stdout).toBe("1:3\n1:3\n");
  });

  it("4: /proc and /sys are real: as links, files or volumes they are refused, and settings reach the kernel", async () => {
    const cases: [string, TarMember[], object?][] = [
      ["procdir", [{ name: ".wh.proc" }, folder("not"), link("proc", "not")]],
      ["procup", [{ name: ".wh.proc" }, link("proc", "../../../../..")]],
      ["procfile", [{ name: ".wh.proc" }, { name: "proc", content: "x" }]],
      ["syslink", [{ name: ".wh.sys" }, link("sys", "/etc")]],
      ["procvolume", [], { Volumes: { "/proc": {} } }],
      ["proclinkvolume", [link("p", "/proc/sys")], { Volumes: { "/p/kernel": {} } }],
    ];
    for (const [name, members, config] of cases) {
      const layer = createTar(members.filter(({ name: member }) => !member.toString().startsWith(".wh.")));
      const whiteouts = createTar(members.filter(({ name: member }) => member.toString().startsWith(".wh.")));
      await loadImage(daemon, name, { layers: [whiteouts, layer], ...(config ? { config } : {}) });
      const refused = await run([name, "true"]);
      expect([name, refused.code]).toEqual([name, 125]);
      expect(refused.stderr).toMatch(/ordinary directory|not of type proc|inside \/proc/);
    }
    const fake = createTar([folder("proc/self"), { name: "proc/self/oom_score_adj", content: "fake" }]);
    await loadImage(daemon, "fakeproc", { layers: [fake] });
    const flags = ["--oom-score-adj", "77", "--sysctl", "kernel.shmmax=4321"];
    const seen = await run([...flags, "fakeproc", "cat", "/proc/self/oom_score_adj", "/proc/sys/kernel/shmmax"]);
    expect(seen.stdout).toBe("77\n4321\n");
  });

  it("5: preparing a root leaves nothing where the image's links point", async () => {
    const out = victim("five");
    const up = "../".repeat(12).slice(0, -1);
    const links = createTar([
      link("abs", out),
      link("up", `${up}${out}`),
      link("chain", "abs"),
      link("deep", "chain/inner"),
      link(".dockerenv", `${out}/dockerenv`),
    ]);
    const etc = createTar([{ name: ".wh.etc" }]);
    const etcLink = createTar([link("etc", out)]);
    await loadImage(daemon, "links", { layers: [links] });
    await loadImage(daemon, "etclink", { layers: [etc, etcLink] });
    const source = victim("five-source");
    for (const place of ["/abs", "/up", "/chain", "/deep"]) {
      const flags = ["-v", `v5:${place}/volume`, "--tmpfs", `${place}/tmpfs`, "-w", `${place}/work`];
      flags.push("-v", `${source}:${place}/bind`, "-v", `${source}/secret:${place}/file:ro`);
      const done = await run([...flags, "links", "sh", "-c", `echo x > ${place}/made; pwd; cat ${place}/file`]);
      expect([place, done.stderr]).toEqual([place, ""]);
      expect(done.stdout).toMatch(/of the host$/);
      untouched(out);
    }
    expect((await run(["etclink", "cat", "/etc/hostname"])).stdout).toMatch(/^[0-9a-f]{12}\n$/);
    untouched(out);
    untouched(source);
  });

  it("5 and 12: a subpath of a volume stays inside it while another container swaps links in it", async () => {
    const out = victim("swap");
    const swap = `cd /v; mkdir -p real; echo inside > real/mark; ln -s ${out} evil; while :; do mv real cur 2>/dev/null; mv cur real; mv evil cur; mv cur evil; done`;
    await start("swapper", ["-v", "swapped:/v", "busybox", "sh", "-c", swap]);
    const mount = ["--mount", "type=volume,src=swapped,dst=/d,volume-subpath=cur"];
    const seen = new Set<string>();
    for (let round = 0; round < 12; round++) {
      const done = await run([...mount, "busybox", "sh", "-c", "echo got $(ls /d); echo x > /d/written"]);
      seen.add(done.code === 0 ? done.stdout : "refused");
    }
    await remove("swapper");
    for (const text of seen) expect(text).not.toContain("secret");
    untouched(out);
  });

  it("6: nothing is inheritable, for root and for others, in run and in exec", async () => {
    await start("caps", ["--cap-add", "ALL", "busybox", "sleep", "600"]);
    const sets = ["grep", "-E", "Cap(Inh|Amb)", "/proc/self/status"];
    for (const user of ["0", "www", "1234:5678"]) {
      const results = [
        await run(["-u", user, "--cap-add", "NET_ADMIN", "busybox", ...sets]),
        await daemon.berth(["exec", "-u", user, "caps", ...sets]),
        await daemon.berth(["exec", "-u", user, "--privileged", "caps", ...sets]),
      ];
      for (const { stdout } of results) expect(stdout).toMatch(/^CapInh:\t0{16}\nCapAmb:\t0{16}\n$/);
    }
    await remove("caps");
  });

  it("7: every form of a user gives the documented ids, its own group always among them", async () => {
    const cases: [string, string][] = [
      ["", "0 0 0"],
      ["0", "0 0 0"],
      ["root", "0 0 0"],
      ["www", "33 33 33 50"],
      ["33", "33 33 33 50"],
      ["www:staff", "33 50 50"],
      ["www:1234", "33 1234 1234"],
      ["1234", "1234 0 0"],
      ["1234:staff", "1234 50 50"],
      ["1234:5678", "1234 5678 5678"],
      [":staff", "0 50 50"],
    ];
    await start("users", ["busybox", "sleep", "600"]);
    for (const [user, ids] of cases) {
      const command = ["sh", "-c", "echo $(id -u) $(id -g) $(id -G)"];
      expect([user, (await run(["-u", user, "busybox", ...command])).stdout]).toEqual([user, `${ids}\n`]);
      const exec = await daemon.berth(["exec", "-u", user, "users", ...command]);
      expect([user, exec.stdout]).toEqual([user, `${ids}\n`]);
    }
    expect((await run(["-u", "www", "--group-add", "77", "busybox", "id", "-G"])).stdout).toBe("33 50 77\n");
    await remove("users");
  });

  it("8: ids are bounded, numbers are no names, and hostile user files are refused without waiting", async () => {
    for (const user of ["4294967295", "4294967296", "99999999999999999999", "-1", "0:4294967295", "nobody2"]) {
      const refused = await run(["-u", user, "busybox", "id"]);
      expect([user, refused.code, refused.stdout]).toEqual([user, 125, ""]);
    }
    const numbers = createTar([
      { name: "etc/passwd", content: "4242:x:0:0::/:/bin/sh\nbig:x:4294967296:0::/:/bin/sh\n" },
    ]);
    await loadImage(daemon, "numbers", { layers: [numbers] });
    expect((await run(["-u", "4242", "numbers", "sh", "-c", "id -u"])).stdout).toBe("4242\n");
    expect((await run(["-u", "big", "numbers", "id"])).code).toBe(125);
    const large = createTar([{ name: "etc/passwd", content: "x".repeat(5 * 1024 * 1024) }]);
    await loadImage(daemon, "large", { layers: [large] });
    expect((await run(["-u", "www", "large", "id"])).stderr).toContain("larger than");
    await start("turned", [
      "busybox",
      "sh",
      "-c",
      "rm /etc/passwd /etc/group; mkfifo /etc/passwd /etc/group; sleep 600",
    ]);
    const exec = await daemon.berth(["exec", "-u", "www", "turned", "id"], { timeoutMs: 10_000 });
    expect([exec.code, exec.stdout + exec.stderr]).toEqual([126, expect.stringContaining("not a regular file")]);
    await remove("turned");
  });

  it("9: paths that Docker hides are hidden, paths that it protects cannot be written", async () => {
    const masked = "asound acpi interrupts kcore keys latency_stats timer_list timer_stats sched_debug scsi".split(" ");
    const hidden = [...masked.map((name) => `/proc/${name}`), "/sys/firmware", "/sys/devices/virtual/powercap"];
    const look = hidden.map((path) => `[ -e ${path} ] && { cat ${path} || ls -A ${path}; }`).join("; ");
    expect((await run(["busybox", "sh", "-c", `{ ${look}; } 2>/dev/null`])).stdout).toBe("");
    const fixed = "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger /sys".split(" ");
    const mounts = (await run(["busybox", "cat", "/proc/mounts"])).stdout;
    for (const path of fixed) if (mounts.includes(` ${path} `)) expect(mounts).toMatch(new RegExp(` ${path} \\w+ ro,`));
    for (const path of ["/proc/sys", "/proc/irq", "/sys"]) expect(mounts).toContain(` ${path} `);
    const status = (await run(["busybox", "cat", "/proc/self/status"])).stdout;
    expect(status).toMatch(/^CapBnd:\t00000000a80425fb$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
  });

  it("10: control sockets are files for root alone, and none is abstract", async () => {
    await start("sockets", ["-t", "busybox", "sleep", "600"]);
    const [program, args, env] = daemon.clientCommand("berth", ["attach", "--no-stdin", "sockets"]);
    const { spawn } = await import("node:child_process");
    const attached = spawn(program, args, { env: { ...process.env, ...env }, stdio: "ignore" });
    await daemon.berth(["exec", "sockets", "true"]);
    expect((await machine.exec("grep", ["-c", "@", "/proc/net/unix"])).stdout).toBe("0\n");
    const find = ["/run", machine.dir, "-xdev", "-type", "s", "-perm", "/0117", "-not", "-path", "*/rootfs/*"];
    const loose = (await machine.exec("find", find)).stdout.trim().split("\n").filter(Boolean);
    for (const path of loose) {
      const reach = await machine.exec("setpriv", [
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
        "stat",
        path,
      ]);
      expect([path, reach.code]).toEqual([path, 1]);
    }
    attached.kill("SIGKILL");
    await remove("sockets");
  });

  it("11: the engine runs nothing out of a container's file system", async () => {
    const mark = join(machine.dir, "was-run");
    const trap = `#!/bin/sh\necho $0 >> ${mark}\n`;
    const names = ["ps", "tar", "xz", "bzip2", "gzip", "unpigz", "zstd", "du", "sh", "crun", "runc", "conmon", "id"];
    const traps = ["bin", "usr/bin", "usr/local/bin", "sbin"].flatMap((place) =>
      names.map((name) => ({ name: `${place}/${name}`, mode: 0o755, content: trap })),
    );
    await loadImage(daemon, "traps", { layers: [createTar(traps)] });
    await start("traps", ["traps", "busybox", "sleep", "600"]);
    await daemon.berth(["exec", "-u", "www", "traps", "busybox", "true"]);
    await daemon.berth(["inspect", "-s", "traps"]);
    await daemon.berth(["system", "df", "-v"]);
    await daemon.berth(["pause", "traps"]);
    await daemon.berth(["unpause", "traps"]);
    for (const path of ["top", "stats?stream=0", "changes", "export", "archive?path=/etc"])
      await daemon.get(`/containers/traps/${path}`);
    if (has("xz")) {
      await machine.exec("sh", ["-c", `tar -C /etc -cJf ${machine.dir}/odd.tar.xz passwd`]);
      await daemon.berth(["import", join(machine.dir, "odd.tar.xz"), "odd"]);
    }
    await remove("traps");
    expect(readdirSync(machine.dir)).not.toContain("was-run");
  });

  it("15: a volume is filled from inside the image alone", async () => {
    const out = victim("fifteen");
    const layer = createTar([
      link("data", out),
      link("data2", `${"../".repeat(12)}${out.slice(1)}`),
      folder("data3"),
      link("data3/inner", out),
    ]);
    await loadImage(daemon, "copyup", { layers: [layer] });
    for (const place of ["/data", "/data2", "/data3"]) {
      await run(["-v", `fill${place.slice(1)}:${place}`, "copyup", "sh", "-c", `echo x > ${place}/y; ls ${place}`]);
      const kept = await machine.exec("grep", ["-rl", "of the host", join(daemon.dataRoot, "volumes")]);
      expect(kept.stdout).toBe("");
    }
    untouched(out);
  });

  it("16: no other user of the machine gets to what is in a layer, a container or a volume", async () => {
    const layer = createTar([{ name: "suid", mode: 0o4755, content: "x" }]);
    await loadImage(daemon, "suid", { layers: [layer] });
    await start("suid", [
      "-v",
      "suidvolume:/v",
      "suid",
      "sh",
      "-c",
      "cp /suid /v/suid; chmod 4755 /v/suid /suid; sleep 600",
    ]);
    const find = async () => (await machine.exec("find", [daemon.dir, "-name", "suid", "-perm", "-4000"])).stdout;
    const paths = await until("the container has made its copies", async () => {
      const found = (await find()).trim().split("\n");
      return found.length >= 3 ? found : undefined;
    });
    const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
    for (const path of [...paths, daemon.dataRoot, `${daemon.dir}/exec/containers`])
      expect([path, (await machine.exec("setpriv", [...nobody, "ls", path])).stdout]).toEqual([path, ""]);
    expect(statSync(daemon.dataRoot).mode & 0o077).toBe(0);
    await remove("suid");
  });
});
