import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { MountInfo } from "../../../system/index.ts";
import { checkPropagation } from "./propagation.ts";
import { prepareRoot, userIn } from "./root-file-system.ts";

let base = "";
let root = "";
beforeEach(() => {
  base = mkdtempSync("/dev/shm/berth-root-");
  root = join(base, "root");
  mkdirSync(join(root, "etc"), { recursive: true });
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

test("a root gets its marks and its working directory", () => {
  prepareRoot(root, "/srv/app");
  expect(lstatSync(join(root, ".dockerenv")).isFile()).toBe(true);
  expect(lstatSync(join(root, "etc/mtab")).isSymbolicLink()).toBe(true);
  expect(lstatSync(join(root, "srv/app")).isDirectory()).toBe(true);
});

test("links in the image lead nothing outside", () => {
  const outside = join(base, "outside");
  mkdirSync(outside);
  rmSync(join(root, "etc"), { recursive: true });
  symlinkSync(outside, join(root, "etc"));
  symlinkSync("../../../..", join(root, "up"));
  symlinkSync(outside, join(root, "work"));
  symlinkSync(join(outside, "made"), join(root, ".dockerenv"));
  prepareRoot(root, "/work/up/x");
  prepareRoot(root, `/up${outside}/y`);
  expect(execFileSync("find", [outside]).toString()).toBe(`${outside}\n`);
});

test("a working directory that is a file is refused", () => {
  writeFileSync(join(root, "file"), "");
  expect(() => prepareRoot(root, "/file")).toThrow("Cannot mkdir: /file is not a directory");
});

test("a root or a working directory that would lead a runtime outside is refused", () => {
  symlinkSync("/proc/self/fd", join(root, "work"));
  expect(() => prepareRoot(root, "/work/7")).toThrow("leads out of the container");
  rmSync(join(root, "proc"), { recursive: true });
  symlinkSync("etc", join(root, "proc"));
  expect(() => prepareRoot(root, "/")).toThrow('filesystem "proc" must be mounted on ordinary directory');
});

test("users are looked up inside the root; a FIFO in place of passwd blocks nothing", () => {
  writeFileSync(join(root, "etc/passwd"), "app:x:7:8::/app:/bin/sh\n");
  writeFileSync(join(root, "etc/group"), "more:x:9:app\n");
  expect(userIn(root, "app", [])).toEqual({ uid: 7, gid: 8, additionalGids: [8, 9], home: "/app" });
  rmSync(join(root, "etc/passwd"));
  symlinkSync("/etc/passwd", join(root, "etc/passwd"));
  expect(() => userIn(root, "root", [])).toThrow();
  rmSync(join(root, "etc/passwd"));
  execFileSync("mkfifo", [join(root, "etc/passwd")]);
  expect(() => userIn(root, "app", [])).toThrow("not a regular file");
  rmSync(join(root, "etc/passwd"));
  writeFileSync(join(root, "etc/passwd"), Buffer.alloc(5 * 1024 * 1024, "x"));
  expect(() => userIn(root, "app", [])).toThrow("larger than");
  expect(existsSync(join(root, "etc/passwd"))).toBe(true);
});

test("a propagation that the source's mount does not have is refused in Docker's words", () => {
  const mount = (mountPoint: string, optional: string[]) => ({ mountPoint, optional }) as unknown as MountInfo;
  const mounts = [
    mount("/", []),
    mount("/shared", ["shared:1"]),
    mount("/slave", ["master:1"]),
    mount("/sharedness", []),
  ];
  checkPropagation("/shared/x", "rshared", mounts);
  checkPropagation("/shared", "slave", mounts);
  checkPropagation("/slave/x", "rslave", mounts);
  checkPropagation("/x", "rprivate", mounts);
  expect(() => checkPropagation("/slave/x", "shared", mounts)).toThrow(
    "path /slave/x is mounted on /slave but it is not a shared mount",
  );
  expect(() => checkPropagation("/sharedness/y", "rslave", mounts)).toThrow(
    "path /sharedness/y is mounted on /sharedness but it is not a shared or slave mount",
  );
});
