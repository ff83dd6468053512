import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine } from "./harness/machine.ts";
import { startRegistry } from "./harness/registry.ts";

describe.skipIf(!isRoot)("image why", () => {
  let machine: Machine;
  let daemon: Daemon;
  beforeAll(async () => {
    machine = await makeMachine();
    daemon = await startDaemon(machine);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  const layer = (name: string, files: Record<string, number>): string => {
    const folder = join(machine.dir, name);
    for (const [path, size] of Object.entries(files)) {
      mkdirSync(join(folder, path, ".."), { recursive: true });
      writeFileSync(join(folder, path), Buffer.alloc(size, "x"));
    }
    execFileSync("tar", ["-C", folder, "-cf", `${folder}.tar`, "."]);
    return `${folder}.tar`;
  };

  it("shows layers, folders, what is out of sight and what a change would save", async () => {
    const layers = [
      layer("base", { "usr/lib/big": 2_000_000, "var/lib/apt/lists/x": 500_000 }),
      layer("top", { "srv/app": 1000, "usr/lib/.wh.big": 0 }),
    ];
    const registry = await startRegistry(machine, { images: [{ path: "why", tag: "v1", layers }] });
    const name = `${registry.domain}/why:v1`;
    expect((await daemon.berth(["pull", "-q", name])).code).toBe(0);

    const shown = await daemon.berth(["image", "why", name]);
    expect([shown.code, shown.stderr]).toEqual([0, ""]);
    expect(shown.stdout).toContain(": 2.5MB in 2 layers, 2MB of it out of sight\n");
    expect(shown.stdout).toMatch(/\/usr\/lib\/big \(deleted by layer 2\)/);
    expect(shown.stdout).toMatch(
      /A change would save:\n {2}2MB in layer 1: .*\n.*\n {2}500kB in layer 1: 1 file of apt's/,
    );

    const json = JSON.parse((await daemon.berth(["image", "why", "--format", "json", name])).stdout);
    expect(json.Layers.map((one: { Size: number }) => one.Size)).toEqual([2_500_000, 1000]);
    expect(json.Layers[1].Folders).toEqual([{ Path: "/srv", Size: 1000, Files: 1 }]);

    const missing = await daemon.berth(["image", "why", "nope"]);
    expect([missing.code, missing.stderr]).toEqual([1, "Error response from daemon: No such image: nope:latest\n"]);
  });
});
