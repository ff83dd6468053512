import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContainerConfig, HostConfig } from "../../spec/api/index.ts";
import { detectCgroups, findProgram, lookupUser, readMachine } from "../../system/index.ts";
import { adaptHostConfig } from "./adapt.ts";
import { bindMount } from "./bind-mount.ts";
import { buildSpec } from "./build.ts";
import { resolveDevices } from "./devices.ts";
import { tmpfsMount } from "./mounts.ts";
import { specText } from "./spec-text.ts";
import { validateHostConfig } from "./validate/index.ts";

const busybox = "/bin/busybox";
const crun = findProgram("crun");
const able = process.getuid?.() === 0 && crun !== undefined && existsSync(busybox);

describe.skipIf(!able)("a real container", () => {
  const machine = readMachine(detectCgroups());
  let dir: string;
  let count = 0;

  beforeAll(() => {
    dir = mkdtempSync("/var/tmp/berth-live-");
    for (const name of ["bin", "proc", "sys", "dev", "tmp"]) mkdirSync(join(dir, "rootfs", name), { recursive: true });
    copyFileSync(busybox, join(dir, "rootfs/bin/busybox"));
    symlinkSync("busybox", join(dir, "rootfs/bin/sh"));
    symlinkSync("/proc/self/fd/7", join(dir, "rootfs/escape"));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** Runs a shell script as the container's process; without cgroups, so that nothing of the host's is touched. */
  function run(script: string, hostConfig: HostConfig = {}, config: ContainerConfig = {}) {
    const adapted = adaptHostConfig({ NetworkMode: "none", ...hostConfig }, { machine });
    const { hostConfig: checked } = validateHostConfig(adapted, machine);
    const choice = (mode: string | undefined) => (mode === "host" ? "host" : "new");
    const spec = buildSpec({
      id: "x",
      config: { Cmd: ["/bin/sh", "-c", `set -- busybox; ${script}`], ...config },
      hostConfig: checked,
      rootfs: join(dir, "rootfs"),
      user: lookupUser("", "", config.User ?? "", checked.GroupAdd ?? []),
      mounts: [
        bindMount({ source: busybox, destination: "/bin/readonly", readOnly: true }, machine),
        ...Object.entries(checked.Tmpfs ?? {}).map(([place, data]) => tmpfsMount(place, data)),
      ],
      devices: resolveDevices(checked),
      hostname: "inside",
      cgroupPath: "/none",
      namespaces: {
        network: "new",
        pid: choice(checked.PidMode),
        ipc: choice(checked.IpcMode),
        uts: choice(checked.UTSMode),
        cgroup: "host",
      },
      machine,
    });
    writeFileSync(join(dir, "config.json"), specText(spec));
    const name = `berth-live-${process.pid}-${count++}`;
    const place = ["--root", join(dir, "state"), "--cgroup-manager", "disabled"];
    const result = spawnSync(crun ?? "", [...place, "run", "--bundle", dir, name], { encoding: "utf8" });
    return { code: result.status, output: `${result.stdout}${result.stderr}`.trim() };
  }

  test("has the default capabilities, no inheritable or ambient ones, a filter, and its own names", () => {
    const { output } = run("$@ grep -E 'Cap|NoNew|Seccomp:' /proc/self/status; $@ hostname; echo $$ $HOME $HOSTNAME");
    expect(output.split(/\s+/)).toEqual(
      (
        "CapInh: 0000000000000000 CapPrm: 00000000a80425fb CapEff: 00000000a80425fb CapBnd: 00000000a80425fb " +
        "CapAmb: 0000000000000000 NoNewPrivs: 0 Seccomp: 2 inside 1 / inside"
      ).split(" "),
    );
  });

  test("cannot change the kernel's settings, mount, make namespaces or read what is masked", () => {
    const script = `
      echo 1 2>/dev/null >/proc/sys/kernel/panic && echo wrote-sysctl
      echo 1 2>/dev/null >/proc/sysrq-trigger && echo wrote-sysrq
      $@ mount -t tmpfs x /tmp 2>/dev/null && echo mounted
      $@ unshare -m true 2>/dev/null && echo unshared
      $@ unshare -U true 2>/dev/null && echo unshared-user
      $@ mkdir /sys/fs/x 2>/dev/null && echo wrote-sys
      $@ wc -c </proc/interrupts; $@ wc -c </proc/keys; $@ ls /sys/firmware | $@ wc -l
      echo x 2>/dev/null >/bin/readonly && echo wrote-readonly`;
    expect(run(script).output.split(/\s+/)).toEqual(["0", "0", "0"]);
  });

  test("as another user it has no capability, and its groups are told in full", () => {
    const { output } = run("$@ grep CapEff /proc/self/status; $@ id", { GroupAdd: ["29"] }, { User: "1000:1001" });
    expect(output).toMatch(/CapEff:\s0000000000000000\s+uid=1000 gid=1001 groups=(29,1001|1001,29)$/);
  });

  test("read-only root, writable tmpfs, limits without end, no new privileges", () => {
    const limits = {
      Ulimits: [
        { Name: "core", Soft: -1, Hard: -1 },
        { Name: "nofile", Soft: 100, Hard: 200 },
      ],
    };
    const script = `
      $@ touch /x 2>/dev/null && echo wrote-root
      $@ touch /t/x && echo tmpfs; $@ grep NoNew /proc/self/status
      $@ grep -E 'core file|open files' /proc/self/limits`;
    const { output } = run(script, {
      ReadonlyRootfs: true,
      Tmpfs: { "/t": "" },
      SecurityOpt: ["no-new-privileges"],
      ...limits,
    });
    expect(output.replace(/\s+/g, " ")).toBe(
      "tmpfs NoNewPrivs: 1 Max core file size unlimited unlimited bytes Max open files 100 200 files",
    );
  });

  test("privileged means all of it", () => {
    const script =
      "$@ mount -t tmpfs x /tmp && echo mounted; $@ test -w /proc/sys/kernel/panic && echo open; $@ ls /dev | $@ grep -c '^k\\?msg$\\|^kmsg$'";
    expect(run(script, { Privileged: true }).output).toBe("mounted\nopen\n1");
  });

  test("a working directory among the descriptors is none, or lies inside", () => {
    for (let fd = 3; fd < 12; fd++) {
      const { code, output } = run(
        "$@ pwd; $@ ls -d ../../../../../../etc/passwd",
        {},
        { WorkingDir: `/proc/self/fd/${fd}` },
      );
      expect(code === 0 && output.includes("passwd"), output).toBe(false);
    }
    expect(run("$@ ls ../../../../etc/passwd", {}, { WorkingDir: "/escape" }).code).not.toBe(0);
  });

  test("shared namespaces are the host's", () => {
    const { output } = run("$@ hostname; $@ test $$ = 1 || echo another", { UTSMode: "host", PidMode: "host" });
    expect(output).not.toContain("inside");
    expect(output).toContain("another");
  });
});
