import { cpus, hostname, release, totalmem, version } from "node:os";
import { readOptional } from "./cgroup/index.ts";

/** What `info` and `version` say about the host. Memory in bytes. */
export interface HostInfo {
  hostname: string;
  kernelVersion: string;
  kernelBuild: string;
  /** PRETTY_NAME of os-release, "Linux" without one. */
  operatingSystem: string;
  osVersion: string;
  memory: number;
  cpus: number;
}

/** Parses an os-release file (os-release(5)): unquoted values by key. */
export function parseOsRelease(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const match = /^([A-Z0-9_]+)=(.*)$/.exec(line.trim());
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const quoted = /^(["'])(.*)\1$/.exec(match[2]);
    found[match[1]] = (quoted?.[2] ?? match[2]).replace(/\\(["'$`\\])/g, "$1");
  }
  return found;
}

/** Reads what is known of the host now. */
export function readHostInfo(): HostInfo {
  const system = parseOsRelease(readOptional("/etc/os-release") ?? readOptional("/usr/lib/os-release") ?? "");
  return {
    hostname: hostname(),
    kernelVersion: release(),
    kernelBuild: version(),
    operatingSystem: system.PRETTY_NAME ?? "Linux",
    osVersion: system.VERSION_ID ?? "",
    memory: totalmem(),
    cpus: cpus().length,
  };
}
