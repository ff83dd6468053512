import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoctorReport } from "../src/spec/api/index.ts";
import { busyboxTar } from "./harness/busybox.ts";
import { Daemon } from "./harness/daemon.ts";
import { imageArchive } from "./harness/image-archive.ts";
import { isRoot, type Machine, makeMachine, type Output } from "./harness/machine.ts";
import { startRegistry } from "./harness/registry.ts";

/** Small file systems, each full in its own way: `fill` leaves next to nothing, `free` gives it back. */
const DISKS = {
  "tmpfs, in bytes": { mount: "mount -t tmpfs -o size=48m,nr_inodes=100k disk $D", fill: "bytes" },
  "tmpfs, in inodes": { mount: "mount -t tmpfs -o size=200m,nr_inodes=4000 disk $D", fill: "inodes" },
  "ext4, in bytes": { mount: "mkfs.ext4 -q -m 0 -N 20000 $D.img 64M && mount -o loop $D.img $D", fill: "bytes" },
  "ext4, in inodes": { mount: "mkfs.ext4 -q -m 0 -N 4000 $D.img 200M && mount -o loop $D.img $D", fill: "inodes" },
} as const;

const FILL = {
  bytes: "dd if=/dev/zero of=$D/filler bs=4k 2>/dev/null; dd if=/dev/zero of=$D/filler2 bs=512 2>/dev/null; true",
  inodes: "mkdir -p $D/filler; i=0; while : >$D/filler/$i; do i=$((i+1)); done 2>/dev/null; true",
};

const FULL = /no space left on device|ENOSPC|disk is full/i;
const loops = isRoot && spawnSync("losetup", ["-f"]).status === 0;

describe.skipIf(!isRoot).each(Object.entries(DISKS))("a full disk: %s", (name, { mount, fill }) => {
  const skipped = name.startsWith("ext4") && !loops;
  let machine: Machine;
  let daemon: Daemon;
  let pulled = "";
  const sh = async (script: string): Promise<Output> => {
    const done = await machine.exec("bash", ["-c", `D=${daemon.dataRoot}; ${script}`]);
    expect([script, done.code, done.stderr]).toEqual([script, 0, ""]);
    return done;
  };
  const ok = async (args: string[], input?: Buffer): Promise<string> => {
    const done = await daemon.berth(args, input === undefined ? {} : { input });
    expect([args.join(" "), done.code, done.stderr]).toEqual([args.join(" "), 0, ""]);
    return done.stdout;
  };
  beforeAll(async () => {
    if (skipped) return;
    machine = await makeMachine();
    daemon = new Daemon(machine, "berth", []);
    await machine.exec("mkdir", ["-p", daemon.dataRoot]);
    await sh(mount);
    await daemon.start();
    const registry = await startRegistry(machine, {
      images: [{ path: "team/app", tag: "v1", layers: [busyboxTar()] }],
    });
    pulled = `${registry.domain}/team/app:v1`;
    await ok(["import", "--change", 'CMD ["sh"]', busyboxTar(), "busybox"]);
    await ok(["volume", "create", "kept"]);
    await ok(["run", "--name", "old", "-v", "kept:/v", "busybox", "sh", "-c", "echo mine >/v/file; echo told"]);
    await ok(["volume", "backup", "-o", join(machine.dir, "kept.tar.zst"), "kept"]);
    await ok([
      "run",
      "-d",
      "--name",
      "runs",
      "-v",
      "kept:/v",
      "busybox",
      "sh",
      "-c",
      "while sleep 0.05; do echo line; done",
    ]);
    writeFileSync(join(machine.dir, "load.tar"), imageArchive("loaded:latest", { layers: [] }));
    writeFileSync(join(machine.dir, "big"), Buffer.alloc(1024 * 1024, 1));
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  const loads: [string, () => string[]][] = [
    ["pull", () => ["pull", pulled]],
    ["load", () => ["load", "-i", join(machine.dir, "load.tar")]],
    ["import", () => ["import", "--change", "LABEL a=b", join(machine.dir, "other.tar"), "other"]],
    ["commit", () => ["commit", "old", "committed"]],
    ["cp in", () => ["cp", join(machine.dir, "big"), "old:/big"]],
    ["create", () => ["create", "--name", "new", "-v", "/anonymous", "busybox"]],
    ["volume create", () => ["volume", "create", "more"]],
    ["volume restore", () => ["volume", "restore", "-i", join(machine.dir, "kept.tar.zst"), "restored"]],
    ["volume clone", () => ["volume", "clone", "kept", "cloned"]],
    ["volume snapshot", () => ["volume", "snapshot", "create", "kept", "snap"]],
    ["network create", () => ["network", "create", "net"]],
    ["rename", () => ["rename", "old", "older"]],
  ];

  it.skipIf(skipped)("is told by every verb that writes, which leaves nothing half-made", async () => {
    await sh(`cp ${busyboxTar()} ${join(machine.dir, "other.tar")}; echo >>${join(machine.dir, "other.tar")}`);
    await sh(FILL[fill]);
    for (const [verb, args] of loads) {
      const done = await daemon.berth(args());
      expect([verb, done.code !== 0, done.stderr]).toEqual([verb, true, expect.stringMatching(FULL)]);
      expect([verb, done.stderr.split("\n").filter((line) => FULL.test(line)).length]).toEqual([verb, 1]);
    }
    // What runs goes on, answers, and can be stopped; what is there is listed.
    expect(await ok(["exec", "runs", "cat", "/v/file"])).toBe("mine\n");
    expect(await ok(["ps", "-aq", "--format", "{{.Names}}"])).toBe("runs\nold\n");
    expect((await daemon.berth(["start", "old"])).stderr).toMatch(/^$|no space left/);
    await ok(["stop", "-t", "0", "runs"]);
    const before = await ok(["images", "-q"]);
    await daemon.restart("SIGKILL");
    expect(await ok(["images", "-q"])).toBe(before);
    expect(await ok(["ps", "-aq", "--format", "{{.Names}}"])).toBe("runs\nold\n");
  });

  it.skipIf(skipped)("does not keep prune from working, and afterwards all is as before", async () => {
    await ok(["rm", "runs"]);
    expect(await ok(["system", "prune", "-f"])).toContain("Total reclaimed space");
    // The file system gives the room of removed files back when its journal says so.
    await sh("rm -rf $D/filler $D/filler2; sync");
    expect((await sh("cat $D/volumes/kept/_data/file")).stdout).toBe("mine\n");
    const report = (await daemon.get("/berth/doctor?deep=1")).json as DoctorReport;
    expect(report.Findings).toEqual([]);
    expect(await ok(["volume", "ls", "-q"])).toBe("kept\n");
    expect(await ok(["run", "--rm", "-v", "kept:/v", "busybox", "cat", "/v/file"])).toBe("mine\n");
    for (const [verb, args] of loads.filter(([verb]) => verb !== "commit" && verb !== "cp in" && verb !== "rename")) {
      const done = await daemon.berth(args());
      expect([verb, done.code, done.stderr]).toEqual([verb, 0, ""]);
    }
  });
});
