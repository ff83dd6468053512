import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DeviceMapping } from "../../spec/api/index.ts";
import { DEFAULT_DEVICE_RULES, parseDeviceRule, resolveBlockDevices, resolveDevices } from "./devices.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync("/var/tmp/berth-devices-");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const device = (PathOnHost: string, PathInContainer = PathOnHost, CgroupPermissions = "rwm"): DeviceMapping => ({
  PathOnHost,
  PathInContainer,
  CgroupPermissions,
});
const root = process.getuid?.() === 0;

test("a device by its path, and by a link to it", () => {
  symlinkSync("/dev/zero", join(dir, "link"));
  const found = resolveDevices({ Devices: [device("/dev/null", "/dev/x", "r"), device(join(dir, "link"), "/dev/y")] });
  expect(found.devices).toEqual([
    { path: "/dev/x", type: "c", major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 },
    { path: "/dev/y", type: "c", major: 1, minor: 5, fileMode: 0o666, uid: 0, gid: 0 },
  ]);
  expect(found.rules.slice(DEFAULT_DEVICE_RULES.length)).toEqual([
    { allow: true, type: "c", major: 1, minor: 3, access: "r" },
    { allow: true, type: "c", major: 1, minor: 5, access: "rwm" },
  ]);
});

test.skipIf(!root)("a folder stands for all devices below it, and links in it for none", () => {
  mkdirSync(join(dir, "sub"));
  execFileSync("mknod", [join(dir, "sub/b"), "b", "300", "70000"]);
  execFileSync("mknod", [join(dir, "a"), "c", "1", "3"]);
  writeFileSync(join(dir, "file"), "");
  symlinkSync("/dev/zero", join(dir, "link"));
  const found = resolveDevices({ Devices: [device(`${dir}/`, "/dev/all", "rw")] });
  expect(found.devices.map(({ path, type, major, minor }) => [path, type, major, minor])).toEqual([
    ["/dev/all/a", "c", 1, 3],
    ["/dev/all/sub/b", "b", 300, 70000],
  ]);
  expect(found.rules.slice(-2).map((rule) => [rule.type, rule.access])).toEqual([
    ["c", "rw"],
    ["b", "rw"],
  ]);
});

describe("what is no device is refused in Docker's words", () => {
  const start = 'error gathering device information while adding custom device "';
  test.each([
    ["/nonexistent", "no such file or directory"],
    ["/etc/passwd", "not a device node"],
    ["/etc/passwd/x", "not a directory"],
  ])("%s", (path, reason) => {
    expect(() => resolveDevices({ Devices: [device(path)] })).toThrow(`${start}${path}": ${reason}`);
  });

  test("an empty folder, a loop and a wrong access", () => {
    symlinkSync("loop", join(dir, "loop"));
    expect(() => resolveDevices({ Devices: [device(dir)] })).toThrow("not a device node");
    expect(() => resolveDevices({ Devices: [device(join(dir, "loop"))] })).toThrow("too many levels of symbolic links");
    expect(() => resolveDevices({ Devices: [device("/dev/null", "/dev/null", "rwx")] })).toThrow("rwx");
  });
});

test("privileged: the machine's devices, all access, and what is mapped elsewhere", () => {
  const { devices, rules } = resolveDevices({
    Privileged: true,
    Devices: [device("/dev/null", "/dev/x", "r"), device("/dev/zero")],
    DeviceCgroupRules: ["c 1:* rm"],
  });
  expect(rules).toEqual([{ allow: true, access: "rwm" }]);
  const paths = devices.map((found) => found.path);
  expect(paths).toContain("/dev/x");
  expect(paths.filter((path) => path === "/dev/zero")).toHaveLength(1);
  expect(paths.some((path) => path.startsWith("/dev/pts/") || path.startsWith("/dev/shm/"))).toBe(false);
  expect(paths).not.toContain("/dev/console");
});

test("rules of the devices cgroup", () => {
  expect(parseDeviceRule("c 10:* rwm")).toEqual({ allow: true, type: "c", major: 10, access: "rwm" });
  expect(parseDeviceRule("a *:* r")).toEqual({ allow: true, type: "a", access: "r" });
  for (const text of ["", "c 10:*", "c 10:* x", "d 1:1 r", "c -1:1 r", "c 1:1 rwmr", "c 1:1 r\n"]) {
    expect(() => parseDeviceRule(text), text).toThrow(`invalid device cgroup rule format: '${text}'`);
  }
  expect(() => parseDeviceRule("c 99999999999:1 r")).toThrow("invalid major value");
});

test("block devices of limits", () => {
  expect(resolveBlockDevices({ BlkioDeviceReadBps: [{ Path: "/dev/null", Rate: 1 }] }).get("/dev/null")).toEqual({
    major: 1,
    minor: 3,
  });
  expect(() => resolveBlockDevices({ BlkioDeviceReadIOps: [{ Path: "/dev/none", Rate: 1 }] })).toThrow(
    "stat /dev/none: no such file or directory",
  );
  expect(() => resolveBlockDevices({ BlkioDeviceReadIOps: [{ Path: "/etc/passwd", Rate: 1 }] })).toThrow(
    "/etc/passwd is not a block device",
  );
});
