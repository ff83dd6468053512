import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkRoot, checkWorkingDirectory, mountPlaces } from "./root-check.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync("/var/tmp/berth-root-");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("an empty root and ordinary folders pass", () => {
  checkRoot(root);
  for (const name of ["proc", "sys", "dev"]) mkdirSync(join(root, name));
  checkRoot(root);
});

test.each(["proc", "sys", "dev"])("/%s as a link or a file is refused", (name) => {
  mkdirSync(join(root, "elsewhere"));
  symlinkSync("elsewhere", join(root, name));
  expect(() => checkRoot(root)).toThrow(`filesystem "${name}" must be mounted on ordinary directory`);
  rmSync(join(root, name));
  writeFileSync(join(root, name), "");
  expect(() => checkRoot(root)).toThrow("ordinary directory");
});

test("working directories among a process's descriptors are refused, by name and through links", () => {
  mkdirSync(join(root, "proc/self/fd/7"), { recursive: true });
  mkdirSync(join(root, "proc/1/task/1/cwd"), { recursive: true });
  symlinkSync("/proc/self/fd/7", join(root, "link"));
  symlinkSync("../../proc/1/task", join(root, "deep"));
  const paths = [
    "/proc/self/fd/7",
    "//proc//self/fd/9",
    "/link",
    "/deep/1/cwd",
    "/proc/thread-self/root",
    "/x/../link",
  ];
  mkdirSync(join(root, "x"));
  for (const path of paths) expect(() => checkWorkingDirectory(root, path), path).toThrow("leads out of the container");
});

test("a link to descriptors that are not there yet is refused, and so is a loop", () => {
  symlinkSync("../proc/self/./fd", join(root, "dangling"));
  symlinkSync("loop", join(root, "loop"));
  expect(() => checkWorkingDirectory(root, "/dangling/9")).toThrow("leads out of the container");
  expect(() => checkWorkingDirectory(root, "/loop/x")).toThrow("too many links");
});

test("nothing but procfs takes the place of /proc, and no volume that of devices", () => {
  symlinkSync("proc/self/attr", join(root, "attr"));
  symlinkSync("/dev", join(root, "d"));
  const refused = (type: "bind" | "volume" | "tmpfs", destination: string, source = "") =>
    expect(() => mountPlaces(root, [{ type, source, destination }]), destination);
  refused("volume", "/proc").toThrow('"/proc" cannot be mounted because it is not of type proc');
  refused("bind", "/proc", "/etc").toThrow("not of type proc");
  refused("volume", "/attr").toThrow('"/attr" cannot be mounted because it is inside /proc');
  refused("tmpfs", "/x/../proc/sys").toThrow("inside /proc");
  refused("volume", "/d/null").toThrow("holds devices");
  refused("volume", "/dev").toThrow("holds devices");
  symlinkSync("..", join(root, "up"));
  refused("bind", "/up", "/etc").toThrow("leads to the root");
  for (const destination of ["/proc/cpuinfo", "/dev/shm", "/sys", "/process", "/devices", "/srv/proc"])
    refused("volume", destination).not.toThrow();
  refused("bind", "/proc", "/proc").not.toThrow();
  refused("bind", "/dev", "/dev").not.toThrow();
});

test("other working directories pass, there or not", () => {
  mkdirSync(join(root, "proc/self"), { recursive: true });
  mkdirSync(join(root, "srv/proc/fd"), { recursive: true });
  for (const path of ["", "/", "/proc", "/proc/self", "/srv/proc/fd", "/nowhere", "/fd"])
    checkWorkingDirectory(root, path);
});

test("a mount goes where links lead inside the root, also to what is not there yet", () => {
  mkdirSync(join(root, "there"));
  symlinkSync("/etc/../nowhere/./x", join(root, "there/link"));
  symlinkSync("../../../there", join(root, "again"));
  const places = (...destinations: string[]) =>
    mountPlaces(
      root,
      destinations.map((destination) => ({ type: "bind", source: "/etc", destination })),
    );
  expect(places("/there/link/y", "/again/link", "/plain/z/", "/again")).toEqual([
    "/nowhere/x/y",
    "/nowhere/x",
    "/plain/z",
    "/there",
  ]);
});
