// Builds dist/: `berth`, one executable, and beside it what the daemon needs. Does nothing where nothing changed.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, say } from "./setup.mjs";

const dist = join(root, "dist");

const sources = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? sources(join(folder, entry.name)) : [join(folder, entry.name)],
  );

function fingerprint(files) {
  const hash = createHash("sha256").update(process.version);
  for (const file of files) {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${file}\0${mtimeMs}\0${size}\0`);
  }
  return hash.digest("hex");
}

async function bundleDaemon(files) {
  const { build } = await import("esbuild");
  const workers = files.filter((file) => file.endsWith(".worker.ts"));
  const entryPoints = { berthd: join(root, "src/daemon/main.ts") };
  for (const worker of workers) entryPoints[basename(worker, ".ts")] = worker;
  await build({
    entryPoints,
    outdir: dist,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    minify: true,
    keepNames: true,
    sourcemap: true,
    legalComments: "none",
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["koffi", "esbuild"],
    define: { BERTH_VERSION: JSON.stringify(version()) },
    banner: {
      js: 'import{createRequire as __berthRequire}from"node:module";const require=__berthRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
}

const version = () => JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;

/** koffi is native: its package, and the one with the binary for this machine, go along as they are. */
function copyNative() {
  const names = ["koffi", ...readdirSync(join(root, "node_modules/@koromix")).map((each) => `@koromix/${each}`)];
  for (const name of names)
    cpSync(join(root, "node_modules", name), join(dist, "node_modules", name), { recursive: true, dereference: true });
}

function compileCli() {
  const bun = join(root, "node_modules/.bin/bun");
  // Commands live for milliseconds: what the JIT would compile early is not run often enough to pay for it.
  const flags = [
    "--minify",
    "--bytecode",
    // What a command does not need is not loaded with it.
    "--format=esm",
    "--splitting",
    "--min-chunk-size=16384",
    "--compile-jit-policy=10",
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
  ];
  const define = ["--define", `BERTH_VERSION=${JSON.stringify(version())}`];
  const args = [
    "build",
    "--compile",
    ...flags,
    ...define,
    join(root, "src/cli/main.ts"),
    "--outfile",
    join(dist, "berth"),
  ];
  execFileSync(bun, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  for (const name of ["docker", "dockerd"]) {
    mkdirSync(join(dist, "as-docker"), { recursive: true });
    const link = join(dist, "as-docker", name);
    rmSync(link, { force: true });
    symlinkSync("../berth", link);
  }
}

/** Builds what changed since the last time; the CLI and the daemon apart. */
export async function build() {
  const files = sources(join(root, "src")).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  files.push(...["package.json", "package-lock.json", "scripts/build.mjs"].map((file) => join(root, file)));
  files.push(...sources(join(root, "src")).filter((file) => file.endsWith(".json")));
  const stamp = join(dist, ".built");
  const now = fingerprint(files.sort());
  if (existsSync(stamp) && existsSync(join(dist, "berth")) && readFileSync(stamp, "utf8") === now) return;
  say("· building dist/berth and the daemon beside it");
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  await bundleDaemon(files);
  copyNative();
  compileCli();
  writeFileSync(stamp, now);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await build();
