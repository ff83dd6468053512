import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Step } from "./step.ts";
import type { StepNetwork } from "./step-network.ts";
import type { StepPlace } from "./step-place.ts";

/** What BuildKit calls every step's host: the same everywhere, because steps write it into what they build. */
export const HOSTNAME = "buildkitsandbox";

/** Writes the step's hosts and resolv.conf. They are bound read-only over the root's own. */
export function writeEtcFiles(
  place: StepPlace,
  step: Step,
  network: StepNetwork,
): { source: string; target: string }[] {
  const files = {
    "/etc/hosts": hostsText(step.hostname ?? HOSTNAME, step.hosts ?? [], network),
    "/etc/resolv.conf": network.resolvConf(step.network),
  };
  return Object.entries(files).map(([target, text]) => {
    const source = join(place.folder, target.slice("/etc/".length));
    writeFileSync(source, text, { mode: 0o644 });
    return { source, target };
  });
}

/** No address of the step's own is in it, as with BuildKit. */
function hostsText(hostname: string, hosts: readonly string[], network: StepNetwork): string {
  const added = hosts.flatMap((entry) => {
    const at = entry.search(/[:=]/);
    const name = entry.slice(0, Math.max(0, at));
    const address = entry.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
    const addresses = address === "host-gateway" ? network.hostGateways() : [address];
    return addresses.map((each) => `${each}\t${name}\n`);
  });
  return [`127.0.0.1\tlocalhost ${hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n`, ...added].join("");
}
