import { PERMITTED } from "./rules.ts";

/**
 * Chains of other firewalls that end in a refusal of everything they do not know. A verdict of ours does not count there,
 * so that what we have marked is let through by one rule at their head. Pure.
 */

export interface OtherChain {
  readonly family: "ip" | "ip6" | "inet";
  readonly table: string;
  readonly name: string;
}

/** iptables (a real Docker, ufw) and firewalld. */
export const otherChains: readonly OtherChain[] = [
  { family: "ip", table: "filter", name: "FORWARD" },
  { family: "ip6", table: "filter", name: "FORWARD" },
  { family: "inet", table: "firewalld", name: "filter_FORWARD" },
];

const MARK = `0x${PERMITTED.toString(16)}`;

/** The rule to insert, or undefined where the chain refuses nothing or the rule is its first already. */
export function admitScript({ family, table, name }: OtherChain, listing: string): string | undefined {
  const [head = "", ...rules] = listing
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && line !== "}" && !/^(table|chain) /.test(line));
  const refuses = /policy drop/.test(head) || rules.some((rule) => /\b(drop|reject|jump|goto)\b/.test(rule));
  if (!refuses || rules[0]?.includes("meta mark &") || rules[0]?.includes(MARK)) return undefined;
  return `insert rule ${family} ${table} ${name} meta mark & ${MARK} == ${MARK} counter accept\n`;
}
