import { invalid } from "../../lib/index.ts";
import type { DeviceMapping, HostConfig } from "../../spec/api/index.ts";
import { codeOf, type DeviceNode, deviceOf, devicesBelow, hostDevices } from "../../system/index.ts";
import type { BlockDevices, ResolvedDevices } from "./input.ts";
import type { OciDevice, OciDeviceRule } from "./oci.ts";
import { blockDevicePaths } from "./resources.ts";

const allowChar = (major: number, minor: number): OciDeviceRule => ({
  allow: true,
  type: "c",
  major,
  minor,
  access: "rwm",
});

/** Nothing, then zero, null, urandom, random, tty and console; never fuse. Pseudo-terminals are the runtime's to add. */
export const DEFAULT_DEVICE_RULES: readonly OciDeviceRule[] = [
  { allow: false, access: "rwm" },
  allowChar(1, 5),
  allowChar(1, 3),
  allowChar(1, 9),
  allowChar(1, 8),
  allowChar(5, 0),
  allowChar(5, 1),
  { ...allowChar(10, 229), allow: false },
];

const RULE = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/;
const MAX_NUMBER = 2 ** 32 - 1;

/** Parses one --device-cgroup-rule ("c 10:* rwm"). Throws "invalid" with Docker's text. */
export function parseDeviceRule(text: string): OciDeviceRule {
  const match = RULE.exec(text);
  const [, type, major = "", minor = "", access = ""] = match ?? [];
  if (type !== "a" && type !== "c" && type !== "b") throw invalid(`invalid device cgroup rule format: '${text}'`);
  if (Number(major) > MAX_NUMBER) throw invalid(`invalid major value in device cgroup rule format: '${text}'`);
  if (Number(minor) > MAX_NUMBER) throw invalid(`invalid minor value in device cgroup rule format: '${text}'`);
  // A number left out stands for all of them; Docker's -1 is not understood by every runtime.
  return {
    allow: true,
    type,
    ...(major !== "*" && { major: Number(major) }),
    ...(minor !== "*" && { minor: Number(minor) }),
    access,
  };
}

function toOci(node: DeviceNode, path: string): OciDevice {
  const { type, major, minor, mode, uid, gid } = node;
  return { path, type, major, minor, fileMode: mode, uid, gid };
}

const REASONS: Record<string, string> = {
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  EACCES: "permission denied",
  ELOOP: "too many levels of symbolic links",
  ENAMETOOLONG: "file name too long",
};

function refuse(mapping: DeviceMapping, reason: string): Error {
  const path = JSON.stringify(mapping.PathOnHost);
  return invalid(`error gathering device information while adding custom device ${path}: ${reason}`);
}

/** The device at the mapping's path, or, where that is a directory, all devices below it. */
function devicesFor(mapping: DeviceMapping): OciDevice[] {
  const { PathOnHost: host, PathInContainer: inside } = mapping;
  let node: DeviceNode | undefined;
  try {
    node = deviceOf(host);
  } catch (error) {
    throw refuse(mapping, REASONS[codeOf(error) ?? ""] ?? String(error));
  }
  if (node !== undefined) return [toOci(node, inside === "" ? host : inside)];
  const top = host.replace(/\/+$/, "");
  const place = inside.replace(/\/+$/, "") || top;
  const below = nodesBelow(top || "/").map((found) => toOci(found, place + found.path.slice(top.length)));
  if (below.length === 0) throw refuse(mapping, "not a device node");
  return below;
}

function nodesBelow(path: string): DeviceNode[] {
  try {
    return devicesBelow(path);
  } catch (error) {
    if (codeOf(error) === "ENOTDIR") return [];
    throw error;
  }
}

const ACCESS = /^[rwm]{1,3}$/;

function accessOf(mapping: DeviceMapping): string {
  const access = mapping.CgroupPermissions === "" ? "rwm" : mapping.CgroupPermissions;
  if (!ACCESS.test(access)) throw invalid(`invalid device mode: ${access}`);
  return access;
}

/**
 * Finds the devices that a container is to have, by HostConfig.Devices, DeviceCgroupRules and Privileged. Throws
 * "invalid" with Docker's text for a path that holds none.
 */
export function resolveDevices(config: HostConfig): ResolvedDevices {
  const mappings = config.Devices ?? [];
  if (config.Privileged) {
    const extra = mappings.filter((mapping) => mapping.PathOnHost !== mapping.PathInContainer);
    const own = hostDevices().map((node) => toOci(node, node.path));
    return { devices: [...own, ...extra.flatMap(devicesFor)], rules: [{ allow: true, access: "rwm" }] };
  }
  const devices: OciDevice[] = [];
  const rules: OciDeviceRule[] = [];
  for (const mapping of mappings) {
    const access = accessOf(mapping);
    for (const device of devicesFor(mapping)) {
      devices.push(device);
      const type = device.type === "b" ? "b" : "c";
      rules.push({ allow: true, type, major: device.major, minor: device.minor, access });
    }
  }
  return {
    devices,
    rules: [...DEFAULT_DEVICE_RULES, ...rules, ...(config.DeviceCgroupRules ?? []).map(parseDeviceRule)],
  };
}

/** Looks up the block devices that limits name. Throws "invalid" with Docker's text for a path without one. */
export function resolveBlockDevices(config: HostConfig): BlockDevices {
  const found = new Map<string, { major: number; minor: number }>();
  for (const path of blockDevicePaths(config)) {
    try {
      const node = deviceOf(path);
      if (node === undefined) throw invalid(`${path} is not a block device`);
      found.set(path, { major: node.major, minor: node.minor });
    } catch (error) {
      const reason = REASONS[codeOf(error) ?? ""];
      throw reason === undefined ? error : invalid(`stat ${path}: ${reason}`, { cause: error });
    }
  }
  return found;
}
