import { readFileSync, statSync } from "node:fs";
import type { Upstreams } from "../names/index.ts";
import { upstreamsOf } from "./container-resolv-conf.ts";
import { parseResolvConf } from "./resolv-conf.ts";

const HOST_FILE = "/etc/resolv.conf";
/** Where systemd-resolved keeps the servers behind its own 127.0.0.53. */
const RESOLVED_FILE = "/run/systemd/resolve/resolv.conf";
const sizeLimit = 64 * 1024;
const checkEveryMs = 1000;

/** What the host's resolv.conf says now. */
export interface HostResolver {
  /**
   * The text to make a container's file from. For one whose servers the container asks itself (`ownServers`), the file
   * behind systemd-resolved's stub, if that is all the host has.
   */
  text(ownServers: boolean): string;
  /** The host's servers, read anew within a second after the file changes: a VPN that comes up counts at once. */
  upstreams(): Omit<Upstreams, "external">;
}

export function createHostResolver(path = HOST_FILE, behindStub = RESOLVED_FILE): HostResolver {
  let checked = Number.NEGATIVE_INFINITY;
  let version = "none";
  let known = upstreamsOf(parseResolvConf(""), "host");
  return {
    text(ownServers) {
      const text = read(path);
      const { servers } = parseResolvConf(text);
      const isStub = servers.length === 1 && servers[0] === "127.0.0.53";
      return ownServers && isStub ? read(behindStub) || text : text;
    },
    upstreams() {
      const now = performance.now();
      if (now - checked < checkEveryMs) return known;
      checked = now;
      const seen = versionOf(path);
      if (seen !== version) known = upstreamsOf(parseResolvConf(read(path)), "host");
      version = seen;
      return known;
    },
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").slice(0, sizeLimit);
  } catch {
    return "";
  }
}

function versionOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? "missing" : `${found.ino} ${found.mtimeNs} ${found.size}`;
}
