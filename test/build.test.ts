import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import Dockerode from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTar } from "../src/lib/tar/index.ts";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine, until } from "./harness/machine.ts";

describe.skipIf(!isRoot)("builds", () => {
  let machine: Machine;
  let daemon: Daemon;
  let count = 0;

  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine, { flags: ["--iptables=false"] });
    await importBusybox(daemon);
  }, 60_000);
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  /** A folder with a Dockerfile and other files, their times as given. */
  function context(dockerfile: string, files: Record<string, string> = {}, time = 1_700_000_000): string {
    const folder = join(machine.dir, `context-${count++}`);
    for (const [name, text] of Object.entries({ ...files, Dockerfile: dockerfile })) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), text);
      utimesSync(join(folder, name), time, time);
    }
    return folder;
  }
  const ok = ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => {
    expect(code, stderr + stdout).toBe(0);
    return stdout;
  };
  const inspect = async (name: string) => JSON.parse(ok(await daemon.docker(["image", "inspect", name])))[0];
  const layersInTheMaking = () =>
    readdirSync(join(daemon.dataRoot, "layers")).filter((name) => name.startsWith("tmp-"));
  const mounts = async () =>
    (await machine.exec("cat", ["/proc/mounts"])).stdout.split("\n").filter((line) => line.includes("/build/root-"));

  test("stages, arguments, files and configuration come together, by each client", async () => {
    const dockerfile = `ARG BASE=busybox
FROM $BASE AS build
ARG WHO=nobody
ENV GREETING="hello $WHO"
WORKDIR /work
RUN echo "$GREETING" > out && mkdir -p /d && echo 1 > /d/x
FROM busybox AS unused
RUN exit 9
FROM busybox
COPY --from=build /work/out /d/ /result/
COPY --chown=33:33 sub/*.txt /files/
USER www
EXPOSE 80
CMD cat /result/out
`;
    const folder = context(dockerfile, { "sub/a.txt": "A", "sub/b.txt": "B" });
    const printed = ok(await daemon.docker(["build", "-t", "by-docker", "--build-arg", "WHO=you", folder]));
    expect(printed).toMatch(/Step 1\/\d+ : FROM \$BASE AS build/);
    expect(printed).toContain("Successfully tagged by-docker:latest");
    const own = await daemon.berth([
      "build",
      "--progress",
      "plain",
      "-t",
      "by-berth",
      "--build-arg",
      "WHO=you",
      folder,
    ]);
    expect(own.code, own.stderr).toBe(0);
    expect(own.stderr).toMatch(/\[build 3\/3\] RUN .*\n#\d+ CACHED/);
    const image = await inspect("by-docker");
    expect((await inspect("by-berth")).Id).toBe(image.Id);
    expect(image.Config).toMatchObject({
      User: "www",
      ExposedPorts: { "80/tcp": {} },
      Cmd: ["/bin/sh", "-c", "cat /result/out"],
    });
    const run = ["run", "--rm", "--network", "none", "by-docker"];
    expect(ok(await daemon.docker(run))).toBe("hello you\n");
    const listed = ok(
      await daemon.docker([...run, "stat", "-c", "%u:%g %n", "/files/a.txt", "/files/b.txt", "/result/x"]),
    );
    expect(listed).toBe("33:33 /files/a.txt\n33:33 /files/b.txt\n0:0 /result/x\n");
    const history = ok(
      await daemon.docker(["history", "--no-trunc", "--format", "{{.CreatedBy}}|{{.Comment}}", "by-docker"]),
    );
    expect(history.split("\n").slice(0, 4)).toEqual([
      'CMD ["/bin/sh" "-c" "cat /result/out"]|buildkit.dockerfile.v0',
      "EXPOSE map[80/tcp:{}]|buildkit.dockerfile.v0",
      "USER www|buildkit.dockerfile.v0",
      "COPY --chown=33:33 sub/*.txt /files/ # buildkit|buildkit.dockerfile.v0",
    ]);
  });

  test("dockerode builds from an archive and hears of a failure with its code", async () => {
    const docker = new Dockerode({ socketPath: daemon.socket });
    const build = async (dockerfile: string) => {
      const stream = await docker.buildImage(
        Readable.from([createTar([{ name: "Dockerfile", content: dockerfile }])]),
        { t: "ode" },
      );
      return new Promise<Record<string, unknown>[]>((resolve) =>
        docker.modem.followProgress(stream, (_error, messages) => resolve(messages ?? [])),
      );
    };
    const done = await build("FROM busybox\nRUN echo said\n");
    expect(done.map(({ stream }) => stream ?? "").join("")).toContain("said\n");
    expect(done.find(({ aux }) => aux !== undefined)?.aux).toEqual({ ID: (await inspect("ode")).Id });
    const failed = await build("FROM busybox\nRUN exit 7\n");
    expect(failed.at(-1)).toMatchObject({
      error: "The command '/bin/sh -c exit 7' returned a non-zero code: 7",
      errorDetail: { code: 7 },
    });
    await expect(build("FROM busybox\nRUNN x\n")).rejects.toMatchObject({ statusCode: 400 });
    const two = await daemon.request("POST", "/build?version=2");
    expect([two.status, two.text]).toEqual([501, expect.stringContaining("BuildKit")]);
  });

  test("the same files give the same image, in another folder, at another time, without a cache", async () => {
    const dockerfile = "FROM busybox\nCOPY . /app\nRUN date > /etc/now; rm /etc/now; echo 1 > /app/made\nLABEL a=b\n";
    const files = { "x/y": "content", z: "more" };
    const ids: string[] = [];
    for (const time of [1_600_000_000, 1_750_000_000]) {
      const folder = context(dockerfile, files, time);
      ok(await daemon.berth(["build", "--no-cache", "-t", "same", folder]));
      ids.push((await inspect("same")).Id);
      await sleep(1100); // another second of the clock, which the steps' files get
    }
    expect(ids[0]).toBe(ids[1]);
  });

  test("a changed file builds anew from there on; a touched one does not; a restart forgets nothing", async () => {
    const dockerfile = "FROM busybox\nRUN echo one\nCOPY f /f\nRUN echo two\n";
    const folder = context(dockerfile, { f: "1" });
    const steps = async () => {
      const done = await daemon.berth(["build", "--progress", "plain", folder]);
      expect(done.code, done.stderr).toBe(0);
      return done.stderr.match(/\nCACHED|#\d+ CACHED/g)?.length ?? 0;
    };
    await steps();
    utimesSync(join(folder, "f"), 1_710_000_000, 1_710_000_000);
    expect(await steps()).toBe(4);
    writeFileSync(join(folder, "f"), "2");
    expect(await steps()).toBe(2);
    await daemon.restart("SIGTERM");
    expect(await steps()).toBe(4);
  });

  test("what a killed daemon leaves of a build is gone after the next start", async () => {
    const folder = context("FROM busybox\nRUN echo begun && sleep 1000\n");
    const building = daemon.berth(["build", "--progress", "plain", folder]);
    await until("the step runs", async () => (await mounts()).length > 0);
    await daemon.restart("SIGKILL");
    expect((await building).code).not.toBe(0);
    expect(await mounts()).toEqual([]);
    await until("half layers are gone", async () => layersInTheMaking().length === 0);
    await until("its process is gone", async () => (await machine.exec("pgrep", ["-f", "^sleep 1000"])).code === 1);
  });

  test("a client that goes takes its build with it", async () => {
    const folder = context("FROM busybox\nRUN sleep 2000\n");
    const docker = new Dockerode({ socketPath: daemon.socket });
    const tar = createTar([{ name: "Dockerfile", content: readFileSync(join(folder, "Dockerfile")) }]);
    const control = new AbortController();
    const stream = docker.buildImage(Readable.from([tar]), { abortSignal: control.signal });
    stream.then((answer) => answer.resume().on("error", () => {})).catch(() => {});
    await until("the step runs", async () => (await machine.exec("pgrep", ["-f", "^sleep 2000"])).code === 0);
    control.abort();
    await until("its process is gone", async () => (await machine.exec("pgrep", ["-f", "^sleep 2000"])).code === 1);
    await until("nothing is mounted", async () => (await mounts()).length === 0);
    await until("half layers are gone", async () => layersInTheMaking().length === 0);
  });

  test("failing builds leave nothing; pruning the cache gives its space back", async () => {
    const folder = context("FROM busybox\nRUN echo $RANDOM > /x; exit 1\n");
    for (let number = 0; number < 5; number++) expect((await daemon.berth(["build", folder])).code).toBe(1);
    expect(await mounts()).toEqual([]);
    await until("half layers are gone", async () => layersInTheMaking().length === 0);
    const usage = JSON.parse((await daemon.get("/system/df?type=build-cache")).text);
    expect(usage.BuildCache.length).toBeGreaterThan(3);
    ok(await daemon.docker(["builder", "prune", "-af"]));
    const after = JSON.parse((await daemon.get("/berth/build/cache")).text);
    expect(after.records.filter(({ Type }: { Type: string }) => Type === "regular")).toEqual([]);
    expect(after.ceiling.maxUsedSpace).toBeGreaterThan(0);
    expect(ok(await daemon.docker(["run", "--rm", "--network", "none", "by-docker"]))).toBe("hello you\n");
  });
});
