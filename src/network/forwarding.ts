import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const NET = "/proc/sys/net";

function read(path: string): string {
  try {
    return readFileSync(`${NET}/${path}`, "utf8").trim();
  } catch {
    return "";
  }
}

/** Writes a setting of the namespace that the thread is in; false where the kernel has none, or forbids it. */
export function writeSetting(path: string, value: string): boolean {
  try {
    writeFileSync(`${NET}/${path}`, value);
    return true;
  } catch {
    return false;
  }
}

/** Lets the host forward IPv4 packets; true where it did not before. */
export function forwardIpv4(): boolean {
  if (read("ipv4/ip_forward") === "1") return false;
  return writeSetting("ipv4/ip_forward", "1");
}

/** The same for IPv6. Interfaces that learn their routes from advertisements go on doing so. */
export function forwardIpv6(): boolean {
  if (read("ipv6/conf/all/forwarding") === "1") return false;
  for (const name of readdirSync(`${NET}/ipv6/conf`))
    if (read(`ipv6/conf/${name}/accept_ra`) === "1") writeSetting(`ipv6/conf/${name}/accept_ra`, "2");
  return writeSetting("ipv6/conf/all/forwarding", "1");
}

/** Whether frames between ports of a bridge can pass the firewall. */
export const filtersBridges = (): boolean => read("bridge/bridge-nf-call-iptables") !== "";
