import {
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTar, type TarMember, TarParser } from "../../lib/tar/index.ts";
import { cstring, getXattrAt, getXattrsAt, type RawStat, statAtIfAny } from "../../system/index.ts";
import { describeTree } from "../testing/nasty-tree.ts";
import { LayerWriter } from "./layer-writer.ts";

const asRoot = process.getuid?.() === 0;
let base: string;
let root: number;
beforeEach(() => {
  base = mkdtempSync("/var/tmp/berth-writer-");
  mkdirSync(join(base, "outside"));
  writeFileSync(join(base, "outside/victim"), "untouched", { mode: 0o600 });
  mkdirSync(join(base, "layer"));
  root = openSync(join(base, "layer"), "r");
});
afterEach(() => {
  closeSync(root);
  rmSync(base, { recursive: true });
});

function write(members: TarMember[], whiteouts: "overlay" | "ignore" = "overlay"): LayerWriter {
  const writer = new LayerWriter({ root, whiteouts });
  try {
    const parser = new TarParser(writer);
    parser.write(createTar(members));
    parser.end();
    writer.finish();
  } finally {
    writer.close();
  }
  return writer;
}

const inLayer = (...names: string[]) => join(base, "layer", ...names);
const read = (name: string) => readFileSync(inLayer(name), "utf8");
const stat = (name: string): RawStat | undefined => statAtIfAny(root, cstring(name));
const isWhiteout = (name: string) => {
  const found = stat(name);
  return found !== undefined && (found.mode & 0o170000) === 0o020000 && found.rdevMajor + found.rdevMinor === 0;
};
const isOpaque = (name: string) => getXattrAt(root, cstring(name), "trusted.overlay.opaque")?.toString() === "y";
const link = (name: string, linkName: string): TarMember => ({ name, type: "symlink", linkName });
const hard = (name: string, linkName: string): TarMember => ({ name, type: "hardlink", linkName });
const dir = (name: string, mode = 0o755): TarMember => ({ name, type: "directory", mode });

describe("row 13: no entry reaches outside", () => {
  const outside = () => join(base, "outside");
  const evil: TarMember = {
    name: "",
    content: "evil",
    mode: 0o4777,
    uid: 1234,
    xattrs: new Map([["user.evil", Buffer.from("1")]]),
  };
  const cases: [string, () => TarMember[]][] = [
    ["a name with ..", () => [{ ...evil, name: "../outside/victim" }]],
    ["a name with .. in the middle", () => [dir("a"), { ...evil, name: "a/../../outside/victim" }]],
    ["a very long name with .. (pax)", () => [{ ...evil, name: `${"a/../".repeat(60)}../outside/victim` }]],
    ["an absolute name", () => [{ ...evil, name: join(outside(), "victim") }]],
    ["an absolute name with ..", () => [{ ...evil, name: `/../../../../../..${outside()}/victim` }]],
    ["a file below a relative link", () => [link("a", "../outside"), { ...evil, name: "a/victim" }]],
    ["a file below an absolute link", () => [link("a", outside()), { ...evil, name: "a/victim" }]],
    [
      "a file below links that go round",
      () => [link("b", "a/../.."), link("a", "."), { ...evil, name: "b/outside/victim" }],
    ],
    ["a file in place of a link", () => [link("a", "../outside/victim"), { ...evil, name: "a" }]],
    ["a file in place of an absolute link", () => [link("a", join(outside(), "victim")), { ...evil, name: "a" }]],
    [
      "a file in place of a hard link to a link",
      () => [link("a", "../outside/victim"), hard("b", "a"), { ...evil, name: "b" }],
    ],
    ["a directory in place of a link", () => [link("a", "../outside"), dir("a", 0o777)]],
    ["a link in place of a directory", () => [dir("a", 0o777), link("a", "../outside")]],
    [
      "a link in place of a directory, entries before and after",
      () => [dir("a"), { ...evil, name: "a/victim" }, link("a", outside()), { ...evil, name: "a/victim" }],
    ],
    ["a directory below a link", () => [link("a", ".."), dir("a/outside", 0o777)]],
    ["the root itself as a link", () => [link(".", "../outside"), { ...evil, name: "victim" }]],
    ["a hard link with ..", () => [hard("a", "../outside/victim"), { ...evil, name: "a" }]],
    ["an absolute hard link", () => [hard("a", join(outside(), "victim"))]],
    ["a hard link through a link", () => [link("l", "../outside"), hard("a", "l/victim")]],
    ["a hard link through an absolute link", () => [link("l", outside()), hard("a", "l/victim")]],
    [
      "a device below a link",
      () => [link("a", "../outside"), { name: "a/null", type: "character", major: 1, minor: 3 }],
    ],
    ["a FIFO in place of a link", () => [link("a", "../outside/victim"), { name: "a", type: "fifo", mode: 0o777 }]],
    ["a whiteout with ..", () => [{ name: "../outside/.wh.victim" }]],
    ["a whiteout of ..", () => [dir("a"), { name: "a/.wh..." }]],
    ["a whiteout below a link", () => [link("a", "../outside"), { name: "a/.wh.victim" }]],
    ["an opaque mark below a link", () => [link("a", "../outside"), { name: "a/.wh..wh..opq" }]],
    ["an opaque mark with ..", () => [{ name: "../outside/.wh..wh..opq" }]],
    ["the links of /proc", () => [link("a", "/proc/self/root"), { ...evil, name: `a${outside()}/victim` }]],
    ["a link as name of the parent in finish", () => [dir("a/b", 0o777), link("a", ".."), dir("a/outside", 0o777)]],
  ];
  test.each(cases)("%s", (_, members) => {
    const seen = () => [describeTree(outside()), readdirSync(base), statSync(base).mode, statSync(base).uid];
    const before = seen();
    let error: unknown;
    try {
      write(members());
    } catch (thrown) {
      error = thrown;
    }
    expect(seen()).toEqual(before);
    expect(statSync(join(outside(), "victim")).nlink).toBe(1);
    if (error !== undefined) expect((error as { kind?: string }).kind).toBe("invalid");
  });

  test("what goes through a link stays inside, where it leads there", () => {
    write([
      dir("real"),
      link("a", "/real"),
      { name: "a/file", content: "x" },
      link("b", "../../real"),
      { name: "b/other" },
    ]);
    expect(readdirSync(inLayer("real")).sort()).toEqual(["file", "other"]);
  });
});

