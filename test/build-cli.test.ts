import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, dist, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine, type Output, until } from "./harness/machine.ts";

describe.skipIf(!isRoot)("berth build", () => {
  let machine: Machine;
  let daemon: Daemon;
  let count = 0;

  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
    await importBusybox(daemon);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  /** A folder with these files. */
  function context(files: Record<string, string>): string {
    const folder = join(machine.dir, `context-${count++}`);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return folder;
  }

  const build = (...args: string[]): Promise<Output> => daemon.berth(["build", "--progress", "plain", ...args]);
  const run = async (image: string, ...args: string[]) =>
    (await daemon.berth(["run", "--rm", "--network", "none", image, ...args])).stdout;

  test("shows its steps, names the image, and finds all of it again", async () => {
    const folder = context({ Dockerfile: "FROM busybox\nCOPY a /a\nRUN cat /a && echo done > /b\n", a: "text\n" });
    const files = ["--iidfile", join(folder, "iid"), "--metadata-file", join(folder, "meta")];
    const first = await build("-t", "app", ...files, folder);
    expect(first).toMatchObject({ code: 0, stdout: "" });
    expect(first.stderr).toMatch(/^#\d+ \[2\/3\] COPY a \/a$/m);
    expect(first.stderr).toMatch(/^#\d+ \d\.\d{3} text$/m);
    const id = readFileSync(join(folder, "iid"), "utf8");
    expect((await daemon.berth(["images", "-q", "--no-trunc", "app"])).stdout.trim()).toBe(id);
    expect(JSON.parse(readFileSync(join(folder, "meta"), "utf8"))).toMatchObject({
      "containerimage.config.digest": id,
    });
    expect(await run("app", "cat", "/a", "/b")).toBe("text\ndone\n");
    const second = await build("-t", "app", folder);
    expect(second.stderr.match(/^#\d+ CACHED$/gm)?.length).toBeGreaterThanOrEqual(2);
    expect((await daemon.berth(["build", "-q", folder])).stdout).toBe(`${id}\n`);
    // Touched is not changed.
    writeFileSync(join(folder, "a"), "text\n");
    expect((await daemon.berth(["build", "-q", folder])).stdout).toBe(`${id}\n`);
    writeFileSync(join(folder, "a"), "other\n");
    expect((await daemon.berth(["build", "-q", folder])).stdout).not.toBe(`${id}\n`);
  });

  test("a step that fails shows its output, its lines and its code", async () => {
    const folder = context({ Dockerfile: "FROM busybox\nRUN echo before; exit 3\nRUN echo never\n" });
    const { code, stderr } = await build(folder);
    expect(code).toBe(1);
    expect(stderr).toContain(" > [2/3] RUN echo before; exit 3:\n");
    expect(stderr).toContain(">>> RUN echo before; exit 3\n");
    expect(stderr).toMatch(
      /ERROR: failed to solve: process "\/bin\/sh -c echo before; exit 3" did not complete successfully: exit code: 3\n$/,
    );
    expect(stderr).not.toContain("never\n#");
  });

  test("a Dockerfile and an archive come from standard input", async () => {
    const options = { input: "FROM busybox\nRUN echo stdin > /x\n" };
    expect((await daemon.berth(["build", "-t", "stdin", "-"], options)).code).toBe(0);
    expect(await run("stdin", "cat", "/x")).toBe("stdin\n");
    const folder = context({ Other: "FROM busybox\nCOPY a /a\n", a: "from a tar\n" });
    const tar = await machine.exec("sh", ["-c", `tar -C ${folder} -cz . > ${folder}.tgz`]);
    expect(tar.code).toBe(0);
    const piped = { input: readFileSync(`${folder}.tgz`) };
    expect((await daemon.berth(["build", "-f", "Other", "-t", "tarred", "-"], piped)).code).toBe(0);
    expect(await run("tarred", "cat", "/a")).toBe("from a tar\n");
    const dockerfile = { input: "FROM busybox\nCOPY a /b\n" };
    expect((await daemon.berth(["build", "-f", "-", "-t", "piped", folder], dockerfile)).code).toBe(0);
    expect(await run("piped", "cat", "/b")).toBe("from a tar\n");
  });

  test("ignored files stay; links go as links, also those that lead outside", async () => {
    const folder = context({
      Dockerfile: "FROM busybox\nCOPY . /c\n",
      ".dockerignore": "secret\nlogs\n!logs/kept\n",
      secret: "s",
      "logs/kept": "k",
      "logs/old": "o",
    });
    symlinkSync("/etc/shadow", join(folder, "outside"));
    expect((await build("-t", "ignoring", folder)).code).toBe(0);
    const script = "cd /c && find . | sort && readlink outside";
    expect((await run("ignoring", "sh", "-c", script)).split("\n").filter((line) => line !== "")).toEqual([
      ".",
      "./.dockerignore",
      "./Dockerfile",
      "./logs",
      "./logs/kept",
      "./outside",
      "/etc/shadow",
    ]);
  });

  test("outputs go to a folder, a file and standard output", async () => {
    const folder = context({ Dockerfile: "FROM scratch\nCOPY a /d/a\n", a: "A" });
    const out = join(machine.dir, "out");
    expect((await build("-o", out, folder)).code).toBe(0);
    expect(readFileSync(join(out, "d/a"), "utf8")).toBe("A");
    expect((await build("-o", `type=tar,dest=${out}.tar`, folder)).code).toBe(0);
    expect((await machine.exec("tar", ["-tf", `${out}.tar`])).stdout).toContain("d/a\n");
    const piped = await machine.exec(
      "sh",
      ["-c", `${daemon.clientCommand("berth", [])[1].at(-1)} build -q -o - ${folder} | tar -t`],
      {
        env: { BERTH_HOST: daemon.host },
      },
    );
    expect(piped.stdout).toContain("d/a\n");
  });

  test("arguments, targets, labels, secrets and named contexts", async () => {
    const other = context({ file: "other\n" });
    const folder = context({
      Dockerfile: [
        "FROM busybox AS one",
        "ARG A",
        "RUN --mount=type=secret,id=token echo $A $(cat /run/secrets/token) > /one",
        "FROM one AS two",
        "COPY --from=named file /named",
        "FROM two AS three",
        "RUN false",
        "",
      ].join("\n"),
    });
    const args = ["--target", "two", "--build-arg", "A=a", "--label", "l=v", "--secret", "id=token,env=TOKEN"];
    const done = await daemon.berth(["build", "-t", "many", ...args, "--build-context", `named=${other}`, folder], {
      env: { TOKEN: "t0ken" },
    });
    expect(done.code).toBe(0);
    expect(done.stderr).not.toContain("t0ken");
    expect(await run("many", "cat", "/one", "/named")).toBe("a t0ken\nother\n");
    expect((await daemon.berth(["inspect", "-f", "{{.Config.Labels.l}}", "many"])).stdout).toBe("v\n");
  });

  test("an ssh agent is carried through", async () => {
    const agent = createServer((socket) => socket.on("data", (data) => socket.end(`agent:${data}`)));
    const path = join(machine.dir, "agent.sock");
    await new Promise<void>((resolve) => agent.listen(path, resolve));
    const folder = context({
      Dockerfile: "FROM busybox\nRUN --mount=type=ssh test -S $SSH_AUTH_SOCK && echo there\n",
    });
    const { code, stderr } = await build("--ssh", `default=${path}`, folder);
    agent.close();
    expect(stderr).toMatch(/^#\d+ \d\.\d{3} there$/m);
    expect(code).toBe(0);
  });

  test("interrupting the client ends the step", async () => {
    const folder = context({ Dockerfile: "FROM busybox\nRUN echo begun; sleep 600.25\n" });
    // The shell inside of the machine sends the signal: what enters a machine passes none on.
    const script = `"$@" & pid=$!; read -r _; kill -TERM $pid; wait $pid`;
    const inside = ["-c", script, "sh", join(dist, "berth"), "build", "--progress", "plain", folder];
    const [program, args] = machine.enter("sh", inside);
    const env = { ...process.env, BERTH_HOST: daemon.host };
    const child = spawn(program, args, { env, stdio: ["pipe", "ignore", "pipe"] });
    let text = "";
    child.stderr.on("data", (data) => {
      text += data;
    });
    const ended = new Promise((resolve) => child.on("close", resolve));
    await until("the step has begun", async () => / begun\n/.test(text));
    child.stdin.end("\n");
    expect(await ended).toBe(130);
    expect(text).toMatch(/ERROR: failed to solve: Canceled: context canceled\n$/);
    const sleeps = () => machine.exec("sh", ["-c", "grep -alz '600[.]25' /proc/[0-9]*/cmdline | wc -l"]);
    await until("the step is gone", async () => (await sleeps()).stdout.trim() === "0");
  });

  test("the cache is told of and emptied", async () => {
    const usage = await daemon.berth(["buildx", "du"]);
    expect(usage.stdout).toMatch(/^ID +RECLAIMABLE +SIZE +LAST ACCESSED\n/);
    expect(usage.stdout).toMatch(/\nTotal:\t\t\S+\n$/);
    const refused = await daemon.berth(["builder", "prune"], { input: "n\n" });
    expect(refused.stdout).toBe(
      "WARNING! This will remove all dangling build cache. Are you sure you want to continue? [y/N] ",
    );
    const pruned = await daemon.berth(["builder", "prune", "-af"]);
    expect(pruned.stdout).toMatch(/Total reclaimed space: \S+\n$/);
    expect((await daemon.berth(["buildx", "ls"])).stdout).toMatch(
      /^NAME\/NODE +DRIVER\/ENDPOINT .*\ndefault\* +berth\n/,
    );
  });

  test("mistakes are named before anything is sent", async () => {
    expect(await build(join(machine.dir, "nope"))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^ERROR: unable to prepare context: path ".*nope" not found\n$/),
    });
    const folder = context({ Dockerfile: "FROM busybox\nRUNN x\n" });
    const { code, stderr } = await build(folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Dockerfile:2(?::\d+)?\n-+\n {3}1 \| {5}FROM busybox\n {3}2 \| >>> RUNN x\n/);
    expect(stderr).toMatch(/unknown instruction: RUNN \(did you mean RUN\?\)\n$/);
    expect(existsSync(join(folder, "nothing"))).toBe(false);
  });
});
