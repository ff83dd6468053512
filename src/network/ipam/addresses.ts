import { BerthError, conflict, invalid } from "../../lib/index.ts";
import {
  type Address,
  bitsOf,
  formatAddress,
  contains as isIn,
  lastOf,
  type Prefix,
  parseAddress,
} from "../address.ts";

/** The addresses of one subnet: who may have which, and which are taken. In memory; a new daemon fills it again. */
export interface AddressBook {
  readonly subnet: Prefix;
  /** The lowest free address, or the wanted one. Fails with Docker's texts. */
  take(wanted?: string): string;
  /** Marks one as taken, whoever has it; false where it was. */
  claim(address: string): boolean;
  release(address: string): void;
  /** Addresses taken, gateway and reserved ones among them. */
  readonly taken: number;
}

export interface BookOptions {
  readonly subnet: Prefix;
  /** Where addresses are taken from unless one is wanted; the subnet unless given. */
  readonly range?: Prefix;
  /** Never handed out. */
  readonly reserved: readonly string[];
}

/** Addresses beyond this many are not looked through one by one. */
const SEARCH = 1 << 20;

export function createAddressBook({ subnet, range = subnet, reserved }: BookOptions): AddressBook {
  const used = new Set<bigint>();
  const numberOf = (text: string): bigint | undefined => {
    const address = parseAddress(text);
    return address !== undefined && isIn(subnet, address) ? address.value : undefined;
  };
  const forbidden = edgesOf(subnet);
  for (const text of reserved) {
    const value = numberOf(text);
    if (value !== undefined) used.add(value);
  }
  const isFree = (value: bigint) => !used.has(value) && !forbidden.has(value);
  const format = (value: bigint) => formatAddress({ family: subnet.family, value } satisfies Address);
  // Everything below has been handed out.
  let low = range.base;
  return {
    subnet,
    take(wanted) {
      if (wanted !== undefined) {
        const value = numberOf(wanted);
        if (value === undefined) throw invalid(`no configured subnet contains IP address ${wanted}`);
        if (!isFree(value)) throw new BerthError("conflict", "Address already in use");
        used.add(value);
        return format(value);
      }
      const end = lastOf(range);
      for (let value = low, tries = 0; value <= end && tries < SEARCH; value++, tries++) {
        if (!isFree(value)) continue;
        low = value + 1n;
        used.add(value);
        return format(value);
      }
      throw conflict(
        "no available IPv4 addresses on this network's address pools".replace("IPv4", `IPv${subnet.family}`),
      );
    },
    claim(address) {
      const value = numberOf(address);
      if (value === undefined || used.has(value)) return false;
      used.add(value);
      return true;
    },
    release(address) {
      const value = numberOf(address);
      if (value === undefined || !used.delete(value)) return;
      if (value < low && value >= range.base) low = value;
    },
    get taken() {
      return used.size;
    },
  };
}

/** A subnet's own address and, with IPv4, its broadcast address. */
function edgesOf(subnet: Prefix): Set<bigint> {
  const size = bitsOf(subnet.family) - subnet.length;
  if (size < 2) return new Set();
  return new Set(subnet.family === 4 ? [subnet.base, lastOf(subnet)] : [subnet.base]);
}
