import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/**
 * Runs a TypeScript file as a program in a mount namespace of its own, so that nothing stays mounted whatever happens,
 * and gives what it prints. The store's worker lies beside it, as in a built daemon.
 */
export function runInMountNamespace(source: URL, args: string[]): string {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const outdir = mkdtempSync(join(root, "node_modules/.cache/berth-child-"));
  try {
    buildSync({
      entryPoints: {
        child: fileURLToPath(source),
        "store.worker": fileURLToPath(new URL("../jobs/store.worker.ts", import.meta.url)),
      },
      outdir,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["koffi", "esbuild"],
      banner: { js: 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);' },
    });
    const command = ["-m", "--propagation", "private", process.execPath, join(outdir, "child.mjs"), ...args];
    return execFileSync("unshare", command, { encoding: "utf8" });
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