describe.runIf(asRoot)("whiteouts in overlay's form", () => {
  test("a hidden name and a hidden content", () => {
    write([dir("d"), { name: "d/.wh.gone" }, dir("e"), { name: "e/.wh..wh..opq" }, { name: "implied/.wh.x" }]);
    expect(isWhiteout("d/gone")).toBe(true);
    expect([isOpaque("d"), isOpaque("e"), isOpaque("implied")]).toEqual([false, true, false]);
    expect(isWhiteout("implied/x")).toBe(true);
    expect(stat("implied")?.mode).toBe(0o040755);
  });

  test.each([
    ["the whiteout first", [{ name: ".wh.a" }, dir("a"), { name: "a/new" }]],
    ["the whiteout last", [dir("a"), { name: "a/new" }, { name: ".wh.a" }]],
    ["no entry for the directory", [{ name: ".wh.a" }, { name: "a/new" }]],
  ] as [string, TarMember[]][])(
    "a name that is hidden and made again as a directory hides what was below: %s",
    (_, members) => {
      write(members);
      expect(isOpaque("a")).toBe(true);
      expect(stat("a/new")).toBeDefined();
    },
  );

  test("a name that is hidden and made again as a file is just the file", () => {
    write([{ name: ".wh.a" }, { name: "a", content: "1" }, { name: "b", content: "2" }, { name: ".wh.b" }]);
    expect(read("a") + read("b")).toBe("12");
  });

  test("in the lowest layer nothing is hidden", () => {
    write([dir("d"), { name: "d/.wh.a" }, { name: "d/.wh..wh..opq" }], "ignore");
    expect(readdirSync(inLayer("d"))).toEqual([]);
    expect(isOpaque("d")).toBe(false);
  });

  test("overlay's own attributes in an archive get no meaning", () => {
    const xattrs = new Map([
      ["trusted.overlay.redirect", Buffer.from("/etc")],
      ["trusted.overlay.opaque", Buffer.from("y")],
    ]);
    write([{ ...dir("d"), xattrs }]);
    expect([...getXattrsAt(root, cstring("d")).keys()]).toEqual([
      "trusted.overlay.overlay.opaque",
      "trusted.overlay.overlay.redirect",
    ]);
  });
});

describe("later entries", () => {
  test("replace earlier ones, directories merge", () => {
    const writer = write([
      dir("a", 0o700),
      { name: "a/x", content: "1" },
      dir("a", 0o711),
      { name: "a/x", content: "22" },
      { name: "f", content: "file" },
      dir("f"),
      dir("t"),
      { name: "t/deep/er", content: "x" },
      { name: "t", content: "file" },
      { name: "t2" },
      link("t2", "a"),
      { name: "t2", content: "333" },
    ]);
    expect([read("a/x"), read("t"), read("t2")]).toEqual(["22", "file", "333"]);
    expect(statSync(inLayer("a")).mode & 0o7777).toBe(0o711);
    expect(lstatSync(inLayer("f")).isDirectory()).toBe(true);
    expect(writer.size).toBeUndefined();
  });

  test("what was reached through a directory is looked up again after it was replaced", () => {
    write([dir("a"), { name: "a/1" }, link("a", "b"), dir("b"), { name: "a/2" }]);
    expect(readdirSync(inLayer("b"))).toEqual(["2"]);
  });

  test("a directory that may not be written or entered is filled all the same", () => {
    write([dir("closed", 0o000), { name: "closed/a", content: "x" }, dir("ro", 0o555), { name: "ro/a", mtime: 5n }]);
    expect(statSync(inLayer("closed")).mode & 0o777).toBe(0);
    expect(statSync(inLayer("ro")).mode & 0o777).toBe(0o555);
  });

  test("a directory's time is not that of what was put into it", () => {
    write([{ ...dir("d"), mtime: 123_456_789n }, { name: "d/a" }, dir("d/b"), { name: "d/b/c" }]);
    expect(stat("d")?.mtime).toBe(123_456_789n);
  });

  test("many folders, more than are kept open", () => {
    const members = Array.from({ length: 300 }, (_, i) => ({ name: `${i % 150}/${i}`, content: String(i) }));
    write([...members, ...members.map(({ name }) => hard(`${name}-link`, name))]);
    expect(readdirSync(inLayer()).length).toBe(150);
    expect(read("149/299-link")).toBe("299");
  });

  test("a hard link to what is not there, and a file as a directory, are refused", () => {
    expect(() => write([hard("a", "nothing")])).toThrow('hard link to "nothing", which is not in the layer');
    expect(() => write([{ name: "file" }, { name: "file/below" }])).toThrow('"file" is not a directory');
  });
});
