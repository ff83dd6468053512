import { invalid } from "../../lib/index.ts";
import { CAPABILITIES } from "../../system/index.ts";

/** What a container may do unless it is told otherwise: Docker's list, in its order. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

const ALL = "ALL";

/**
 * Names as a user gives them ("sys_admin", "CAP_SYS_ADMIN", "all"), in their full form. Throws "invalid" with Docker's
 * text for a name that nobody knows, and for one that this machine cannot give (`available`); `field` is the member of
 * the request that they come from.
 */
export function normalizeCapabilities(
  field: "CapAdd" | "CapDrop",
  names: readonly string[],
  available: readonly string[],
): string[] {
  return names.map((name) => {
    const upper = name.toUpperCase();
    if (upper === ALL) return ALL;
    const full = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
    if (!CAPABILITIES.includes(full)) throw invalid(`invalid ${field}: unknown capability: ${JSON.stringify(full)}`);
    if (!available.includes(full)) {
      throw invalid(
        `invalid ${field}: capability not supported by your kernel or not available in the current environment: ${JSON.stringify(full)}`,
      );
    }
    return full;
  });
}

export interface CapabilityWishes {
  add: readonly string[];
  drop: readonly string[];
  privileged: boolean;
}

/** The capabilities of a container: Docker's rules for --privileged, --cap-add and --cap-drop. */
export function capabilitiesFor(wishes: CapabilityWishes, available: readonly string[]): string[] {
  if (wishes.privileged) return [...available];
  const add = normalizeCapabilities("CapAdd", wishes.add, available);
  const drop = normalizeCapabilities("CapDrop", wishes.drop, available);
  if (add.includes(ALL)) return available.filter((name) => !drop.includes(name));
  if (drop.includes(ALL)) return [...new Set(add)];
  const kept = DEFAULT_CAPABILITIES.filter((name) => !drop.includes(name));
  return [...new Set([...kept, ...add])];
}
