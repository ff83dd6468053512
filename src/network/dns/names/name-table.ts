import { invalid } from "../../../lib/index.ts";
import { addressBytes } from "../../../lib/ip/index.ts";
import { addressKey } from "./address.ts";

/** What an endpoint is called on its network. */
export interface EndpointNames {
  /**
   * The container's name first, which reverse look-ups give, then short id, host name, aliases and service names, in any
   * case. Several endpoints may have the same name: its addresses are given in turn.
   */
  readonly names: readonly string[];
  /** IPv4 and IPv6, without prefix lengths. */
  readonly addresses: readonly string[];
}

/** Everyone who has a name, by address family. A name may have no address of one family, or none at all. */
export interface NameRecord {
  readonly v4: readonly Uint8Array[];
  readonly v6: readonly Uint8Array[];
  /** The addresses of one or both families, beginning one further with each call. */
  inTurn(families: "v4" | "v6" | "both"): readonly Uint8Array[];
}

/** Who is called what on one network, in memory: whoever owns the endpoints fills it again after a restart. */
export interface NameTable {
  /** The network's name, lower case, in the form of keys. */
  readonly network: string;
  /** Puts an endpoint's names in place of those that it had. Throws "invalid" for an address that is none. */
  set(endpoint: string, names: EndpointNames): void;
  delete(endpoint: string): void;
  /** `name` in the form of `nameKey`. */
  lookup(name: string): NameRecord | undefined;
  /** The first name of the endpoint with this address. */
  reverse(address: Uint8Array): string | undefined;
}

interface Entry {
  readonly keys: readonly string[];
  readonly first: string;
  readonly v4: readonly Uint8Array[];
  readonly v6: readonly Uint8Array[];
}

/** A name as it is looked up: lower case, no dot at the end, one char for each byte of its UTF-8. */
export function nameKey(name: string): string {
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  return Buffer.from(bare.toLowerCase()).toString("latin1");
}

export function createNameTable(network: string): NameTable {
  const entries = new Map<string, Entry>();
  const byName = new Map<string, Set<string>>();
  const byAddress = new Map<string, Set<string>>();
  const records = new Map<string, NameRecord>();

  const remove = (endpoint: string) => {
    const entry = entries.get(endpoint);
    if (entry === undefined) return;
    entries.delete(endpoint);
    for (const key of entry.keys) {
      drop(byName, key, endpoint);
      records.delete(key);
    }
    for (const bytes of [...entry.v4, ...entry.v6]) drop(byAddress, addressKey(bytes), endpoint);
  };
  const make = (key: string) => {
    const owners = byName.get(key);
    if (owners === undefined) return undefined;
    const found = [...owners].flatMap((endpoint) => entries.get(endpoint) ?? []);
    const record = nameRecord(distinct(found.flatMap(({ v4 }) => v4)), distinct(found.flatMap(({ v6 }) => v6)));
    records.set(key, record);
    return record;
  };

  return {
    network: nameKey(network),
    set(endpoint, names) {
      const entry = entryOf(names);
      remove(endpoint);
      entries.set(endpoint, entry);
      for (const key of entry.keys) {
        put(byName, key, endpoint);
        records.delete(key);
      }
      for (const bytes of [...entry.v4, ...entry.v6]) put(byAddress, addressKey(bytes), endpoint);
    },
    delete: remove,
    lookup: (name) => records.get(name) ?? make(name),
    reverse(address) {
      const [endpoint] = byAddress.get(addressKey(address)) ?? [];
      return endpoint === undefined ? undefined : entries.get(endpoint)?.first;
    },
  };
}

function entryOf({ names, addresses }: EndpointNames): Entry {
  const bytes = addresses.map((address) => addressBytes(address) ?? refuse(address));
  return {
    keys: [...new Set(names.map(nameKey))].filter((key) => key !== ""),
    first: nameKey(names[0] ?? ""),
    v4: bytes.filter(({ length }) => length === 4),
    v6: bytes.filter(({ length }) => length === 16),
  };
}

function nameRecord(v4: readonly Uint8Array[], v6: readonly Uint8Array[]): NameRecord {
  const lists = { v4, v6, both: [...v4, ...v6] };
  let turn = 0;
  return {
    v4,
    v6,
    inTurn(families) {
      const list = lists[families];
      if (list.length < 2) return list;
      turn++;
      const from = turn % list.length;
      return from === 0 ? list : [...list.slice(from), ...list.slice(0, from)];
    },
  };
}

const distinct = (list: readonly Uint8Array[]) => [
  ...new Map(list.map((bytes): [string, Uint8Array] => [addressKey(bytes), bytes])).values(),
];

function put(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}

function drop(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  set?.delete(value);
  if (set?.size === 0) map.delete(key);
}

function refuse(address: string): never {
  throw invalid(`invalid IP address: ${address}`);
}
