import { parseSize } from "../../lib/text/index.ts";
import { builtin } from "../core/builtin.ts";
import { cut } from "../core/flag.ts";

/** Checks of single flag values, with Docker's texts. Each gives the value as the API takes it. */

export function validateAddHost(text: string): string {
  const separator = text.includes("=") ? "=" : ":";
  const [name, address] = cut(text, separator);
  if (address === undefined || name === "") throw new Error(`bad format for add-host: ${JSON.stringify(text)}`);
  const bare = /^\[.*\]$/.test(address) ? address.slice(1, -1) : address;
  if (bare !== "host-gateway" && builtin.isIP(bare) === 0)
    throw new Error(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  return `${name}:${bare}`;
}

export function validateAttach(text: string): string {
  const stream = text.toLowerCase();
  if (!["stdin", "stdout", "stderr"].includes(stream)) throw new Error("valid streams are STDIN, STDOUT and STDERR");
  return stream;
}

export function validateIpAddress(text: string): string {
  const address = text.trim();
  if (builtin.isIP(address) === 0) throw new Error(`IP address is not correctly formatted: ${text}`);
  return address;
}

export function validateDnsSearch(text: string): string {
  const domain = text.trim();
  if (domain === ".") return domain;
  const labels = domain.replace(/\.$/, "").split(".");
  const good =
    domain.length <= 255 && labels.every((label) => /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
  if (!good || !/[A-Za-z]/.test(domain)) throw new Error(`${text} is not a valid domain`);
  return domain;
}

/** A name alone takes the value that it has in this process's environment. */
export function validateEnv(text: string): string {
  const [name, value] = cut(text, "=");
  if (name === "") throw new Error(`invalid environment variable: ${text}`);
  if (value !== undefined) return text;
  const own = process.env[name];
  return own === undefined ? text : `${name}=${own}`;
}

export function validateLabel(text: string): string {
  const [name] = cut(text, "=");
  if (name.trim() === "") throw new Error(`invalid label '${text}': empty name`);
  if (/\s/.test(name)) throw new Error(`label '${name}' contains whitespaces`);
  return text;
}

export function validateLink(text: string): string {
  const parts = text.split(":");
  if (text === "" || parts.length > 2)
    throw new Error(text === "" ? "empty string specified for links" : `bad format for links: ${text}`);
  return text;
}

const SYSCTLS = new Set([
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
]);

export function validateSysctl(text: string): string {
  const [name, value] = cut(text, "=");
  const allowed =
    value !== undefined && (SYSCTLS.has(name) || name.startsWith("net.") || name.startsWith("fs.mqueue."));
  if (!allowed) throw new Error(`sysctl '${text}' is not allowed`);
  return text;
}

export function validateDeviceCgroupRule(text: string): string {
  if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(text))
    throw new Error(`invalid device cgroup format '${text}'`);
  return text;
}

function devicePath(text: string): [string, string] {
  const [path, value] = cut(text, ":");
  if (value === undefined || path === "") throw new Error(`bad format: ${text}`);
  if (!path.startsWith("/dev/")) throw new Error(`bad format for device path: ${text}`);
  return [path, value];
}

export function parseWeightDevice(text: string): { Path: string; Weight: number } {
  const [path, value] = devicePath(text);
  const weight = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (!(weight === 0 || (weight >= 10 && weight <= 1000))) throw new Error(`invalid weight for device: ${text}`);
  return { Path: path, Weight: weight };
}

export function parseBpsDevice(text: string): { Path: string; Rate: number } {
  const [path, value] = devicePath(text);
  try {
    return { Path: path, Rate: parseSize(value) };
  } catch {
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  }
}

export function parseIopsDevice(text: string): { Path: string; Rate: number } {
  const [path, value] = devicePath(text);
  if (!/^\d{1,15}$/.test(value)) {
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`,
    );
  }
  return { Path: path, Rate: Number(value) };
}

const ULIMITS = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" "),
);

export function parseUlimit(text: string): { Name: string; Hard: number; Soft: number } {
  const [name, value] = cut(text, "=");
  if (value === undefined) throw new Error(`invalid ulimit argument: ${text}`);
  if (!ULIMITS.has(name)) throw new Error(`invalid ulimit type: ${name}`);
  const limits = value.split(":");
  if (limits.length > 2)
    throw new Error(`too many limit value arguments - ${value}, can only have up to two, \`soft[:hard]\``);
  const [soft = 0, hard = soft] = limits.map(limitNumber);
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    const shown = soft === -1 ? "soft: -1 (unlimited), hard: " : `${soft} > `;
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${shown}${hard}`);
  }
  return { Name: name, Hard: hard, Soft: soft };
}

function limitNumber(text: string): number {
  if (!/^[+-]?\d{1,18}$/.test(text))
    throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
