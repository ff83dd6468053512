import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { OciSpec } from "../spec/index.ts";
import { compileProfile, defaultProfile } from "../spec/seccomp/index.ts";
import { able, openWorkshop, programs, runToEnd, type Workshop } from "../testing/containers.ts";

let workshop: Workshop | undefined;
afterAll(() => workshop?.close());

const target = {
  architecture: process.arch === "arm64" ? "arm64" : "amd64",
  kernel: { major: 6, minor: 1 },
  capabilities: [],
};

test.runIf(able && programs.crun !== undefined)("a filter is compiled once and is the same ever after", async () => {
  workshop = openWorkshop();
  const runtime = workshop.runtime("crun");
  const run = async (id: string) => {
    const script = "while read name value; do case $name in Seccomp:) echo $value;; esac; done < /proc/self/status";
    const bundle = workshop?.bundle(id, ["sh", "-c", script]);
    if (bundle === undefined) throw new Error("no workshop");
    const seccomp = compileProfile(defaultProfile, target);
    const spec = JSON.parse(readFileSync(join(bundle.bundle, "config.json"), "utf8")) as OciSpec;
    const options = { ...bundle, spec: { ...spec, linux: { ...spec.linux, ...(seccomp && { seccomp }) } } };
    const { handle, out } = await runToEnd(runtime, options);
    const compiled = readFileSync(join(workshop?.folder ?? "", "runtimes/crun", id, "seccomp.bpf"));
    const written = JSON.parse(readFileSync(join(bundle.bundle, "config.json"), "utf8")) as OciSpec;
    await runtime.delete(handle);
    return { mode: out.toString().trim(), compiled, annotation: written.annotations?.["run.oci.seccomp_bpf_data"] };
  };
  const [first, second] = [await run("first"), await run("second")];
  expect(first).toMatchObject({ mode: "2", annotation: undefined });
  expect(second).toMatchObject({ mode: "2", annotation: first.compiled.toString("base64") });
  expect(second.compiled.equals(first.compiled)).toBe(true);
  expect(first.compiled.length).toBeGreaterThan(1000);
});
