// `npm run bench`: Berth beside Docker and Podman on this machine. See bench/main.ts for what it takes.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { root, setup } from "./setup.mjs";

setup();
await build();
const esbuild = await import("esbuild");
const outfile = join(root, "node_modules/.cache/bench.mjs");
mkdirSync(join(root, "node_modules/.cache"), { recursive: true });
await esbuild.build({
  entryPoints: [join(root, "bench/main.ts")],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
});
process.env.BERTH_DIST ??= join(root, "dist");
await import(pathToFileURL(outfile).href);
