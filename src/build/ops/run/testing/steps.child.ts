import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, connect as dial } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { deferred } from "../../../../lib/index.ts";
import { mounts, openWorkbench } from "./workbench.ts";

// What steps do to the kernel and to their root, checked with both. Run by steps.test.ts.
const base = process.argv[2] ?? "";
// What is waited for does not keep a process alive by itself.
setTimeout(() => {
  console.error("it hangs");
  process.exit(1);
}, 25_000);
const bench = await openWorkbench(base);
const { at, run } = bench;
const say = (text: string) => process.env.BERTH_SAY && console.error(text, performance.now().toFixed(0));

/** Everything in a folder, as find prints it. */
const tree = (folder: string) => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

{
  say("isolation, environment, files");
  const root = bench.root();
  const etc = lstatSync(join(at("layer"), "etc")).mtimeMs;
  const { out, exitCode } = await run(
    root.rootfs,
    "cat /proc/self/status | grep -E 'Cap|Seccomp:'; env; cat /etc/hosts /etc/resolv.conf; hostname; pwd; ls /proc/self/fd; mount",
    { cwd: "/made/here", env: ["A=b c"], hosts: ["x:1.2.3.4", "gw:host-gateway"] },
  );
  assert.equal(exitCode, 0);
  assert.match(out, /CapInh:\s*0+\nCapPrm:\s*00000000a80425fb\nCapEff:\s*00000000a80425fb/);
  assert.match(out, /Seccomp:\s*2/);
  assert.match(out, /^A=b c$/m);
  assert.match(out, /^HOME=\/root$/m);
  assert.match(out, /^PATH=\/usr\/local\/sbin:/m);
  assert.doesNotMatch(out, /^HOSTNAME=/m);
  assert.match(
    out,
    /127\.0\.0\.1\tlocalhost buildkitsandbox\n.*\n1\.2\.3\.4\tx\n192\.0\.2\.9\tgw\nnameserver 192\.0\.2\.1\n/,
  );
  assert.match(out, /^buildkitsandbox\n\/made\/here\n0\n1\n2\n3$/m);
  assert.match(out, /on \/etc\/hosts type .*\(ro/);
  assert.match(out, /on \/proc\/sys type proc \(ro/);
  root.close();
  assert.deepEqual(tree(root.upper), ["etc", "made", "made/here"]);
  assert.equal(lstatSync(join(root.upper, "etc")).mtimeMs, etc);
}

{
  say("users, exit codes, stdin, streams, commands that are not there");
  const { rootfs, close } = bench.root();
  assert.equal((await run(rootfs, "id", { user: "app" })).out, "uid=77(app) gid=78(app) groups=78(app),90(extra)\n");
  assert.equal((await run(rootfs, "id -u; id -g", { user: "5:6" })).out, "5\n6\n");
  await assert.rejects(
    run(rootfs, "id", { user: "nobody" }),
    /unable to find user nobody: no matching entries in passwd file/,
  );
  assert.deepEqual(await run(rootfs, "echo a; echo b >&2; exit 7"), {
    exitCode: 7,
    oomKilled: false,
    out: "a\n",
    err: "b\n",
  });
  const piped = await run(rootfs, "", { args: ["/bin/cat"], stdin: Buffer.from("from outside\n") });
  assert.equal(piped.out, "from outside\n");
  assert.equal((await run(rootfs, "", { args: ["/bin/cat"] })).out, "");
  const missing = await run(rootfs, "", { args: ["nope"] });
  assert.equal(missing.exitCode, 127);
  assert.match(missing.err, /executable file not found in \$PATH/);
  assert.equal((await run(rootfs, "", { args: ["/etc/passwd"] })).exitCode, 126);
  await assert.rejects(run(rootfs, "true", { cwd: "/proc/self/fd/3" }), /leads out of the container/);
  const large = await run(rootfs, "dd if=/dev/zero bs=1M count=8 2>/dev/null");
  assert.equal(large.out.length, 8 << 20);
  close();
}

{
  say("bind mounts: read-only, writable, of files, of several layers");
  const upperLayer = join(base, "second");
  mkdirSync(join(upperLayer, "etc"), { recursive: true });
  writeFileSync(join(upperLayer, "etc/passwd"), "changed");
  const image = { lowers: [at("layer"), upperLayer], key: "k" };
  const { rootfs, upper, close } = bench.root();
  const script = "cat /b/etc/passwd /f; touch /b/x; touch /w/etc/new && ls /w/etc; echo > /f";
  const { out, err } = await run(
    rootfs,
    script,
    mounts(
      { type: "bind", target: "/b", from: image },
      { type: "bind", target: "w", from: image, readWrite: true },
      { type: "bind", target: "/f", from: image, source: "etc/group" },
    ),
  );
  assert.equal(out, "changedroot:x:0:\napp:x:78:\nextra:x:90:app\ngroup\nnew\npasswd\n");
  assert.match(err, /\/b\/x: Read-only file system/);
  assert.match(err, /\/f: Read-only file system/);
  assert.ok(!existsSync(join(upperLayer, "etc/new")) && !existsSync(join(at("layer"), "etc/new")));
  await assert.rejects(
    run(rootfs, "true", mounts({ type: "bind", target: "/b", from: image, source: "/no" })),
    /"\/no": not found/,
  );
  await assert.rejects(run(rootfs, "true", mounts({ type: "bind", target: "/proc/x", from: image })), /inside \/proc/);
  await assert.rejects(run(rootfs, "true", mounts({ type: "bind", target: "/", from: image })), /leads to the root/);
  close();
  assert.deepEqual(tree(upper), ["etc"]);
}

{
  say("a script of the build's own");
  const { rootfs, upper, close } = bench.root();
  const data = Buffer.from("#!/bin/cat\nshown by its own interpreter\n");
  const script = { type: "file", target: "/dev/pipes/EOF", data, mode: 0o755 } as const;
  assert.equal((await run(rootfs, "", { args: ["/dev/pipes/EOF"], ...mounts(script) })).out, String(data));
  close();
  assert.deepEqual(tree(upper), ["etc"]);
}

{
  say("tmpfs; a mount point is left where the step has put something beside it");
  const { rootfs, upper, close } = bench.root();
  const { out } = await run(
    rootfs,
    "mount | grep ' /a/t '; dd if=/dev/zero of=/a/t/x bs=1k count=65 2>/dev/null; stat -c %s /a/t/x; touch /a/kept",
    mounts({ type: "tmpfs", target: "/a/t", size: 65536 }),
  );
  assert.match(out, /tmpfs \(rw,nosuid,relatime,size=64k/);
  assert.match(out, /65536\n$/);
  close();
  assert.deepEqual(tree(upper), ["a", "a/kept", "etc"]);
}

{
  say("secrets: files, variables, and nothing of them anywhere");
  const { rootfs, upper, close } = bench.root();
  const word = `s3cr3t-${process.pid}`;
  const value = Buffer.from(word);
  const { out } = await run(
    rootfs,
    'stat -c "%a %u %g" /run/secrets/one /two; cat /two; echo; wc -c < /run/secrets/one; printf %s "$V" | wc -c; ls /run/secrets; mount | grep secrets',
    mounts(
      { type: "secret", id: "one", value },
      { type: "secret", id: "two", value, target: "/two", mode: 0o440, uid: 3, gid: 4 },
      { type: "secret", id: "three", value, env: "V" },
      { type: "secret", id: "absent" },
    ),
  );
  const length = String(word.length);
  assert.equal(out.split("\n").slice(0, 6).join(" "), `400 0 0 440 3 4 ${word} ${length} ${length} one`);
  assert.match(out, /on \/run\/secrets\/one type tmpfs \(ro,nosuid,nodev,noexec/);
  // While the step runs nothing in the data root has it, nor has any file that is not the runtime's own.
  const inside = await run(rootfs, "echo; while ! test -e /g/open; do :; done", {
    mounts: [
      { type: "secret", id: "three", value, env: "V" },
      { type: "bind", target: "/g", from: { lowers: [at("roots")], key: "g" } },
    ],
    onOutput: () => {
      const onDisk = execFileSync("sh", [
        "-c",
        `find ${base} -xdev -type f ! -name config.json -exec grep -l ${word} {} + || true`,
      ]);
      writeFileSync(join(at("roots"), "open"), onDisk);
    },
  });
  assert.equal(inside.exitCode, 0);
  assert.equal(readFileSync(join(at("roots"), "open"), "utf8"), "");
  rmSync(join(at("roots"), "open"));
  await assert.rejects(run(rootfs, "true", mounts({ type: "secret", id: "x", required: true })), /secret x: not found/);
  const big = Buffer.alloc(500 * 1024 + 1);
  await assert.rejects(run(rootfs, "true", mounts({ type: "secret", id: "x", value: big })), /invalid secret size/);
  close();
  assert.deepEqual(tree(upper), ["etc"]);
  const found = execFileSync("sh", ["-c", `grep -rl ${word} ${base} || true`], { encoding: "utf8" });
  assert.equal(found, "");
  assert.deepEqual(bench.remains(), []);
}

{
  say("an agent of the client's");
  const { rootfs, upper, close } = bench.root();
  const path = join(base, "agent");
  const agent = createServer((socket) => socket.on("data", (bytes) => socket.end(`agent got ${bytes}`)));
  await new Promise<void>((resolve) => agent.listen(path, resolve));
  const connect = () => Promise.resolve(dial(path));
  const heard = deferred<string>();
  const gates = join(base, "agent-gates");
  mkdirSync(gates);
  const talk = () => {
    const folder = join(at("exec/build"), "agent");
    const socket = readdirSync(folder).find((name) => name.startsWith("ssh-")) ?? "";
    const client = dial(join(folder, socket), () => client.write("hello"));
    client.on("data", (bytes) => heard.resolve(bytes.toString()));
    client.on("end", () => client.end());
  };
  let shown = "";
  const step = run(
    rootfs,
    'stat -c "%F %a %u" $SSH_AUTH_SOCK; echo $SSH_AUTH_SOCK; while ! test -e /g/open; do :; done',
    {
      id: "agent",
      mounts: [
        { type: "ssh", id: "default", connect, uid: 9, mode: 0o666 },
        { type: "bind", target: "/g", from: { lowers: [gates], key: "g" } },
      ],
      onOutput: (_, chunk) => {
        shown += chunk.toString();
        if (shown.endsWith("agent.0\n")) talk();
      },
    },
  );
  assert.equal(await heard.promise, "agent got hello");
  writeFileSync(join(gates, "open"), "");
  assert.equal((await step).exitCode, 0);
  assert.equal(shown, "socket 666 9\n/run/buildkit/ssh_agent.0\n");
  await assert.rejects(
    run(rootfs, "true", mounts({ type: "ssh", id: "k", required: true })),
    /no SSH key "k" forwarded/,
  );
  agent.close();
  close();
  assert.deepEqual(tree(upper), ["etc"]);
}

{
  say("caches keep what steps write; who may have one at once");
  const cache = { type: "cache", id: "c", target: "/c" } as const;
  const { rootfs, upper, close } = bench.root();
  const count = "ls /c | wc -l; touch /c/$N";
  const one = (sharing: "shared" | "private" | "locked", n: string, script = count) =>
    run(bench.root().rootfs, script, { mounts: [{ ...cache, sharing }], env: [`N=${n}`] });
  assert.equal((await one("shared", "1")).out, "0\n");
  assert.equal((await one("locked", "2")).out, "1\n");
  // Each of two waits for the other's file: that ends only where both have the same folder.
  const meet = "touch /c/a$N; while ! test -e /c/a$M; do :; done";
  const [left, right] = [
    run(bench.root().rootfs, meet, { mounts: [{ ...cache, sharing: "shared" }], env: ["N=1", "M=2"] }),
    run(bench.root().rootfs, meet, { mounts: [{ ...cache, sharing: "shared" }], env: ["N=2", "M=1"] }),
  ];
  assert.deepEqual([(await left).exitCode, (await right).exitCode], [0, 0]);
  const gates = join(base, "gates");
  mkdirSync(gates);
  const hold = async () => {
    const started = deferred();
    const ended = run(bench.root().rootfs, "echo go; while ! test -e /g/open; do :; done; touch /c/last", {
      mounts: [
        { ...cache, sharing: "locked" },
        { type: "bind", target: "/g", from: { lowers: [gates], key: "g" } },
      ],
      onOutput: () => started.resolve(),
    });
    await started.promise;
    return () => {
      writeFileSync(join(gates, "open"), "");
      return ended;
    };
  };
  // The locked one waits for the holder's last file.
  const open = await hold();
  const waiting = one("locked", "4", "ls /c; rm /c/last");
  const given = new AbortController();
  const never = run(bench.root().rootfs, "true", { mounts: [{ ...cache, sharing: "locked" }], signal: given.signal });
  given.abort(new Error("given up"));
  await assert.rejects(never, /given up/);
  assert.deepEqual(
    (await bench.caches.list()).map(({ inUse, id }) => [id, inUse]),
    [["c", true]],
  );
  const held = (await bench.caches.list())[0]?.name ?? "";
  await assert.rejects(bench.caches.remove(held), /in use/);
  await open();
  assert.match((await waiting).out, /last/);
  // The private one and the one that shares get an empty folder of their own.
  rmSync(join(gates, "open"));
  const openAgain = await hold();
  assert.equal((await one("private", "3")).out, "0\n");
  assert.equal((await one("shared", "5")).out, "1\n");
  await openAgain();
  assert.equal((await bench.caches.list()).length, 2);
  const owned = await run(
    rootfs,
    "stat -c '%a %u %g' /o",
    mounts({ ...cache, id: "o", target: "/o", sharing: "shared", uid: 5, gid: 6, mode: 0o700 }),
  );
  assert.equal(owned.out, "700 5 6\n");
  const from = { lowers: [at("layer")], key: "base" };
  const filled = mounts({ ...cache, id: "f", sharing: "shared", from, source: "/etc" });
  assert.equal((await run(rootfs, "ls /c; touch /c/more", filled)).out, "group\npasswd\n");
  assert.equal((await run(rootfs, "ls /c", filled)).out, "group\nmore\npasswd\n");
  const readOnly = mounts({ ...cache, id: "f", sharing: "shared", from, source: "/etc", readOnly: true });
  assert.match((await run(rootfs, "touch /c/x", readOnly)).err, /Read-only/);
  close();
  assert.deepEqual(tree(upper), ["etc"]);
  for (const { name } of await bench.caches.list()) await bench.caches.remove(name);
  assert.deepEqual(readdirSync(at("caches")), []);
}

{
  say("a source that is swapped for a link to the host's root, in a loop");
  writeFileSync(join(base, "outside"), "outside");
  const cache = { type: "cache", id: "swap", target: "/c", sharing: "shared" } as const;
  const stop = new AbortController();
  const swapper = run(
    bench.root().rootfs,
    `mkdir -p /c/real; echo inside > /c/real/outside; ln -s real /c/s; while :; do ln -s ${base} /c/n; mv -T /c/n /c/s; ln -s real /c/n; mv -T /c/n /c/s; done`,
    { mounts: [cache], signal: stop.signal },
  ).catch(() => "stopped");
  while (!existsSync(join(at("caches"), (await bench.caches.list())[0]?.name ?? "", "data/s")))
    await new Promise(setImmediate);
  const seen = new Set<string>();
  for (let turn = 0; turn < 30; turn++) {
    const { rootfs, close } = bench.root();
    await run(rootfs, "cat /s/outside", mounts({ ...cache, target: "/s", source: "s" })).then(
      ({ out }) => seen.add(out),
      (error: unknown) => seen.add(/not found/.test(String(error)) ? "" : String(error)),
    );
    close();
  }
  stop.abort();
  assert.equal(await swapper, "stopped");
  assert.ok(!seen.has("outside"), "a source was resolved on the host");
  for (const text of seen) assert.ok(text === "" || text === "inside\n", text);
}

{
  say("mount points that the step has replaced by links: nothing outside is removed");
  const victim = join(base, "victim");
  mkdirSync(join(victim, "sub"), { recursive: true });
  writeFileSync(join(victim, "empty"), "");
  const { rootfs, close } = bench.root();
  // The mount is in the step's own namespace, so the folder above it can be renamed.
  const moved = await run(
    rootfs,
    `mv /v /old 2>/dev/null; ln -s ${victim} /v; rm -rf /new; true`,
    mounts(
      { type: "tmpfs", target: "/v/sub" },
      { type: "bind", target: "/v/empty", from: { lowers: [at("layer")], key: "k" }, source: "etc/passwd" },
    ),
  );
  assert.equal(moved.exitCode, 0);
  assert.deepEqual(tree(victim), ["empty", "sub"]);
  // The image's own links are followed inside the root.
  symlinkSync(victim, join(rootfs, "link"));
  await run(rootfs, "touch /link/deep/x", mounts({ type: "tmpfs", target: "/link/deep" }));
  assert.deepEqual(tree(victim), ["empty", "sub"]);
  close();
}

{
  say("aborted steps leave nothing");
  const { rootfs, close } = bench.root();
  const reason = new Error("the client has gone");
  for (const script of [
    "echo; sleep 1000",
    "echo; sleep 1000 & sleep 1000",
    "trap '' TERM; echo; while :; do :; done",
  ]) {
    const stop = new AbortController();
    const aborted = run(rootfs, script, {
      signal: stop.signal,
      onOutput: () => stop.abort(reason),
      ...mounts({ type: "tmpfs", target: "/t" }, { type: "secret", id: "s", value: Buffer.from("x") }),
    });
    await assert.rejects(aborted, reason);
    assert.deepEqual(bench.remains(), []);
  }
  const already = AbortSignal.abort(reason);
  await assert.rejects(run(rootfs, "true", { signal: already }), reason);
  close();
}

{
  say("limits");
  const { rootfs, close } = bench.root();
  const { out } = await run(rootfs, "mount | grep /dev/shm; ulimit -n", {
    limits: { shmSize: 1 << 20, ulimits: [{ Name: "nofile", Soft: 77, Hard: 88 }], memory: 256 << 20, cpuShares: 512 },
  });
  assert.match(out, /size=1024k/);
  assert.match(out, /^77$/m);
  const full = await run(rootfs, "cat /proc/self/status | grep CapEff", { security: "insecure" });
  assert.doesNotMatch(full.out, /a80425fb/);
  close();
}

{
  say("a shell in a step's state");
  const { rootfs, close } = bench.root();
  let shown = "";
  const typed = new PassThrough();
  const shell = bench.steps.shell({
    id: `shell-${process.pid}`,
    rootfs,
    env: ["PS1=ready> ", "WHERE=here"],
    cwd: "/tmp",
    network: "none",
    signal: new AbortController().signal,
    ...mounts({ type: "tmpfs", target: "/t" }),
    terminal: {
      input: typed,
      output: (chunk) => {
        shown += chunk.toString();
        // An editor of lines asks the terminal where it is.
        if (!shown.replaceAll("\u001b[6n", "").endsWith("ready> ")) return;
        shown += "\n";
        typed.write(shown.includes("PWD is /") ? "exit 5\n" : "test -t 0 && echo PWD is $(pwd) $WHERE; touch /made\n");
      },
      onResize: () => () => {},
    },
  });
  assert.equal((await shell).exitCode, 5);
  assert.match(shown, /PWD is \/tmp here/);
  assert.ok(existsSync(join(rootfs, "made")));
  close();
}

assert.deepEqual(bench.remains(), []);
assert.deepEqual(bench.warnings, []);
await bench.close();
assert.equal(readdirSync(at("scratch")).length, 0);
assert.ok(statSync(base).isDirectory());
console.log("all true");
process.exit(0);
