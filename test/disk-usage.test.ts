import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DataRootUsage } from "../src/spec/api/index.ts";
import { busyboxTar, importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine } from "./harness/machine.ts";

describe.skipIf(!isRoot)("system df", () => {
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
  const du = async () =>
    Number((await machine.exec("du", ["-s", "--block-size=1", daemon.dataRoot])).stdout.split("\t")[0]);

  it("-v tells what the data root takes, within two parts in a hundred of du", async () => {
    await ok(["import", "--change", "LABEL a=b", busyboxTar(), "second"]);
    const write =
      "head -c 3000000 /dev/urandom >/file; ln /file /again; truncate -s 50M /hole; mkdir -p /a/b/c; cp /file /v/";
    await ok(["run", "--name", "writer", "-v", "data:/v", "busybox", "sh", "-c", write]);
    await ok(["run", "-d", "--name", "runs", "-v", "/anonymous", "busybox", "sh", "-c", "seq 20000; sleep 1000"]);
    await ok(["commit", "writer", "committed"]);
    await ok(["volume", "snapshot", "create", "data", "snap"]);
    await expect.poll(async () => (await ok(["logs", "--tail", "1", "runs"])).trim()).toBe("20000");
    const answer = (await daemon.get("/system/df?total=1")).json as { DataRoot: DataRootUsage };
    const real = await du();
    expect(real).toBeGreaterThan(10_000_000);
    expect(Math.abs(answer.DataRoot.Total - real) / real).toBeLessThan(0.02);
    expect(answer.DataRoot.Parts.reduce((sum, { Size }) => sum + Size, 0)).toBe(answer.DataRoot.Total);
    const text = await ok(["system", "df", "-v"]);
    expect(text).toMatch(
      /\nDisk usage of \S+:\n\nWHAT +SIZE\nBlobs, .*MB\nLayers, .*MB\nContainers: .*MB\nVolumes .*MB\n/,
    );
    expect(text).toMatch(/\nTotal +[\d.]+MB\n$/);
    expect(JSON.parse(await ok(["system", "df", "-v", "--format", "json"]))).toMatchObject({
      DataRoot: { Path: daemon.dataRoot },
    });
    expect((await daemon.get("/system/df")).json).not.toHaveProperty("DataRoot");
  });
});
