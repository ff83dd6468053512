// A registry inside a machine under test: `registry.main.mjs SPEC.json`, see registry.ts.
import { readFileSync } from "node:fs";
import { startFakeRegistry } from "../../src/registry/testing/index.ts";
import type { RegistrySpec } from "./registry.ts";

const spec = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as RegistrySpec;
const registry = await startFakeRegistry(spec.options ?? {});
for (const { path, tag, layers, compression } of spec.images)
  registry.putImage(path, tag, {
    layers: layers.map((file) => readFileSync(file)),
    compression: compression ?? "gzip",
    config: { Cmd: ["sh"], Env: ["FROM_IMAGE=yes"] },
  });
registry.faults.push(...(spec.faults ?? []));
if (spec.lies !== undefined) registry.faults.push({ on: spec.lies, do: "lie", bytes: Buffer.from("not these bytes") });
process.stdout.write(`${registry.domain}\n`);
process.on("SIGUSR1", () => process.stdout.write(`${JSON.stringify(registry.requests)}\n`));
