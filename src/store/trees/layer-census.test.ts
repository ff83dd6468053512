import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { layerCensus } from "./layer-census.ts";

describe.skipIf(process.geteuid?.() !== 0)("a census of layers", () => {
  let top = "";
  beforeAll(() => {
    top = mkdtempSync(join(tmpdir(), "berth-census-"));
  });
  afterAll(() => rmSync(top, { recursive: true }));

  const layer = (name: string, files: Record<string, number>): string => {
    for (const [path, size] of Object.entries(files)) {
      const at = join(top, name, path);
      mkdirSync(join(at, ".."), { recursive: true });
      writeFileSync(at, Buffer.alloc(size));
    }
    mkdirSync(join(top, name), { recursive: true });
    return join(top, name);
  };

  test("opaque folders, a file in the place of a folder and the reverse", () => {
    const one = layer("one", { "a/x": 1, "a/y": 2, "b/z": 4, c: 8 });
    const two = layer("two", { "a/x": 16, b: 32, "c/d": 64 });
    execFileSync("setfattr", ["-n", "trusted.overlay.opaque", "-v", "y", join(two, "a")]);
    const [first, second] = layerCensus({ layers: [one, two], watch: [] });
    expect(first).toMatchObject({ bytes: 15, files: 4, hiddenBytes: 15 });
    expect(first?.hidden.map(({ path, bytes, how }) => [path, bytes, how])).toEqual([
      ["/c", 8, "replaced"],
      ["/b", 4, "replaced"],
      ["/a/y", 2, "replaced"],
      ["/a/x", 1, "replaced"],
    ]);
    expect(second).toMatchObject({ bytes: 112, files: 3, hiddenBytes: 0 });
  });

  test("links: a hard link costs nothing, a symbolic one leads nowhere", () => {
    const path = layer("links", { "a/x": 100 });
    linkSync(join(path, "a/x"), join(path, "a/y"));
    symlinkSync("/", join(path, "root"));
    const [only] = layerCensus({ layers: [path], watch: [] });
    expect(only).toMatchObject({ bytes: 101, files: 2 });
    expect(only?.folders.map((share) => share.path)).toEqual(["/a", "/"]);
  });

  test("folders that are watched, wherever they are", () => {
    const path = layer("watched", { "var/cache/apt/p": 7, "root/.cache/pip/q": 3, "srv/.cache/pip/r": 5, "var/x": 1 });
    const [only] = layerCensus({ layers: [path], watch: ["/var/cache/apt/", "*/.cache/pip/"] });
    expect(only?.watched).toEqual([
      { path: "*/.cache/pip/", bytes: 8, files: 2 },
      { path: "/var/cache/apt/", bytes: 7, files: 1 },
    ]);
  });

  test("a whiteout of nothing is no news; a cancelled census ends", () => {
    const path = layer("nothing", { a: 1 });
    execFileSync("mknod", [join(path, "gone"), "c", "0", "0"]);
    expect(layerCensus({ layers: [path], watch: [] })[0]).toMatchObject({ bytes: 1, hiddenBytes: 0 });
    const stop = () => {
      throw new Error("stop");
    };
    expect(() => layerCensus({ layers: [path], watch: [] }, stop)).toThrow("stop");
  });
});
