import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTar } from "../src/lib/tar/index.ts";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine } from "./harness/machine.ts";

describe.skipIf(!isRoot)("copying in and out, what has changed, commit", () => {
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
  const fails = async (args: string[], text: string): Promise<void> => {
    const done = await daemon.berth(args);
    expect([done.code, done.stderr]).toEqual([1, expect.stringContaining(text)]);
  };
  const start = (name: string, script: string, flags: string[] = []) =>
    ok([
      "run",
      "-d",
      "--network",
      "none",
      "--name",
      name,
      ...flags,
      "busybox",
      "sh",
      "-c",
      `${script}; touch /tmp/ready; sleep 1000`,
    ]).then(() => ok(["exec", name, "sh", "-c", "until [ -e /tmp/ready ]; do sleep 0.05; done"]));
  const sh = (name: string, script: string) => ok(["exec", name, "sh", "-c", script]);
  /** Names below a folder with what they are: "d/", "f=content", "l->target". */
  const tree = (folder: string, prefix = ""): string[] =>
    readdirSync(folder)
      .sort()
      .flatMap((name) => {
        const path = join(folder, name);
        const stat = lstatSync(path);
        if (stat.isDirectory()) return [`${prefix}${name}/`, ...tree(path, `${prefix}${name}/`)];
        return [
          `${prefix}${name}${stat.isSymbolicLink() ? `->${readlinkSync(path)}` : `=${readFileSync(path, "utf8")}`}`,
        ];
      });
  const data = "mkdir -p /d/sub; echo -n one >/d/f; echo -n two >/d/sub/g; ln -s d /link; ln -s /d/f /flink";

  describe.each(["running", "stopped"])("a %s container", (state) => {
    const name = `files-${state}`;
    beforeAll(async () => {
      await start(name, `${data}; echo -n vol >/vol/v`, ["-v", `vol-${state}:/vol`, "-v", `ro-${state}:/ro:ro`]);
      if (state === "stopped") await ok(["kill", name]);
    });

    it("copies out by Docker's path rules", async () => {
      mkdirSync(join(work, "here"));
      const cases: [string[], string, string[]][] = [
        [["/d/f"], "new", ["here/", "new=one"]],
        [["/d/f"], "here", ["here/", "here/f=one", "new=one"]],
        [["/d"], "copy", ["copy/", "copy/f=one", "copy/sub/", "copy/sub/g=two"]],
        [["/d"], "copy", ["copy/d/", "copy/d/f=one"]],
        [["/d/."], "content", ["content/", "content/f=one", "content/sub/"]],
        [["/link"], "alink", ["alink->d"]],
        [["/link/"], "adir", ["adir/", "adir/f=one"]],
        [["-L", "/flink"], "followed", ["followed=one"]],
        [["/vol"], "volume", ["volume/", "volume/v=vol"]],
        [["-a", "-q", "/vol/v"], "v", ["v=vol"]],
      ];
      for (const [flags, to, expected] of cases) {
        const path = flags.pop() ?? "";
        await ok(["cp", ...flags, `${name}:${path}`, join(work, to)]);
        const found = tree(work);
        for (const line of expected) expect(found, `${path} → ${to}`).toContain(line);
      }
      await fails(["cp", `${name}:/nope`, work], `Could not find the file /nope in container ${name}`);
      await fails(["cp", `${name}:/d`, join(work, "new")], "cannot copy directory");
      await fails(["cp", `${name}:/d/f`, join(work, "none/")], "no such directory");
      await fails(["cp", `${name}:/d/f`, join(work, "no/where")], "invalid output path: directory");
    });

    it("copies in by Docker's path rules", async () => {
      const local = join(work, "src");
      mkdirSync(join(local, "sub"), { recursive: true });
      writeFileSync(join(local, "a"), "A");
      writeFileSync(join(local, "sub/b"), "B", { mode: 0o640 });
      symlinkSync("a", join(local, "l"));
      for (const [from, to] of [
        [local, "/tmp"],
        [`${local}/.`, "/tmp/dot"],
        [local, "/tmp/renamed"],
        [join(local, "a"), "/tmp/file"],
        [join(local, "a"), "/tmp/dot/"],
        [join(local, "a"), "/link/into"],
        [join(local, "l"), "/tmp/dot/kept"],
        [join(local, "a"), "/vol/a"],
      ] as const)
        await ok(["cp", from, `${name}:${to}`]);
      await ok(["cp", "-L", join(local, "l"), `${name}:/tmp/followed`]);
      await ok(["cp", `${name}:/tmp`, join(work, "out")]);
      const found = tree(join(work, "out"));
      expect(found).toEqual(
        expect.arrayContaining(["src/", "src/a=A", "src/sub/b=B", "dot/sub/b=B", "dot/a=A", "dot/kept->a"]),
      );
      expect(found).toEqual(expect.arrayContaining(["renamed/l->a", "file=A", "followed=A"]));
      expect(statSync(join(work, "out/src/sub/b")).mode & 0o777).toBe(0o640);
      expect(await ok(["cp", `${name}:/d/into`, "-"])).toContain("into");
      expect(await ok(["run", "--rm", "--network", "none", "-v", `vol-${state}:/x`, "busybox", "cat", "/x/a"])).toBe(
        "A",
      );
      await fails(["cp", join(local, "a"), `${name}:/ro/a`], "mounted volume is marked read-only");
      await fails(["cp", local, `${name}:/d/f`], "cannot copy directory");
      await fails(["cp", join(local, "a"), `${name}:/nope/`], "no such directory");
      await fails(["cp", join(local, "a"), `${name}:/no/where`], "Could not find the file /no in container");
    });

    it("takes and gives tars", async () => {
      const tar = createTar([
        { name: "t/", type: "directory" },
        { name: "t/x", content: "X", uid: 33, gid: 50 },
      ]);
      writeFileSync(join(work, "in.tar"), tar);
      await ok(["cp", "-", `${name}:/home`], tar);
      await ok(["cp", `${name}:/home/t/x`, work]);
      expect(readFileSync(join(work, "x"), "utf8")).toBe("X");
      const stat = await daemon.request("HEAD", `/v1.45/containers/${name}/archive?path=/home/t/x`);
      const header = JSON.parse(Buffer.from(String(stat.headers["x-docker-container-path-stat"]), "base64").toString());
      expect(header).toMatchObject({ name: "x", size: 1, mode: 0o644, linkTarget: "" });
      expect(Object.keys(header)).toEqual(["name", "size", "mode", "mtime", "linkTarget"]);
      await fails(["cp", "-", `${name}:/home/t/x`], "must be a directory");
    });

    it("works with the docker client", async () => {
      writeFileSync(join(work, "f"), "docker");
      const into = await daemon.docker(["cp", join(work, "f"), `${name}:/tmp/by-docker`]);
      expect([into.code, into.stderr]).toEqual([0, expect.not.stringContaining("Error")]);
      expect((await daemon.docker(["cp", `${name}:/tmp/by-docker`, join(work, "back")])).code).toBe(0);
      expect(readFileSync(join(work, "back"), "utf8")).toBe("docker");
      expect((await daemon.docker(["cp", `${name}:/d`, join(work, "tree")])).code).toBe(0);
      expect(tree(join(work, "tree"))).toContain("sub/g=two");
    });
  });

  it("leaves nothing mounted for stopped containers", async () => {
    expect(
      (
        await machine.exec("sh", [
          "-c",
          `grep -c ${daemon.dir}/exec/containers /proc/mounts; ls ${daemon.dir}/exec/containers | wc -l`,
        ])
      ).stdout,
    ).toBe("1\n1\n");
  });

  it("gives files to the container's user with -a", async () => {
    await start("owned", "mkdir /tmp/o", ["-u", "www"]);
    writeFileSync(join(work, "f"), "x");
    await ok(["cp", "-a", join(work, "f"), "owned:/tmp/mine"]);
    await ok(["cp", join(work, "f"), "owned:/tmp/roots"]);
    expect(await sh("owned", "stat -c '%u:%g' /tmp/mine /tmp/roots")).toBe("33:33\n0:0\n");
    await ok(["rm", "-f", "owned"]);
  });

  it("never puts a file in the place of a directory or the reverse", async () => {
    await start("kinds", "mkdir -p /k/x; echo keep >/k/y");
    mkdirSync(join(work, "y"));
    writeFileSync(join(work, "x"), "");
    await fails(["cp", join(work, "x"), "kinds:/k"], 'cannot overwrite directory "/k/x" with non-directory "/k"');
    await fails(["cp", join(work, "y"), "kinds:/k"], 'cannot overwrite non-directory "/k/y" with directory "/k"');
    expect(await sh("kinds", "cat /k/y")).toBe("keep\n");
    mkdirSync(join(work, "t/x"), { recursive: true });
    await fails(["cp", "kinds:/k/y", join(work, "t/x/../x/y/")], "no such directory");
    mkdirSync(join(work, "into/y"), { recursive: true });
    await fails(["cp", "kinds:/k/y", join(work, "into")], "cannot overwrite directory");
    await ok(["rm", "-f", "kinds"]);
  });

  it("tells what has changed, exports it and makes an image of it", async () => {
    await ok(["run", "--network", "none", "--name", "plain", "busybox", "true"]);
    expect(await ok(["diff", "plain"])).toBe("");
    await start(
      "work",
      "mkdir /new; echo n >/new/f; rm /etc/group; echo x >>/etc/passwd; rm -r /var/www; mkdir /var/www; touch /var/www/q",
    );
    const changes = (await ok(["diff", "work"])).trim().split("\n").sort();
    expect(changes).toEqual(
      [
        "A /new",
        "A /new/f",
        "A /tmp/ready",
        "C /tmp",
        "A /var/www/q",
        "C /etc",
        "C /etc/passwd",
        "C /var",
        "C /var/www",
        "D /etc/group",
      ].sort(),
    );
    await ok(["export", "-o", join(work, "out.tar"), "work"]);
    const names = (await machine.exec("tar", ["tf", join(work, "out.tar")])).stdout.split("\n");
    expect(names).toEqual(expect.arrayContaining(["bin/busybox", "new/f", "var/www/q", ".dockerenv"]));
    expect(names).not.toContain("etc/group");
    const flags = ["-a", "Me <me@x>", "-m", "a message", "-c", "ENV A=b", "-c", 'CMD ["cat", "/new/f"]'];
    const id = (await ok(["commit", ...flags, "work", "mine:1"])).trim();
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await ok(["run", "--rm", "--network", "none", "mine:1"])).toBe("n\n");
    expect(
      await ok([
        "run",
        "--rm",
        "--network",
        "none",
        "mine:1",
        "sh",
        "-c",
        "echo $A; ls /etc/group /var/www 2>&1 || true",
      ]),
    ).toBe("b\nls: /etc/group: No such file or directory\n/var/www:\nq\n");
    const [image] = JSON.parse(await ok(["image", "inspect", "mine:1"]));
    expect(image).toMatchObject({ Author: "Me <me@x>", Comment: "a message", Config: { Env: ["A=b"] } });
    expect(image.RootFS.Layers).toHaveLength(2);
    const history = (await ok(["history", "--no-trunc", "--format", "{{.CreatedBy}}|{{.Comment}}", "mine:1"])).split(
      "\n",
    );
    expect(history[0]).toMatch(/^sh -c .*\|a message$/);
    expect((await ok(["inspect", "-f", "{{.State.Status}}", "work"])).trim()).toBe("running");
    const empty = (await ok(["commit", "plain"])).trim();
    expect(JSON.parse(await ok(["image", "inspect", empty]))[0].RootFS.Layers).toHaveLength(1);
    await fails(["commit", "-c", "RUN x", "work"], "RUN is not a valid change command");
    await fails(["commit", "work", "Bad"], "must be lowercase");
    await ok(["rm", "-f", "work", "plain"]);
  });

  describe("hostile", () => {
    it("a tar never writes outside of the directory it is for", async () => {
      await start("target", "mkdir -p /t/in; ln -s /etc /t/in/out; echo keep >/outside");
      const put = (members: Parameters<typeof createTar>[0]) =>
        daemon.request("PUT", "/v1.45/containers/target/archive?path=/t/in", createTar(members), {
          "Content-Type": "application/x-tar",
        });
      const before = await sh("target", "ls /; ls -l /etc | md5sum; cat /outside");
      expect((await put([{ name: "../../outside", content: "bad" }])).status).toBe(400);
      expect((await put([{ name: "/../outside", content: "bad" }])).status).toBe(200);
      expect((await put([{ name: "out/passwd", content: "bad" }])).status).toBeLessThan(500);
      expect(
        (
          await put([
            { name: "l", type: "symlink", linkName: "/" },
            { name: "l/outside", content: "bad" },
          ])
        ).status,
      ).toBe(200);
      expect(
        (
          await put([
            { name: "h", type: "hardlink", linkName: "/outside" },
            { name: "h", content: "bad" },
          ])
        ).status,
      ).toBeLessThan(500);
      expect((await put([{ name: "h2", type: "hardlink", linkName: "../../outside" }])).status).toBe(400);
      expect((await put([{ name: "m", type: "symlink", linkName: "/outside", mode: 0o777 }])).status).toBe(200);
      expect(await sh("target", "ls /; ls -l /etc | md5sum; cat /outside")).toBe(before);
      expect(existsSync(join(machine.dir, "outside"))).toBe(false);
      await ok(["rm", "-f", "target"]);
    });

    it("a container that swaps links in a loop is never left, in either direction", async () => {
      const outside = join(machine.dir, "host-secret");
      mkdirSync(outside);
      writeFileSync(join(outside, "file"), "SECRET");
      const before = await machine.exec("sh", ["-c", `ls -lR ${outside} | md5sum`]);
      // /s/x is in turn a folder with a harmless file, a link to a path that exists on the host alone, and to the root.
      const loop = `mkdir -p /s/real /s/x; echo -n safe >/s/real/file; (while true; do
        rm -rf /s/x; ln -s ${outside} /s/x; rm -rf /s/x; ln -s ../../../../../../../..${outside} /s/x; rm -rf /s/x; mkdir /s/x; echo -n safe >/s/x/file;
      done) &`;
      await start("swapper", loop.replace(/&$/, "& true"));
      writeFileSync(join(work, "file"), "WRITTEN");
      const codes = new Map<number, number>();
      const step = async (i: number) => {
        const path = i % 2 === 0 ? "/s/x/file" : "/s/x/";
        const out = await daemon.request("GET", `/v1.45/containers/swapper/archive?path=${path}`);
        expect(out.text).not.toContain("SECRET");
        const tar = createTar([
          { name: "x/", type: "directory" },
          { name: "x/file", content: "WRITTEN" },
        ]);
        const into = await daemon.request(
          "PUT",
          `/v1.45/containers/swapper/archive?path=${i % 2 ? "/s" : "/s/x"}`,
          tar,
        );
        for (const { status } of [out, into]) codes.set(status, (codes.get(status) ?? 0) + 1);
      };
      for (let i = 0; i < 250; i += 5) await Promise.all([0, 1, 2, 3, 4].map((j) => step(i + j)));
      expect(codes.get(200) ?? 0).toBeGreaterThan(20);
      for (let i = 0; i < 10; i++) {
        await daemon.berth(["cp", join(work, "file"), "swapper:/s/x/file"]);
        await daemon.berth(["cp", "swapper:/s", join(work, `got${i}`)]);
      }
      expect(tree(work).join("\n")).not.toContain("SECRET");
      expect((await machine.exec("sh", ["-c", `ls -lR ${outside} | md5sum`])).stdout).toBe(before.stdout);
      expect(readFileSync(join(outside, "file"), "utf8")).toBe("SECRET");
      await ok(["rm", "-f", "swapper"]);
    });

    it("runs nothing that is in the container", async () => {
      const trap = "#!/bin/sh\ntouch /ran\n";
      await start(
        "trap",
        `for p in xz gzip tar mkfifo zstd bzip2; do rm -f /bin/$p /usr/bin/$p; printf '${trap.replaceAll("\n", "\\n")}' >/bin/$p; chmod 755 /bin/$p; done`,
      );
      writeFileSync(join(work, "in.tar"), createTar([{ name: "packed", content: "1" }]));
      await machine.exec("xz", ["-k", join(work, "in.tar")]);
      await ok(["cp", "-", "trap:/tmp"], readFileSync(join(work, "in.tar.xz")));
      await ok(["commit", "trap"]);
      await ok(["export", "-o", join(work, "o"), "trap"]);
      expect(await sh("trap", "cat /tmp/packed; ls /ran 2>&1 | grep -c 'No such'")).toBe("11\n");
      await ok(["rm", "-f", "trap"]);
    });
  });
});
