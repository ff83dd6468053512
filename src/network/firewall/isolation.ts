import { addRoute, addRule, type Netlink, removeRoute, removeRule } from "../../system/netlink/index.ts";
import { PERMITTED } from "./rules.ts";

/**
 * Isolation that stands without a firewall: routing. What the rules of the firewall have not marked as permitted, and what
 * the host itself did not send, finds in place of the way to a container a refusal. So a firewall that somebody has
 * flushed permits less, never more.
 */

const TABLE = 4270;
const FIRST = 4270;
const [SKIP, REFUSE, END] = [FIRST, FIRST + 1, FIRST + 2];
/** From here on, one rule for each internal network: nothing that comes out of it is forwarded. */
const NO_WAY_OUT = 4271;
const INTERNAL_PRIORITY = FIRST + 3;

const families = [4, 6] as const;

/** Puts the rules in force; those that are there stay. The host's own packets and permitted ones go past the refusals. */
export function installIsolation(netlink: Netlink): void {
  for (const family of families)
    netlink.attempt(
      addRule({ family, priority: END, action: "go on" }),
      addRule({ family, priority: SKIP, iif: "lo", action: { goto: END } }),
      addRule({ family, priority: REFUSE, mark: PERMITTED, invert: true, action: { table: TABLE } }),
      addRoute({ family, table: NO_WAY_OUT, prohibit: true }),
    );
}

const cidr = (text: string) => {
  const [address = "", length] = text.split("/", 2);
  return { address, length: Number(length) };
};

/** What is sent to these prefixes without permission is refused. */
export function isolate(netlink: Netlink, subnets: readonly string[]): void {
  netlink.execute(...subnets.map((subnet) => addRoute({ to: cidr(subnet), table: TABLE, prohibit: true })));
}

export function endIsolation(netlink: Netlink, subnets: readonly string[]): void {
  netlink.attempt(...subnets.map((subnet) => removeRoute({ to: cidr(subnet), table: TABLE, prohibit: true })));
}

const wall = (bridge: string) =>
  families.map(
    (family) => ({ family, priority: INTERNAL_PRIORITY, iif: bridge, action: { table: NO_WAY_OUT } }) as const,
  );

/** Nothing that comes out of this bridge is forwarded. */
export function closeOff(netlink: Netlink, bridge: string): void {
  // A rule that is there already would be added a second time by some kernels.
  netlink.attempt(...wall(bridge).map(removeRule));
  netlink.attempt(...wall(bridge).map(addRule));
}

export function open(netlink: Netlink, bridge: string): void {
  netlink.attempt(...wall(bridge).map(removeRule));
}
