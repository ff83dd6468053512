import { createHash } from "node:crypto";
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/**
 * Where a worker's code is. Built, it is `<name>.worker.mjs` beside the bundle; from sources (tests), the file
 * `source` (a URL relative to the caller, ending in `.worker.ts`) is bundled by esbuild into a cache, once a process.
 */
export function workerUrl(name: string, source: URL): URL {
  const built = join(dirname(fileURLToPath(import.meta.url)), `${name}.worker.mjs`);
  if (existsSync(built)) return pathToFileURL(built);
  return bundled.get(source.href) ?? bundle(name, source);
}

const bundled = new Map<string, URL>();

function bundle(name: string, source: URL): URL {
  const require = createRequire(import.meta.url);
  const esbuild = require("esbuild") as { buildSync(options: object): void };
  const path = realpathSync(fileURLToPath(source));
  const root = path.slice(0, path.lastIndexOf("/src/"));
  const folder = join(root, "node_modules/.cache/berth-workers");
  mkdirSync(existsSync(root) ? folder : tmpdir(), { recursive: true });
  const key = createHash("sha256").update(path).digest("hex").slice(0, 8);
  const outfile = join(folder, `${name}-${key}-${process.pid}.mjs`);
  esbuild.buildSync({
    entryPoints: [path],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["koffi"],
    banner: { js: 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);' },
  });
  const url = pathToFileURL(outfile);
  bundled.set(source.href, url);
  return url;
}
