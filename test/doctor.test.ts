import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DoctorFinding, DoctorReport } from "../src/spec/api/index.ts";
import { busyboxTar, importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine } from "./harness/machine.ts";

const rounds = Number(process.env.BERTH_TEST_KILLS ?? 20);

describe.skipIf(!isRoot)("doctor", () => {
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

  const ok = async (args: string[]): Promise<string> => {
    const done = await daemon.berth(args);
    expect([args.join(" "), done.code, done.stderr]).toEqual([args.join(" "), 0, ""]);
    return done.stdout;
  };
  const ask = async (method: "GET" | "POST" = "GET", query = ""): Promise<DoctorFinding[]> => {
    const answer = await daemon.request(method, `/berth/doctor${query}`);
    expect(answer.status).toBe(200);
    return (answer.json as DoctorReport).Findings;
  };
  const told = (findings: DoctorFinding[]) => findings.map(({ Kind, Problem }) => `${Kind}: ${Problem}`).sort();
  const path = (...parts: string[]) => join(daemon.dataRoot, ...parts);
  const broken = () => (existsSync(path("broken")) ? readdirSync(path("broken")) : []);

  it("finds nothing on a healthy machine, with containers, volumes and networks in use", async () => {
    await ok(["network", "create", "net"]);
    await ok(["run", "-d", "--name", "web", "--network", "net", "-v", "data:/data", "busybox", "sleep", "1000"]);
    await ok(["run", "-d", "--name", "idle", "busybox", "true"]);
    await ok(["wait", "idle"]);
    expect(await ask("GET", "?deep=1")).toEqual([]);
    const text = await ok(["doctor"]);
    expect(text).toMatch(
      /^Checked 1 images, 2 blobs, 1 layers, 2 containers, \d volumes, \d networks, 1 runs.\nNothing found.\n$/,
    );
    expect(JSON.parse(await ok(["doctor", "--format", "json"]))).toMatchObject({ Findings: [] });
  });

  it("finds what was changed below it, explains it, and repairs what loses nothing", async () => {
    await ok(["rm", "-f", "web", "idle"]);
    const [layer = ""] = readdirSync(path("layers")).filter((name) => !name.startsWith("."));
    rmSync(path("layers", layer, "diff/etc/passwd"));
    const done = await daemon.berth(["doctor"]);
    expect(done.code).toBe(1);
    expect(done.stdout).toMatch(
      /error layer sha256:[0-9a-f]{64}\n {2}found: {2}its files have \d+ bytes in place of \d+/,
    );
    expect(done.stdout).toContain('1 found, 1 left; "doctor --repair" mends 1 of them.');
    expect(await ok(["doctor", "--repair"])).toContain("done:   unpack it again from its blob");
    expect(await ask("GET", "?deep=1")).toEqual([]);
    // Of the same size: only a deep look tells.
    const passwd = path("layers", layer, "diff/etc/passwd");
    writeFileSync(passwd, readFileSync(passwd, "utf8").replace("root", "r00t"));
    expect(await ask()).toEqual([]);
    expect(told(await ask("GET", "?deep=1"))).toEqual(["layer: its files are not those of its blob"]);
    expect(await ask("POST", "?deep=1")).toMatchObject([{ Repaired: true }]);
    expect(await ok(["run", "--rm", "busybox", "head", "-1", "/etc/passwd"])).toContain("root:");
    const [blob = ""] = readdirSync(path("blobs/sha256")).sort((a, b) => size(b) - size(a));
    appendFileSync(path("blobs/sha256", blob), "x");
    expect(told(await ask())).toEqual([expect.stringContaining("blob: its content does not have this digest")]);
    await ask("POST");
    expect(broken()).toEqual([expect.stringContaining(blob)]);
    expect(told(await ask())).toEqual(["blob: it is missing"]);
    await ok(["import", busyboxTar(), "other"]);
    await ok(["rmi", "-f", "busybox", "other"]);
    await importBusybox(daemon);
    expect(await ask()).toEqual([]);
  });
  const size = (name: string) => readFileSync(path("blobs/sha256", name)).length;

  it("starts with records that do not read, keeps them, and sets them aside when asked to", async () => {
    await ok(["create", "--name", "sick", "busybox"]);
    await ok(["create", "--name", "well", "busybox"]);
    await ok(["volume", "create", "vol"]);
    writeFileSync(path("volumes/vol/_data/file"), "mine");
    await ok(["import", "--change", "LABEL a=b", busyboxTar(), "second"]);
    const id = (await ok(["inspect", "-f", "{{.Id}}", "second"])).trim().slice(7);
    const container = (await ok(["inspect", "-f", "{{.Id}}", "sick"])).trim();
    const [network = ""] = readdirSync(path("networks"));
    await daemon.signal("SIGTERM");
    writeFileSync(path("containers", container, "container.json"), "{");
    writeFileSync(path("volumes/vol/volume.json"), "null");
    writeFileSync(path("images", `${id}.json`), '{"schema":1}');
    const names = readFileSync(path("networks", network), "utf8");
    writeFileSync(path("networks", `${"0".repeat(64)}.json`), `${names.slice(0, 20)}`);
    await daemon.start();
    expect(await ok(["ps", "-a", "--format", "{{.Names}}"])).toBe("well\n");
    // The blobs of what does not read are kept.
    expect((await ask()).map(({ Kind, Subject }) => [Kind, Subject.slice(daemon.dataRoot.length)]).sort()).toEqual([
      ["record", `/containers/${container}/container.json`],
      ["record", `/images/${id}.json`],
      ["record", `/networks/${"0".repeat(64)}.json`],
      ["record", "/volumes/vol/volume.json"],
    ]);
    expect(existsSync(path("blobs/sha256", id))).toBe(true);
    expect((await ask("POST")).every(({ Repaired }) => Repaired)).toBe(true);
    expect(readFileSync(path("volumes/vol/_data/file"), "utf8")).toBe("mine");
    expect(await ok(["volume", "ls", "-q"])).toContain("vol\n");
    expect(broken()).toHaveLength(5);
    await daemon.signal("SIGTERM");
    writeFileSync(path("images/references.json"), "[[[");
    writeFileSync(path("version.json"), "");
    const offline = await daemon.berth(["doctor"], { env: { BERTH_AUTOSTART: "0" } });
    expect([offline.code, offline.stderr]).toEqual([
      1,
      expect.stringContaining("sets them aside and never deletes them"),
    ]);
    await daemon.start();
    expect(told(await ask())).toEqual(["record: it does not read as what it should be"]);
    await ask("POST");
    await importBusybox(daemon);
    expect(told(await ask())).toEqual([]);
  });

  it("finds what is left of runs in the kernel, and takes it away", async () => {
    const id = "f".repeat(64);
    const folder = join(daemon.dir, "exec/containers", id);
    await machine.exec("sh", ["-c", `mkdir -p ${folder}/rootfs && mount -t tmpfs lost ${folder}/rootfs`]);
    const [group = ""] = machine.cgroups();
    mkdirSync(join(group.slice(0, group.indexOf(machine.cgroup) + machine.cgroup.length), id), { recursive: true });
    const findings = await ask();
    expect(findings.map(({ Kind }) => Kind).sort()).toEqual(["cgroup", "container", "mount"]);
    expect((await ask("POST")).map(({ Failure }) => Failure)).toEqual([undefined, undefined, undefined]);
    expect(await ask()).toEqual([]);
  });

  it(`finds nothing after ${rounds} ends by SIGKILL at random moments of a mixed load`, {
    timeout: 240_000,
  }, async () => {
    await ok([
      "run",
      "-d",
      "--name",
      "steady",
      "-v",
      "steady:/v",
      "--restart",
      "always",
      "--label",
      "kept",
      "busybox",
      "sleep",
      "10000",
    ]);
    writeFileSync(join(machine.dir, "big"), Buffer.alloc(8 * 1024 * 1024, 7));
    const load: string[][] = [
      ["run", "--rm", "busybox", "sh", "-c", "echo x >/f; sleep 0.05"],
      ["run", "-d", "--network", "churn", "-v", "/anon", "busybox", "sleep", "0.1"],
      ["exec", "steady", "sh", "-c", "echo $$ >>/v/log"],
      ["cp", join(machine.dir, "big"), "steady:/v/big"],
      ["cp", "steady:/v/.", join(machine.dir, "out")],
      ["commit", "steady", "made"],
      ["import", busyboxTar(), "again"],
      ["rmi", "again"],
      ["volume", "create", "vol2"],
      ["volume", "rm", "vol2"],
      ["volume", "snapshot", "create", "--pause", "steady"],
      ["network", "create", "churn"],
      ["network", "rm", "churn"],
      ["container", "prune", "-f", "--filter", "label!=kept"],
      ["restart", "-t", "0", "steady"],
    ];
    for (let round = 0; round < rounds; round++) {
      let on = true;
      const worker = async (offset: number) => {
        for (let at = offset; on; at += 3) await daemon.berth(load[at % load.length] ?? []);
      };
      const workers = [0, 1, 2].map((offset) => worker(offset + round));
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 600));
      await daemon.signal("SIGKILL");
      on = false;
      await Promise.all(workers);
      await daemon.start();
      // The last files go while nobody waits for them.
      const found = async () => ({ round, found: told(await ask()) });
      await expect.poll(found, { timeout: 15_000 }).toEqual({ round, found: [] });
    }
    const running = () => daemon.berth(["container", "inspect", "-f", "{{.State.Running}}", "steady"]);
    await expect.poll(async () => (await running()).stdout, { timeout: 10_000 }).toBe("true\n");
  });
});
