import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { detectCgroups, removeCgroup } from "../system/index.ts";
import { chooseRuntime } from "./choose-runtime.ts";
import { able, programs } from "./testing/containers.ts";

let execRoot: string;
let cgroupParent: string;
const cgroups = detectCgroups();
beforeEach(() => {
  execRoot = mkdtempSync("/dev/shm/berth-choose-");
  cgroupParent = execRoot.slice(execRoot.lastIndexOf("/"));
});
afterEach(async () => {
  await removeCgroup(cgroups, cgroupParent);
  rmSync(execRoot, { recursive: true });
});

const broken = { path: "/bin/false" };
const missing = { path: "/no/such/program" };

test.skipIf(!able)(
  "the first one that makes a container is chosen, and remembered; its trial leaves nothing",
  async () => {
    const candidates = { broken, missing, ...programs };
    const choice = await chooseRuntime({ execRoot, candidates, cgroups, cgroupParent });
    expect(Object.keys(programs)).toContain(choice.name);
    expect(choice.failed.slice(0, 2)).toEqual([
      { name: "broken", reason: "it ended with code 1" },
      { name: "missing", reason: "/no/such/program does not exist" },
    ]);
    expect(readdirSync(execRoot)).toEqual(["runtime-choice.json"]);
    const written = statSync(join(execRoot, "runtime-choice.json")).mtimeMs;
    expect(await chooseRuntime({ execRoot, candidates, cgroups, cgroupParent })).toEqual(choice);
    expect(statSync(join(execRoot, "runtime-choice.json")).mtimeMs).toBe(written);
  },
);

test("where none serves, every reason is told; a damaged memory is no obstacle", async () => {
  writeFileSync(join(execRoot, "runtime-choice.json"), "{damaged");
  await expect(
    chooseRuntime({ execRoot, candidates: { broken, missing }, cgroups, cgroupParent }),
  ).rejects.toMatchObject({
    kind: "unavailable",
    message: expect.stringMatching(/broken: .*; missing: /),
  });
  await expect(chooseRuntime({ execRoot, candidates: {}, cgroups, cgroupParent })).rejects.toThrow("none is installed");
});
