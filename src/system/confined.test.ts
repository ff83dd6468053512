import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  lstatIn,
  makeDirIn,
  makeFileIn,
  O_RDONLY,
  openIn,
  openRoot,
  readFileIn,
  readlinkIn,
  statIn,
} from "./confined.ts";

let base: string;
let root: string;

beforeEach(() => {
  base = mkdtempSync("/var/tmp/berth-confined-");
  root = join(base, "root");
  mkdirSync(root);
  writeFileSync(join(base, "secret"), "host");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

test("a file is read, a missing one is undefined, a file in place of a folder too", () => {
  writeFileSync(join(root, "a"), "content");
  expect(readFileIn(root, "/a", { limit: 100 })?.toString()).toBe("content");
  expect(readFileIn(root, "b", { limit: 100 })).toBeUndefined();
  expect(readFileIn(root, "a/b", { limit: 100 })).toBeUndefined();
});

test("dots and links end at the root", () => {
  mkdirSync(join(root, "etc"));
  symlinkSync("../../../secret", join(root, "etc/passwd"));
  symlinkSync(join(base, "secret"), join(root, "etc/group"));
  symlinkSync(base, join(root, "out"));
  for (const path of ["../secret", "../../secret", "etc/passwd", "etc/group", "out/secret", "etc/../../secret"]) {
    expect(readFileIn(root, path, { limit: 100 }), path).toBeUndefined();
  }
  writeFileSync(join(root, "secret"), "inside");
  for (const path of ["../secret", "etc/passwd", "etc/../../secret"]) {
    expect(readFileIn(root, path, { limit: 100 })?.toString(), path).toBe("inside");
  }
});

test("magic links are refused", () => {
  const fd = openRoot("/proc");
  try {
    expect(() => openIn(fd, `${process.pid}/root`, O_RDONLY)).toThrow(/ELOOP/);
    expect(() => openIn(fd, `${process.pid}/cwd/x`, O_RDONLY)).toThrow(/ELOOP/);
  } finally {
    closeSync(fd);
  }
});

test("a FIFO does not block, a folder and a device are refused, and so is more than the limit", () => {
  execFileSync("mkfifo", [join(root, "fifo")]);
  execFileSync("mknod", [join(root, "null"), "c", "1", "3"]);
  for (const path of ["fifo", "null", "."]) {
    expect(() => readFileIn(root, path, { limit: 100 }), path).toThrow("is not a regular file");
  }
  writeFileSync(join(root, "big"), "x".repeat(101));
  expect(() => readFileIn(root, "big", { limit: 100 })).toThrow("larger than 100 bytes");
  writeFileSync(join(root, "fits"), "x".repeat(100));
  expect(readFileIn(root, "fits", { limit: 100 })).toHaveLength(100);
});

test("a file that claims to be empty is limited too", () => {
  expect(() => readFileIn("/proc", "self/mountinfo", { limit: 10 })).toThrow("larger than 10 bytes");
});

test("a NUL in a name is refused, whatever comes after it", () => {
  expect(() => openIn(root, "a\0b", O_RDONLY)).toThrow("NUL");
});

test("folders are made with parents, mode and owner, whatever the umask", () => {
  const before = process.umask(0o077);
  try {
    makeDirIn(root, "/a/b/../c", 0o751, 12, 34);
  } finally {
    process.umask(before);
  }
  const stat = statSync(join(root, "a/c"));
  expect([stat.mode & 0o7777, stat.uid, stat.gid]).toEqual([0o751, 12, 34]);
  expect(readdirSync(join(root, "a")).sort()).toEqual(["b", "c"]);
  makeDirIn(root, "a/c", 0o700);
  expect(statSync(join(root, "a/c")).mode & 0o7777).toBe(0o751);
});

test("folders are made where dangling links point, inside the root", () => {
  symlinkSync("/var/run", join(root, "run"));
  symlinkSync(join("../../..", base, "deep"), join(root, "climb"));
  makeDirIn(root, "run/x/y");
  makeDirIn(root, "climb/z");
  expect(statSync(join(root, "var/run/x/y")).isDirectory()).toBe(true);
  expect(existsSync(join(base, "deep"))).toBe(false);
  expect(statSync(join(root, base, "deep/z")).isDirectory()).toBe(true);
});

test("link loops end in an error", () => {
  symlinkSync("two", join(root, "one"));
  symlinkSync("one", join(root, "two"));
  expect(() => makeDirIn(root, "one/x")).toThrow(/ELOOP/);
  expect(() => makeFileIn(root, "one")).toThrow(/ELOOP/);
});

test("a file in the way of a folder is ENOTDIR", () => {
  writeFileSync(join(root, "file"), "");
  expect(() => makeDirIn(root, "file/x")).toThrow(/ENOTDIR/);
  expect(() => makeDirIn(root, "file")).toThrow(/ENOTDIR/);
});

test("files are made with parents, through dangling links, and never truncated", () => {
  symlinkSync("/run/resolv.conf", join(root, "resolv.conf"));
  makeFileIn(root, "/etc/hosts", 0o640, 1, 2);
  makeFileIn(root, "resolv.conf");
  const stat = statSync(join(root, "etc/hosts"));
  expect([stat.mode & 0o7777, stat.uid, stat.gid, stat.size]).toEqual([0o640, 1, 2, 0]);
  expect(lstatSync(join(root, "run/resolv.conf")).isFile()).toBe(true);
  writeFileSync(join(root, "etc/hosts"), "kept");
  makeFileIn(root, "etc/hosts");
  expect(readFileIn(root, "etc/hosts", { limit: 10 })?.toString()).toBe("kept");
});

test("stat follows inside the root, lstat and readlink do not follow", () => {
  symlinkSync("/bin", join(root, "usr"));
  mkdirSync(join(root, "bin"));
  expect(lstatIn(root, "usr")?.isSymbolicLink()).toBe(true);
  expect(statIn(root, "usr")?.isDirectory()).toBe(true);
  expect(readlinkIn(root, "usr")).toBe("/bin");
  expect(readlinkIn(root, "bin")).toBeUndefined();
  expect(lstatIn(root, "nothing")).toBeUndefined();
});

test("folders made while somebody swaps the parent for a link never appear outside the root", async () => {
  const outside = join(base, "outside");
  for (const place of [outside, join(root, "real"), join(root, outside)]) mkdirSync(place, { recursive: true });
  symlinkSync(outside, join(root, "link"));
  // RENAME_EXCHANGE: at every moment one of the two is there, so that nothing made here gets in the swapper's way.
  const koffi = JSON.stringify(createRequire(import.meta.url).resolve("koffi"));
  const swap = `const libc = require(${koffi}).load("libc.so.6");
    const exchange = libc.func("int renameat2(int a, const char *b, int c, const char *d, unsigned int flags)");
    for (;;) exchange(-100, "real", -100, "link", 2);`;
  const swapper = spawn(process.execPath, ["-e", swap], { cwd: root, stdio: "ignore" });
  try {
    const places = [join(root, "real"), join(root, outside)];
    const seen = () => places.every((place) => existsSync(place) && readdirSync(place).length > 0);
    // Through the link the path leads to a folder of the same name inside the root; the race is on once both have filled.
    const deadline = Date.now() + 10_000;
    for (let i = 0; Date.now() < deadline && (i < 300 || !seen()); i++) {
      try {
        makeDirIn(root, `real/d${i}`);
        makeFileIn(root, `real/f${i}`);
      } catch {}
    }
  } finally {
    const ended = once(swapper, "exit");
    swapper.kill("SIGKILL");
    await ended;
  }
  expect(readdirSync(outside)).toEqual([]);
  expect(readdirSync(join(root, outside)).length).toBeGreaterThan(0);
});
