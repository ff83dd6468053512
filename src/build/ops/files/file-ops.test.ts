import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { createArchives } from "../../../store/index.ts";
import type { CopyRequest } from "./copy-request.ts";
import { createFileOps } from "./create-file-ops.ts";

const archives = createArchives();
const ops = createFileOps({ archives });
const signal = new AbortController().signal;
afterAll(async () => {
  await ops.close();
  await archives.close();
});

let folder: string;
let source: string;
let target: string;
beforeEach(() => {
  folder = mkdtempSync("/dev/shm/berth-files-");
  source = join(folder, "source");
  target = join(folder, "target");
  for (const path of ["source/sub/deep", "target/etc", "target/there"])
    mkdirSync(join(folder, path), { recursive: true });
  for (const [path, text] of [
    ["a.txt", "a"],
    ["b.txt", "b"],
    ["c.md", "c"],
    ["sub/d.txt", "d"],
    ["sub/deep/e.txt", "e"],
  ] as const)
    writeFileSync(join(source, path), text);
  writeFileSync(join(target, "etc/passwd"), "root:x:0:0::/:\nweb:x:33:44::/:\n");
  writeFileSync(join(target, "etc/group"), "staff:x:50:\n");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const request = (
  paths: string[],
  destination: string,
  more: Partial<CopyRequest> & { exclude?: string[]; parents?: boolean } = {},
) => {
  const { exclude = [], parents = false, ...rest } = more;
  return {
    sources: [{ root: source, paths, exclude, parents }],
    inline: [],
    target,
    destination,
    unpack: false,
    ...rest,
  };
};
const copy = (...args: Parameters<typeof request>) => ops.copy(request(...args), signal);
const files = () =>
  execFileSync("find", [".", "-not", "-path", "./etc*", "-not", "-type", "d", "-printf", "%P\\n"], {
    cwd: target,
    encoding: "utf8",
  })
    .trim()
    .split("\n")
    .filter(Boolean)
    .sort();

test.each<[string, string[], string, string[]]>([
  ["a file under a new name", ["a.txt"], "/new", ["new"]],
  ["a file into a folder that is there", ["a.txt"], "/there", ["there/a.txt"]],
  ["a file into a folder with a slash", ["a.txt"], "/x/y/", ["x/y/a.txt"]],
  ["wildcards", ["*.txt"], "/x/", ["x/a.txt", "x/b.txt"]],
  ["wildcards of folders give their contents", ["s*"], "/x/", ["x/d.txt", "x/deep/e.txt"]],
  ["a wildcard in the middle", ["*/d.txt"], "/x/", ["x/d.txt"]],
  ["wildcards may match nothing", ["*.nope"], "/x/", []],
  ["a folder gives its contents", ["sub"], "/x", ["x/d.txt", "x/deep/e.txt"]],
  ["everything", ["."], "/x", ["x/a.txt", "x/b.txt", "x/c.md", "x/sub/d.txt", "x/sub/deep/e.txt"]],
  ["a slash in front and dots mean the context", ["/../sub/../a.txt"], "/x/", ["x/a.txt"]],
  ["several", ["a.txt", "sub"], "/x/", ["x/a.txt", "x/d.txt", "x/deep/e.txt"]],
])("%s", async (_, paths, destination, wanted) => {
  await copy(paths, destination);
  expect(files()).toEqual(wanted);
});

test("folders above are kept by --parents, from the pivot on", async () => {
  await copy(["sub/deep/e.txt", "./sub/./deep/e.txt"], "/p", { parents: true });
  expect(files()).toEqual(["p/deep/e.txt", "p/sub/deep/e.txt"]);
});

test("what is excluded stays behind", async () => {
  await copy(["."], "/x", { exclude: ["**/*.txt", "!sub/deep/e.txt"] });
  expect(files()).toEqual(["x/c.md", "x/sub/deep/e.txt"]);
});

test("owners by name and number, modes, times and links", async () => {
  chmodSync(join(source, "a.txt"), 0o4640);
  utimesSync(join(source, "a.txt"), 1000, 2000);
  symlinkSync("/nowhere", join(source, "sub/link"));
  linkSync(join(source, "sub/d.txt"), join(source, "sub/same"));
  await copy(["a.txt"], "/plain/");
  await copy(["sub"], "/owned", { chown: "web:staff", chmod: "u=rwX,go=rX" });
  await copy(["a.txt"], "/numbers/", { chown: "7" });
  const facts = (path: string) => {
    const { uid, gid, mode, mtimeMs } = lstatSync(join(target, path));
    return [uid, gid, (mode & 0o7777).toString(8), mtimeMs];
  };
  expect(facts("plain/a.txt")).toEqual([0, 0, "4640", 2_000_000]);
  expect(facts("owned").slice(0, 3)).toEqual([33, 50, "755"]);
  expect(facts("owned/d.txt").slice(0, 3)).toEqual([33, 50, "644"]);
  expect(facts("owned/link").slice(0, 2)).toEqual([33, 50]);
  expect(readlinkSync(join(target, "owned/link"))).toBe("/nowhere");
  expect(statSync(join(target, "owned/same")).ino).toBe(statSync(join(target, "owned/d.txt")).ino);
  expect(facts("numbers/a.txt").slice(0, 2)).toEqual([7, 7]);
  await expect(copy(["a.txt"], "/z", { chown: "nobody-here" })).rejects.toThrow("unable to find user nobody-here");
});

test("files replace files and links, folders join, and neither takes the other's place", async () => {
  symlinkSync("/etc/passwd", join(target, "there/a.txt"));
  await copy(["a.txt"], "/there/");
  expect(lstatSync(join(target, "there/a.txt")).isFile()).toBe(true);
  expect(readFileSync(join(target, "etc/passwd"), "utf8")).toContain("web");
  mkdirSync(join(target, "there/b.txt"));
  await expect(copy(["b.txt"], "/there/")).rejects.toThrow("cannot replace to directory b.txt with file");
  writeFileSync(join(target, "file"), "");
  await expect(copy(["sub"], "/file")).rejects.toThrow("cannot copy to non-directory");
});

test("what is not there is told as BuildKit tells it", async () => {
  await expect(copy(["nope/x"], "/y")).rejects.toMatchObject({ kind: "not-found", message: '"/nope/x": not found' });
});

test("inline files", async () => {
  await ops.copy({ ...request([], "/etc/conf"), sources: [], inline: [{ name: "x", data: "hello\n" }] }, signal);
  expect(readFileSync(join(target, "etc/conf"), "utf8")).toBe("hello\n");
  expect(statSync(join(target, "etc/conf")).mode & 0o777).toBe(0o644);
});

test("archives are unpacked by ADD, whatever their compression, and copied by COPY", async () => {
  for (const [flag, name] of [
    ["-c", "p.tar"],
    ["-cz", "z.tgz"],
    ["-cJ", "x.txz"],
  ] as const)
    execFileSync("tar", [`${flag}f`, join(folder, name), "-C", source, "a.txt"]);
  for (const name of ["p.tar", "z.tgz", "x.txz"]) {
    renameSync(join(folder, name), join(source, name));
    await copy([name], `/added-${name}/`, { unpack: true });
    expect(readFileSync(join(target, `added-${name}/a.txt`), "utf8")).toBe("a");
    await copy([name], "/copied/");
    expect(existsSync(join(target, "copied", name))).toBe(true);
  }
  await copy(["a.txt"], "/text/", { unpack: true });
  expect(readFileSync(join(target, "text/a.txt"), "utf8")).toBe("a");
});

describe("links", () => {
  test("in the source and in the target lead no further than their roots", async () => {
    writeFileSync(join(folder, "secret"), "secret");
    symlinkSync("../secret", join(source, "up"));
    symlinkSync(join(folder, "secret"), join(source, "absolute"));
    symlinkSync("..", join(source, "parent"));
    for (const path of ["up", "absolute", "parent/secret"])
      await expect(copy([path], "/x/")).rejects.toMatchObject({ kind: "not-found" });
    symlinkSync(folder, join(target, "out"));
    symlinkSync("../../..", join(target, "dots"));
    await copy(["a.txt"], "/out/");
    await copy(["b.txt"], "/dots/b");
    expect(existsSync(join(folder, "a.txt"))).toBe(false);
    expect(existsSync(join(folder, "b"))).toBe(false);
    expect(readFileSync(join(target, "b"), "utf8")).toBe("b");
  });

  test("that change in a loop never let anything in from outside", async () => {
    mkdirSync(join(folder, "outside"));
    writeFileSync(join(folder, "outside/file"), "secret");
    mkdirSync(join(source, "real"));
    writeFileSync(join(source, "real/file"), "mine");
    const swap = `cd ${source}; while :; do mv real moved && ln -s ../outside real; rm real; mv moved real; done`;
    const loop = spawn("sh", ["-c", swap], { stdio: "ignore" });
    try {
      for (let round = 0; round < 150; round++) {
        await copy(["real"], `/r${round}`).catch(() => {});
        await copy(["real/file"], `/f${round}`).catch(() => {});
      }
    } finally {
      loop.kill("SIGKILL");
    }
    expect(spawnSync("grep", ["-r", "secret", target], { encoding: "utf8" })).toMatchObject({ status: 1, stdout: "" });
  });
});

describe("a digest of sources", () => {
  const hash = (paths: string[], stable = true) =>
    ops.hash({ sources: [{ root: source, paths, exclude: [], parents: false }], owners: false, stable }, signal);

  test("is that of names, modes and contents, not of times", async () => {
    const before = await hash(["."]);
    utimesSync(join(source, "a.txt"), 1, 1);
    expect(await hash(["."])).toBe(before);
    expect(await hash(["."], false)).toBe(before);
    writeFileSync(join(source, "a.txt"), "A");
    const changed = await hash(["."]);
    expect(changed).not.toBe(before);
    writeFileSync(join(source, "a.txt"), "a");
    expect(await hash(["."])).toBe(before);
    chmodSync(join(source, "a.txt"), 0o600);
    expect(await hash(["."])).not.toBe(before);
    chmodSync(join(source, "a.txt"), 0o644);
    renameSync(join(source, "c.md"), join(source, "c2.md"));
    expect(await hash(["."])).not.toBe(before);
  });

  test("of a file does not tell where it lies, and of a link what it leads to", async () => {
    symlinkSync("sub/d.txt", join(source, "link"));
    writeFileSync(join(source, "link2"), "d");
    expect(await hash(["link"])).not.toBe(await hash(["a.txt"]));
    await expect(hash(["nope"])).rejects.toThrow('"/nope": not found');
  });
});
