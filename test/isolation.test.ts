import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine } from "./harness/machine.ts";

describe.skipIf(!isRoot)("isolation, read from the kernel", () => {
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

  const run = (flags: string[], script: string) =>
    daemon.berth(["run", "--rm", "--network", "none", ...flags, "busybox", "sh", "-c", script]);
  const capabilities = async (flags: string[]) =>
    Object.fromEntries(
      [...(await run(flags, "grep Cap /proc/self/status")).stdout.matchAll(/Cap(\w+):\s+(\w+)/g)].map((m) => [
        m[1],
        m[2],
      ]),
    );

  it("gives Docker's default capabilities and an empty inheritable set", async () => {
    const caps = await capabilities([]);
    expect(caps).toMatchObject({ Eff: "00000000a80425fb", Prm: "00000000a80425fb", Bnd: "00000000a80425fb" });
    expect(caps).toMatchObject({ Inh: "0000000000000000", Amb: "0000000000000000" });
  });

  it("keeps the inheritable set empty in exec and with added capabilities", async () => {
    expect((await capabilities(["--cap-add", "ALL"])).Inh).toBe("0000000000000000");
    await daemon.berth(["run", "-d", "--network", "none", "--name", "caps", "busybox", "sleep", "600"]);
    const done = await daemon.berth(["exec", "--privileged", "caps", "grep", "CapInh", "/proc/self/status"]);
    expect(done.stdout).toContain("0000000000000000");
    await daemon.berth(["rm", "-f", "caps"]);
  });

  it("drops and adds capabilities by name", async () => {
    expect((await capabilities(["--cap-drop", "ALL"])).Eff).toBe("0000000000000000");
    expect((await capabilities(["--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE"])).Eff).toBe("0000000000000400");
    expect((await capabilities(["-u", "nobody"])).Eff).toBe("0000000000000000");
  });

  it("has namespaces of its own", async () => {
    const names = ["cgroup", "ipc", "mnt", "net", "pid", "uts"];
    const script = names.map((name) => `readlink /proc/self/ns/${name}`).join("; ");
    const inside = (await run([], script)).stdout.trim().split("\n");
    const host = (await machine.exec("sh", ["-c", script])).stdout.trim().split("\n");
    for (const [index, name] of names.entries()) expect(inside[index], name).not.toBe(host[index]);
  });

  it("filters system calls and can be told not to", async () => {
    expect((await run([], "grep '^Seccomp:' /proc/self/status")).stdout).toMatch(/2$/m);
    expect((await run(["--security-opt", "seccomp=unconfined"], "grep '^Seccomp:' /proc/self/status")).stdout).toMatch(
      /0$/m,
    );
    const profile = join(machine.dir, "profile.json");
    const rule = { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" };
    writeFileSync(profile, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] }));
    expect((await run(["--security-opt", `seccomp=${profile}`], "mkdir /x")).code).not.toBe(0);
    expect((await run([], "unshare -U true")).code).not.toBe(0);
  });

  it("masks and protects Docker's paths", async () => {
    const masked = await run(
      [],
      "cat /proc/kcore | wc -c; cat /proc/keys | wc -c; ls /proc/acpi /sys/firmware 2>/dev/null | grep -v : | wc -w",
    );
    expect(masked.stdout).toBe("0\n0\n0\n");
    for (const path of ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"])
      expect((await run([], `echo x > ${path}`)).code, path).not.toBe(0);
    expect((await run([], "grep ' /sys ' /proc/mounts")).stdout).toContain(" ro,");
  });

  it("lets no descriptor of the engine into the container, in run and in exec", async () => {
    const list = "ls -l /proc/self/fd | grep -v -E ' [0-3] -> ' | grep -e '->' | wc -l";
    expect((await run([], list)).stdout).toBe("0\n");
    await daemon.berth(["run", "-d", "--network", "none", "--name", "fds", "busybox", "sleep", "600"]);
    expect((await daemon.berth(["exec", "fds", "sh", "-c", list])).stdout).toBe("0\n");
    const refused = await daemon.berth(["exec", "-w", "/proc/self/fd/7", "fds", "true"]);
    expect(refused.code).not.toBe(0);
    await daemon.berth(["rm", "-f", "fds"]);
  });

  it("honours privileged, devices, read-only, sysctls, ulimits, shm, oom score, new privileges", async () => {
    expect((await capabilities(["--privileged"])).Eff).toMatch(/^000001f/);
    expect((await run(["--read-only"], "touch /x")).code).not.toBe(0);
    expect((await run(["--sysctl", "kernel.shmmax=12345"], "cat /proc/sys/kernel/shmmax")).stdout).toBe("12345\n");
    expect((await run(["--ulimit", "nofile=123:456"], "ulimit -n; ulimit -Hn")).stdout).toBe("123\n456\n");
    expect((await run(["--shm-size", "8m"], "df /dev/shm | tail -1")).stdout).toContain(" 8192 ");
    expect((await run(["--oom-score-adj", "77"], "cat /proc/self/oom_score_adj")).stdout).toBe("77\n");
    expect((await run(["--security-opt", "no-new-privileges"], "grep NoNewPrivs /proc/self/status")).stdout).toMatch(
      /1$/m,
    );
    expect((await run(["--device", "/dev/null:/dev/other"], "echo x > /dev/other; ls -l /dev/other")).stdout).toContain(
      "1,   3",
    );
    expect((await run(["--group-add", "4242"], "id -G")).stdout).toBe("0 4242\n");
    expect((await run(["--security-opt", "systempaths=unconfined"], "mount | grep -c 'proc/kcore'")).stdout).toBe(
      "0\n",
    );
  });

  it("shares the host's namespaces when told to", async () => {
    const script = "for n in pid ipc uts cgroup net; do readlink /proc/self/ns/$n; done";
    const host = (await machine.exec("sh", ["-c", script])).stdout;
    const flags = ["--pid", "host", "--ipc", "host", "--uts", "host", "--cgroupns", "host", "--network", "host"];
    const inside = await daemon.berth(["run", "--rm", ...flags, "busybox", "sh", "-c", script]);
    expect(inside).toEqual({ code: 0, stdout: host, stderr: "" });
  });

  it("keeps its data from other users, down to the layers", async () => {
    const mode = (await machine.exec("stat", ["-c", "%a", daemon.dataRoot])).stdout.trim();
    expect(["700", "710", "711"].slice(0, 2)).toContain(mode);
    expect((await machine.exec("stat", ["-c", "%a", daemon.socket])).stdout.trim()).toBe("660");
    const sockets = (await machine.exec("sh", ["-c", "grep -c '@' /proc/net/unix || true"])).stdout.trim();
    expect(sockets).toBe("0");
  });

  it("resolves mount points inside the root although the image has links that point out", async () => {
    const root = join(machine.dir, "evil");
    mkdirSync(join(root, "bin"), { recursive: true });
    const victim = join(machine.dir, "victim");
    mkdirSync(victim);
    const links = `ln -s ${victim} ${root}/data; ln -s ${victim}/hosts ${root}/hosts; mkdir ${root}/etc; ln -s ${victim}/resolv ${root}/etc/resolv.conf; cp /bin/busybox ${root}/bin/busybox; ln -s busybox ${root}/bin/sh`;
    await machine.exec("sh", ["-c", links]);
    await machine.exec("sh", ["-c", `tar -C ${root} -cf ${machine.dir}/evil.tar .`]);
    expect((await daemon.berth(["import", join(machine.dir, "evil.tar"), "evil"])).code).toBe(0);
    await daemon.berth([
      "run",
      "--rm",
      "--network",
      "none",
      "-v",
      "named:/data/sub",
      "evil",
      "sh",
      "-c",
      "echo x > /data/sub/f",
    ]);
    expect((await machine.exec("find", [victim, "-mindepth", "1"])).stdout).toBe("");
  });

  it("does not hang on a FIFO in the place of passwd", async () => {
    const make = `mkdir -p ${machine.dir}/fifo/etc ${machine.dir}/fifo/bin; mkfifo ${machine.dir}/fifo/etc/passwd ${machine.dir}/fifo/etc/group; cp /bin/busybox ${machine.dir}/fifo/bin/sh; tar -C ${machine.dir}/fifo -cf ${machine.dir}/fifo.tar .`;
    await machine.exec("sh", ["-c", make]);
    await daemon.berth(["import", join(machine.dir, "fifo.tar"), "fifo"]);
    const done = await daemon.berth(["run", "--rm", "--network", "none", "-u", "www", "fifo", "sh", "-c", "true"], {
      timeoutMs: 10_000,
    });
    expect(done.code).toBe(125);
    expect(done.stderr).toContain("not a regular file");
  });
});
