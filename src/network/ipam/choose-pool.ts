import { BerthError } from "../../lib/index.ts";
import { bitsOf, needPrefix, overlaps, type Prefix } from "../address.ts";

/** A range of addresses out of which networks get subnets of `size` bits. */
export interface AddressPool {
  readonly base: string;
  readonly size: number;
}

/** Small subnets from the ranges where Docker's users expect them, and from a further one where those are taken. */
export const DEFAULT_POOLS: readonly AddressPool[] = [
  ...Array.from({ length: 15 }, (_, index) => ({ base: `172.${17 + index}.0.0/16`, size: 24 })),
  { base: "192.168.0.0/16", size: 24 },
  { base: "10.128.0.0/9", size: 24 },
];

/** A route of this length or less is a way to everywhere (VPNs split it in two), not a network in use. */
const DEFAULT_ROUTE = 1;
/** More subnets than anybody has; a bound on the search in a huge pool. */
const TRIES = 1 << 16;

/**
 * The first subnet of the pools that overlaps nothing in use: other networks and whatever the host routes. Pure. Fails
 * "exhausted" with Docker's text.
 */
export function choosePool(pools: readonly AddressPool[], family: 4 | 6, used: readonly Prefix[]): Prefix {
  const taken = used.filter((prefix) => prefix.family === family && prefix.length > DEFAULT_ROUTE);
  for (const { base, size } of pools) {
    const pool = needPrefix(base);
    if (pool.family !== family || size < pool.length) continue;
    const found = firstFree(pool, size, taken);
    if (found !== undefined) return found;
  }
  throw new BerthError("exhausted", "all predefined address pools have been fully subnetted", {
    hint: "give the network a --subnet, or the daemon more pools with --default-address-pool",
  });
}

function firstFree(pool: Prefix, size: number, taken: readonly Prefix[]): Prefix | undefined {
  const step = 1n << BigInt(bitsOf(pool.family) - size);
  const end = pool.base + (1n << BigInt(bitsOf(pool.family) - pool.length));
  const near = taken.filter((prefix) => overlaps(prefix, pool));
  let base = pool.base;
  for (let tries = 0; base < end && tries < TRIES; tries++) {
    const candidate = { family: pool.family, base, length: size };
    const hit = near.find((prefix) => overlaps(prefix, candidate));
    if (hit === undefined) return candidate;
    // Past what is in the way, on the next boundary.
    const past = hit.base + (1n << BigInt(bitsOf(hit.family) - hit.length));
    base = past <= base ? base + step : past + ((step - ((past - pool.base) % step)) % step);
  }
  return undefined;
}
