import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTar, readTar, type TarMember } from "../../lib/tar/index.ts";
import { archiveLocal } from "./archive-local.ts";
import { LocalWriter } from "./extract.ts";
import type { CopyPlan } from "./paths.ts";

let top = "";
let folder = "";
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "berth-extract-"));
  folder = join(top, "in");
  mkdirSync(folder);
  writeFileSync(join(top, "victim"), "untouched", { mode: 0o600 });
});
afterEach(() => rmSync(top, { recursive: true }));

function extract(members: TarMember[], rename?: CopyPlan["rename"]): string[] {
  const warnings: string[] = [];
  const writer = new LocalWriter({ folder, ...(rename === undefined ? {} : { rename }) }, (text) =>
    warnings.push(text),
  );
  try {
    writer.write(createTar(members));
    writer.finish();
  } finally {
    writer.close();
  }
  return warnings;
}

const victim = () => [readFileSync(join(top, "victim"), "utf8"), statSync(join(top, "victim")).mode & 0o777];

describe("an ordinary archive", () => {
  test("comes out as it went in, under another name", () => {
    const mtime = 1_700_000_000_000_000_000n;
    extract(
      [
        { name: "d/", type: "directory", mode: 0o500, mtime },
        { name: "d/f", content: "F", mode: 0o640, mtime },
        { name: "d/l", type: "symlink", linkName: "f", mtime },
        { name: "d/h", type: "hardlink", linkName: "d/f" },
      ],
      { from: "d", to: "e" },
    );
    expect(readFileSync(join(folder, "e/h"), "utf8")).toBe("F");
    expect(statSync(join(folder, "e")).mode & 0o777).toBe(0o500);
    expect(statSync(join(folder, "e/f"))).toMatchObject({ nlink: 2, mtimeMs: 1_700_000_000_000 });
    expect(lstatSync(join(folder, "e/l")).mtimeMs).toBe(1_700_000_000_000);
  });

  test("replaces files and links, but no directory", () => {
    writeFileSync(join(folder, "f"), "old");
    symlinkSync(join(top, "victim"), join(folder, "l"));
    extract([
      { name: "f", content: "new" },
      { name: "l", content: "new" },
    ]);
    expect([readFileSync(join(folder, "f"), "utf8"), readFileSync(join(folder, "l"), "utf8")]).toEqual(["new", "new"]);
    expect(victim()).toEqual(["untouched", 0o600]);
    mkdirSync(join(folder, "d"));
    expect(() => extract([{ name: "d", content: "" }])).toThrow("cannot overwrite directory");
    expect(() => extract([{ name: "f/", type: "directory" }])).toThrow("cannot overwrite non-directory");
  });

  test("what a local folder holds is packed with its names, kinds and times", async () => {
    mkdirSync(join(folder, "s/sub"), { recursive: true });
    writeFileSync(join(folder, "s/f"), "F".repeat(300_000));
    symlinkSync("/etc/passwd", join(folder, "s/l"));
    const found: string[] = [];
    for await (const { entry, content } of readTar(archiveLocal(folder, "s", "as"))) {
      let length = 0;
      for await (const chunk of content()) length += chunk.length;
      found.push(`${entry.type} ${entry.name} ${length}`);
    }
    expect(found).toEqual(["directory as/ 0", "file as/f 300000", "symlink as/l 0", "directory as/sub/ 0"]);
  });
});

describe("a hostile archive", () => {
  test.each<[string, TarMember[]]>([
    ["dots", [{ name: "../victim", content: "bad" }]],
    ["dots inside", [{ name: "a/../../victim", content: "bad" }]],
    [
      "through a link",
      [
        { name: "l", type: "symlink", linkName: ".." },
        { name: "l/victim", content: "bad" },
      ],
    ],
    [
      "a directory over a link",
      [
        { name: "l", type: "symlink", linkName: ".." },
        { name: "l/", type: "directory", mode: 0o777 },
      ],
    ],
    ["a hard link outside", [{ name: "h", type: "hardlink", linkName: "../victim" }]],
    [
      "a hard link through a link",
      [
        { name: "l", type: "symlink", linkName: ".." },
        { name: "h", type: "hardlink", linkName: "l/victim" },
      ],
    ],
    [
      "a hard link to a link",
      [
        { name: "l", type: "symlink", linkName: "../victim" },
        { name: "h", type: "hardlink", linkName: "l", mode: 0o777 },
      ],
    ],
  ])("%s is refused", (_, members) => {
    expect(() => extract(members)).toThrow();
    expect(victim()).toEqual(["untouched", 0o600]);
    expect(readdirSync(top).sort()).toEqual(["in", "victim"]);
  });

  test("an absolute name stays inside, a link is replaced and not written through", () => {
    extract([{ name: "/victim", content: "inside" }]);
    expect(readFileSync(join(folder, "victim"), "utf8")).toBe("inside");
    extract([
      { name: "x", type: "symlink", linkName: "../victim" },
      { name: "x", content: "inside" },
    ]);
    expect(victim()).toEqual(["untouched", 0o600]);
    expect(lstatSync(join(folder, "x")).isFile()).toBe(true);
  });

  test("no device is made", () => {
    expect(extract([{ name: "sda", type: "block", major: 8, minor: 0 }])).toEqual(["sda: a device, not copied"]);
    expect(existsSync(join(folder, "sda"))).toBe(false);
  });
});
