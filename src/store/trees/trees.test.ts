import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeTree, makeNastyTree } from "../testing/nasty-tree.ts";
import { createTrees, type Trees } from "./index.ts";

let base: string;
let trees: Trees;
const at = (...names: string[]) => join(base, ...names);
beforeAll(() => {
  base = mkdtempSync("/var/tmp/berth-trees-");
  trees = createTrees();
});
afterAll(async () => {
  await trees.remove(base);
  expect(existsSync(base)).toBe(false);
  await trees.close();
});

const deepTree = (path: string, depth: number) => {
  mkdirSync(path);
  execFileSync("python3", [
    "-c",
    `
import os
os.chdir(${JSON.stringify(path)})
for i in range(${depth}):
    os.mkdir("d" * 40); os.chdir("d" * 40)
open("bottom", "w").write("x")
`,
  ]);
};

describe("remove", () => {
  test("a tree with links to elsewhere: what they point to stays", async () => {
    mkdirSync(at("keep"));
    writeFileSync(at("keep/file"), "x");
    mkdirSync(at("gone/sub"), { recursive: true });
    symlinkSync("../keep", at("gone/link"));
    symlinkSync(at("keep/file"), at("gone/sub/link"));
    linkSync(at("keep/file"), at("gone/hard"));
    chmodSync(at("gone/sub"), 0o000);
    await trees.remove(at("gone"));
    expect(existsSync(at("gone"))).toBe(false);
    expect(readFileSync(at("keep/file"), "utf8")).toBe("x");
  });

  test("a link at the top is removed itself; a file, and nothing, are no errors", async () => {
    symlinkSync("keep", at("top-link"));
    writeFileSync(at("single"), "");
    for (const name of ["top-link", "single", "nothing"]) await trees.remove(at(name));
    expect(existsSync(at("keep/file"))).toBe(true);
    expect(existsSync(at("single"))).toBe(false);
  });

  test("directories far deeper than a path may be long", async () => {
    deepTree(at("deep"), 3000);
    await trees.remove(at("deep"));
    expect(existsSync(at("deep"))).toBe(false);
  });

  test.runIf(process.getuid?.() === 0)("a nasty tree", async () => {
    mkdirSync(at("nasty-gone"));
    makeNastyTree(at("nasty-gone"));
    await trees.remove(at("nasty-gone"));
    expect(existsSync(at("nasty-gone"))).toBe(false);
  });
});

describe("diskUsage", () => {
  test("counts as Docker does: each inode once, no directories, links as long as their targets", async () => {
    mkdirSync(at("du/sub"), { recursive: true });
    writeFileSync(at("du/a"), "12345");
    linkSync(at("du/a"), at("du/sub/b"));
    symlinkSync("0123456789", at("du/sub/link"));
    symlinkSync("/", at("du/root"));
    expect(await trees.diskUsage(at("du"))).toMatchObject({ bytes: 5 + 10 + 1, entries: 5 });
    expect(await trees.size(at("nothing"))).toBe(0);
  });

  test("a tree that is deeper than anything does no harm", async () => {
    deepTree(at("deep-du"), 2500);
    expect((await trees.diskUsage(at("deep-du"))).entries).toBeGreaterThan(1000);
  });
});

describe("copyUp", () => {
  test.runIf(process.getuid?.() === 0)("keeps everything", async () => {
    mkdirSync(at("image/data"), { recursive: true });
    mkdirSync(at("volume"));
    makeNastyTree(at("image/data"));
    await trees.copyUp({ sourceRoot: at("image"), sourcePath: "/data", target: at("volume") });
    expect(describeTree(at("volume"))).toEqual(describeTree(at("image/data")));
    expect(statSync(at("volume/etc/holes")).blocks).toBe(statSync(at("image/data/etc/holes")).blocks);
  });

  test("row 15: a folder that is a link stays inside the image", async () => {
    mkdirSync(at("secret"));
    writeFileSync(at("secret/key"), "host");
    mkdirSync(at("evil/secret"), { recursive: true });
    writeFileSync(at("evil/secret/key"), "image");
    for (const [name, target] of [
      ["abs", at("secret")],
      ["up", "../secret"],
      ["far", "../../../../../../secret"],
      ["slash", "/secret"],
    ] as const) {
      symlinkSync(target, at("evil", name));
      mkdirSync(at(`volume-${name}`));
      await trees.copyUp({ sourceRoot: at("evil"), sourcePath: name, target: at(`volume-${name}`) });
      const copied = at(`volume-${name}`, "key");
      expect(existsSync(copied) ? readFileSync(copied, "utf8") : "image").toBe("image");
    }
    expect(existsSync(at("volume-abs/key"))).toBe(false);
    expect(existsSync(at("volume-far/key"))).toBe(true);
  });

  test("a link inside the folder is copied as a link", async () => {
    mkdirSync(at("linked/data"), { recursive: true });
    symlinkSync(at("secret"), at("linked/data/link"));
    mkdirSync(at("volume-linked"));
    await trees.copyUp({ sourceRoot: at("linked"), sourcePath: "data", target: at("volume-linked") });
    expect(lstatSync(at("volume-linked/link")).isSymbolicLink()).toBe(true);
  });

  test("a folder that is not there, and a file in its place, copy nothing", async () => {
    mkdirSync(at("volume-none"));
    await trees.copyUp({ sourceRoot: at("linked"), sourcePath: "no/such", target: at("volume-none") });
    await trees.copyUp({ sourceRoot: at("keep"), sourcePath: "file", target: at("volume-none") });
    expect(statSync(at("volume-none")).nlink).toBe(2);
  });

  test("nesting without end is refused", async () => {
    deepTree(at("deep-copy"), 2500);
    mkdirSync(at("volume-deep"));
    const copying = trees.copyUp({ sourceRoot: base, sourcePath: "deep-copy", target: at("volume-deep") });
    await expect(copying).rejects.toMatchObject({ kind: "exhausted" });
    await trees.remove(at("deep-copy"));
    rmSync(at("keep"), { recursive: true });
  });
});
