import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blobsOf } from "../../store/index.ts";
import { type TestImages, testImages } from "./testing/test-images.ts";

const source = new URL("../../", import.meta.url).pathname;
const folder = join(source, `../node_modules/.cache/berth-crash-${process.pid}`);
let root: string;

beforeAll(() => {
  root = mkdtempSync("/dev/shm/berth-crash-");
  mkdirSync(folder, { recursive: true });
  buildSync({
    entryPoints: {
      child: join(source, "engine/images/testing/crash-child.ts"),
      "ingest.worker": join(source, "store/blobs/ingest.worker.ts"),
      "store.worker": join(source, "store/jobs/store.worker.ts"),
    },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["koffi", "esbuild"],
    banner: { js: 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);' },
  });
});
afterAll(() => {
  for (const path of [root, folder]) rmSync(path, { recursive: true, force: true });
});

/** Runs the child and kills it some milliseconds after it has pulled for the first time. */
async function runAndKill(delay: number): Promise<void> {
  const child = spawn(process.execPath, [join(folder, "child.mjs"), root], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), ended]);
  await sleep(delay);
  child.kill("SIGKILL");
  await ended;
}

/** Whatever counts is whole: names have records, records have blobs and layers, blobs have their digests. */
async function check(t: TestImages): Promise<void> {
  for (const { digest } of await t.deps.blobs.list())
    expect((await t.deps.blobs.read(digest)).length).toBeGreaterThan(0);
  for (const { id } of t.deps.store.references.all()) expect(t.deps.store.get(id)).toBeDefined();
  for (const record of t.deps.store.list()) {
    expect(blobsOf(record).filter((digest) => !t.deps.blobs.has(digest))).toEqual([]);
    await t.images.resolve(record.id);
    expect(record.layers.filter(({ chainId }) => t.deps.layers.get(chainId) === undefined)).toEqual([]);
  }
  expect(t.warnings).toEqual([]);
}

test("killed at any moment of a pull or a removal, what counts afterwards is whole", async () => {
  for (const delay of [3, 11, 17, 29, 41]) {
    await runAndKill(delay);
    const t = await testImages({ root });
    await check(t);
    await t.close();
  }
});
