import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTar } from "../src/lib/tar/index.ts";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine } from "./harness/machine.ts";

describe.skipIf(!isRoot)("volumes with a future", () => {
  let machine: Machine;
  let daemon: Daemon;
  let work = "";
  let count = 0;
  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    await importBusybox(daemon);
  });
  beforeEach(() => {
    work = join(machine.dir, `work${count++}`);
    mkdirSync(work);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  const ok = async (args: string[], input?: string | Buffer): Promise<string> => {
    const done = await daemon.berth(args, input === undefined ? {} : { input });
    expect([args.join(" "), done.code, done.stderr]).toEqual([args.join(" "), 0, ""]);
    return done.stdout;
  };
  const fails = async (args: string[], text: string, input?: Buffer): Promise<void> => {
    const done = await daemon.berth(args, input === undefined ? {} : { input });
    expect([done.code, done.stderr]).toEqual([1, expect.stringContaining(text)]);
  };
  const data = (volume: string) => join(daemon.dataRoot, "volumes", volume, "_data");
  const rest = (volume: string) => readdirSync(join(daemon.dataRoot, "volumes", volume)).sort();
  const shell = (script: string, cwd: string) => execFileSync("sh", ["-ec", script], { cwd, encoding: "utf8" });
  /** Everything that a tree has: type, mode, owner, size, blocks where holes count, times, links, attributes, content. */
  const listing = (folder: string) => {
    const each = `stat -c '%n %F %a %u:%g %h %t:%T %y' "$1"; if [ -L "$1" ]; then readlink "$1"; fi
      if [ -f "$1" ]; then md5sum "$1"; fi; getfattr -h -d -m - -e hex "$1" 2>/dev/null || true`;
    writeFileSync(join(work, "each"), each);
    return shell(`find . -print0 | sort -z | xargs -0 -n 1 sh '${work}/each'`, folder);
  };
  const fill = (volume: string) =>
    shell(
      `chown 12:34 .; chmod 1750 .; mkdir -p d/empty; echo one >d/f; ln d/f hard; ln -s ../../etc/passwd d/link
       truncate -s 40M hole; echo end >>hole; mkfifo p; mknod null c 1 3; mknod blk b 7 99; chmod 600 p null blk
       setfattr -n user.colour -v blue d/f; setcap cap_net_bind_service+ep d/f 2>/dev/null || true
       chown 7:8 d/link -h; touch -d 2001-02-03T04:05:06.123456789 d/f d; printf 'x' >"$(printf 'a\\nb')"`,
      data(volume),
    );

  it("a backup is a tar.zst with its digest beside it, and a restore gives everything back", async () => {
    await ok(["volume", "create", "full"]);
    fill("full");
    const before = listing(data("full"));
    const file = join(work, "full.tar.zst");
    await ok(["volume", "backup", "-o", file, "full"]);
    expect(shell("sha256sum -c full.tar.zst.sha256", work)).toBe("full.tar.zst: OK\n");
    expect(shell("zstd -dc full.tar.zst | tar -tf - | sort | head -3", work)).toContain("./");
    shell("rm -r d hard; echo new >other", data("full"));
    expect(await ok(["volume", "restore", "-i", file, "full"])).toBe("full\n");
    expect(listing(data("full"))).toBe(before);
    expect(statSync(join(data("full"), "hole")).blocks * 512).toBeLessThan(1024 * 1024);
    expect(rest("full")).toEqual(["_data", "volume.json"]);
    // to another name, through a pipe
    const piped = await daemon.berth(["volume", "backup", "full"]);
    expect(piped.code).toBe(0);
    await ok(["volume", "restore", "-i", "-", "copy"], Buffer.from(piped.stdout, "latin1"));
    expect(listing(data("copy"))).toBe(before);
  });

  it("a restore that fails leaves the volume as it was, and no volume that was not there", async () => {
    await ok(["volume", "create", "kept"]);
    shell("echo old >file", data("kept"));
    const file = join(work, "kept.tar.zst");
    await ok(["volume", "backup", "-o", file, "kept"]);
    const whole = readFileSync(file);
    const altered = Buffer.from(whole);
    altered[altered.length >> 1] = (altered[altered.length >> 1] ?? 0) ^ 0x55;
    writeFileSync(file, altered);
    await fails(["volume", "restore", "-i", file, "kept"], "");
    const tar = createTar([{ name: "file", content: "hostile" }]);
    await fails(["volume", "restore", "--digest", "0".repeat(64), "kept"], `not sha256:${"0".repeat(64)}`, tar);
    await fails(["volume", "restore", "kept"], "", whole.subarray(0, whole.length - 9));
    await fails(["volume", "restore", "fresh"], "", Buffer.from("this is no archive"));
    expect(readFileSync(join(data("kept"), "file"), "utf8")).toBe("old\n");
    expect(rest("kept")).toEqual(["_data", "volume.json"]);
    expect((await daemon.get("/volumes/fresh")).status).toBe(404);
    expect((await daemon.request("POST", "/volumes/kept/restore?digest=md5:1", "")).status).toBe(400);
  });

  it("a hostile archive writes nothing outside the volume", async () => {
    await ok(["volume", "create", "jail"]);
    const outside = join(work, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "victim"), "mine");
    const up = "../".repeat(20) + outside.slice(1);
    const archives = [
      [{ name: `${up}/victim`, content: "x" }],
      [{ name: `${outside}/victim`, content: "x" }],
      [
        { name: "link", type: "symlink" as const, linkName: outside },
        { name: "link/victim", content: "x" },
        { name: "link/new", content: "x" },
      ],
      [{ name: "hard", type: "hardlink" as const, linkName: `${outside}/victim` }],
      [
        { name: "l", type: "symlink" as const, linkName: `${outside}/victim` },
        { name: "h", type: "hardlink" as const, linkName: "l" },
        { name: "h", content: "x" },
      ],
    ];
    for (const entries of archives) await daemon.berth(["volume", "restore", "jail"], { input: createTar(entries) });
    expect(readdirSync(outside)).toEqual(["victim"]);
    expect(readFileSync(join(outside, "victim"), "utf8")).toBe("mine");
    expect(lstatSync(join(outside, "victim")).nlink).toBe(1);
    expect((await ok(["volume", "ls", "-q"])).split("\n")).toContain("jail");
  });

  it("clones, and goes back to snapshots", async () => {
    await ok(["volume", "create", "--label", "a=b", "src"]);
    fill("src");
    const first = listing(data("src"));
    expect(await ok(["volume", "clone", "src", "twin"])).toBe("twin\n");
    expect(listing(data("twin"))).toBe(first);
    expect((await daemon.get("/volumes/twin")).json).toMatchObject({ Labels: { a: "b" } });
    await fails(["volume", "clone", "src", "twin"], "exists already");
    await fails(["volume", "clone", "nope", "x1"], "no such volume");
    expect((await daemon.get("/volumes/x1")).status).toBe(404);
    expect(await ok(["volume", "snapshot", "create", "src", "before"])).toBe("before\n");
    shell("echo changed >d/f; rm hole", data("src"));
    const generated = (await ok(["volume", "snapshot", "create", "src"])).trim();
    await fails(["volume", "snapshot", "create", "src", "before"], "has a snapshot before already");
    await fails(["volume", "snapshot", "create", "src", "../x"], "invalid characters");
    expect(await ok(["volume", "snapshot", "ls", "-q", "src"])).toBe(`before\n${generated}\n`);
    await ok(["volume", "snapshot", "restore", "src", "before"]);
    expect(listing(data("src"))).toBe(first);
    await ok(["volume", "snapshot", "rm", "src", "before", generated]);
    expect(await ok(["volume", "snapshot", "ls", "-q", "src"])).toBe("");
    await fails(["volume", "snapshot", "restore", "src", "before"], "has no snapshot before");
    expect(await ok(["volume", "ls", "-s"])).toMatch(/^DRIVER +VOLUME NAME +SIZE\n(.*\n)*local +src +41\.9\dMB\n/);
  });

  it("with --pause a copy shows one moment, and a running container keeps what it has", async () => {
    const script = "i=0; while true; do i=$((i+1)); echo $i >/v/a; echo $i >/v/b; done";
    await ok(["run", "-d", "--name", "writer", "-v", "busy:/v", "busybox", "sh", "-c", script]);
    await ok(["exec", "writer", "sh", "-c", "until [ -s /v/b ]; do sleep 0.01; done"]);
    for (let round = 0; round < 5; round++) {
      await ok(["volume", "snapshot", "create", "--pause", "busy", `s${round}`]);
      const path = (name: string) => join(daemon.dataRoot, "volumes/busy/snapshots", `s${round}`, "_data", name);
      const [a, b] = ["a", "b"].map((name) => readFileSync(path(name), "utf8").trim()).map(Number);
      // An empty file is one that is being written.
      if (a && b) expect([0, 1]).toContain(a - b);
    }
    await ok(["volume", "backup", "--pause", "-o", join(work, "b.tar.zst"), "busy"]);
    expect(await ok(["inspect", "-f", "{{.State.Status}}", "writer"])).toBe("running\n");
    // it is not frozen any more
    await ok(["exec", "writer", "sh", "-c", 'x=$(cat /v/a); until [ "$(cat /v/a)" != "$x" ]; do sleep 0.01; done']);
    await fails(["volume", "restore", "-i", join(work, "b.tar.zst"), "busy"], "in use by running containers");
    await fails(["volume", "snapshot", "restore", "busy", "s1"], "in use by running containers");
    await ok(["rm", "-f", "writer"]);
    await ok(["volume", "restore", "-i", join(work, "b.tar.zst"), "busy"]);
    expect(existsSync(join(data("busy"), "a"))).toBe(true);
  });

  it("a crash leaves the old files or the new, and nothing beside them", async () => {
    await ok(["volume", "create", "crash"]);
    shell("echo old >file; head -c 60M /dev/zero >big", data("crash"));
    await ok(["volume", "backup", "-o", join(work, "c.tar.zst"), "crash"]);
    shell("echo newer >file", data("crash"));
    for (const delay of [30, 80, 150, 300]) {
      const restoring = daemon.berth(["volume", "restore", "-i", join(work, "c.tar.zst"), "crash"]);
      await new Promise((resolve) => setTimeout(resolve, delay));
      await daemon.restart("SIGKILL");
      await restoring;
      expect(["old\n", "newer\n"]).toContain(readFileSync(join(data("crash"), "file"), "utf8"));
      await expect.poll(() => rest("crash"), { timeout: 10_000 }).toEqual(["_data", "volume.json"]);
    }
  });
});
