import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BerthError, invalid, messageOf, notFound, UndoStack, withTimeout } from "../lib/index.ts";
import type { NetworkCreateBody } from "../spec/api/index.ts";
import { listAddresses, listLinks, listRoutes, withNetlink } from "../system/netlink/index.ts";
import { needPrefix, type Prefix, parseAddress, prefixOf } from "./address.ts";
import { plainNetwork, planDefault, predefinedId, privatePool } from "./default-networks.ts";
import { ensureBridge, removeInterface } from "./drivers/bridge.ts";
import { checkChildLinkOptions, ensureParent, isLayer3 } from "./drivers/child-link.ts";
import { checkMac, macFor, type Plug, plugAll, reroute, sweepBridges, unplug, unplugInside } from "./endpoints.ts";
import { createFirewall, type Firewall } from "./firewall/firewall.ts";
import { closeOff, endIsolation, installIsolation, isolate, open } from "./firewall/isolation.ts";
import type { FirewallNetwork } from "./firewall/rules.ts";
import { filtersBridges, forwardIpv4, forwardIpv6 } from "./forwarding.ts";
import { type AddressBook, createAddressBook } from "./ipam/addresses.ts";
import {
  bridgeNameOf,
  DOCKER_OPTION,
  type Endpoint,
  mtuOf,
  type NetworkRecord,
  NO_ENDPOINT,
  optionOf,
  type PublishedPort,
} from "./network.ts";
import { planNetwork } from "./plan/plan-network.ts";
import { createPortBook, type PortBook } from "./ports/port-book.ts";
import { openNetworkRecords } from "./records.ts";
import type { NetworkSettings } from "./settings.ts";

/** Milliseconds after which an interface that is being removed is no longer listed. */
const GONE_FROM_SIGHT = 5;

export interface EndpointRequest {
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
  readonly mac?: string | undefined;
  /** Name of the interface in the container. */
  readonly inside: string;
}

/** The networks of an engine: their records, addresses, bridges and rules. Containers are the engine's. */
export interface Networking {
  readonly settings: NetworkSettings;
  list(): NetworkRecord[];
  get(id: string): NetworkRecord | undefined;
  /** By name, id or unique id prefix. Throws "not-found" with Docker's text. */
  find(ref: string): NetworkRecord;
  create(body: NetworkCreateBody): Promise<NetworkRecord>;
  /** The caller has seen that nothing uses it. */
  remove(network: NetworkRecord): Promise<void>;
  /** Addresses of a new endpoint; nothing in the kernel yet. */
  allocate(network: NetworkRecord, request: EndpointRequest): Endpoint;
  release(endpoint: Endpoint): void;
  /** Knows an endpoint that an earlier daemon has made. */
  claim(endpoint: Endpoint): void;
  /** Index of a network's bridge, made again where somebody took it away; 0 with other drivers. */
  bridgeOf(network: NetworkRecord): number;
  /** Gives a running process's namespace these interfaces, and its default routes; see `plugAll`. */
  plug(pid: number, plugs: readonly Plug[], gateways: readonly Endpoint[]): void;
  /** Points the default routes of a running container elsewhere. */
  reroute(pid: number, gateways: readonly Endpoint[]): void;
  /** Takes an interface away, from a container that runs or from one that has ended. */
  unplug(endpoint: Endpoint, pid?: number): Promise<void>;
  /** Interfaces on bridges of ours that belong to none of these endpoints are taken away. */
  sweep(known: readonly Endpoint[]): void;
  readonly ports: PortBook;
  publish(ports: readonly PublishedPort[]): Promise<void>;
  unpublish(ports: readonly PublishedPort[]): Promise<void>;
  /** Addresses that "host-gateway" stands for. */
  hostGateways(): string[];
  /** Puts the rules for everything that is known in force. */
  load(): Promise<void>;
  close(): void;
}

export interface NetworkingOptions {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly settings: NetworkSettings;
  /** The time as records have it. */
  now(): string;
  warn(message: string): void;
}

/** Opens the networks of a data root and sets up what the kernel lacks of them. What cannot be set up is reported. */
export async function openNetworking(options: NetworkingOptions): Promise<Networking> {
  const { dataRoot, settings, warn } = options;
  const records = await openNetworkRecords(dataRoot);
  const networks = new Map<string, NetworkRecord>();
  const books = new Map<string, AddressBook[]>();
  const bridges = new Map<string, number>();
  let firewall: Firewall | undefined;
  const ports = createPortBook();

  const add = (record: NetworkRecord) => {
    networks.set(record.id, record);
    if (!record.configOnly) books.set(record.id, record.subnets.map(bookOf));
  };
  const drop = (id: string) => {
    networks.delete(id);
    books.delete(id);
    bridges.delete(id);
  };
  const kernelUp = (record: NetworkRecord, undo: UndoStack): void => {
    if (record.driver === "macvlan" || record.driver === "ipvlan") {
      checkChildLinkOptions(record);
      withNetlink((netlink) => ensureParent(netlink, record));
    }
    if (record.driver !== "bridge" || record.configOnly) return;
    const mtu = mtuOf(record);
    const own = !(record.predefined && settings.bridge !== undefined);
    if (own) undo.push("remove the bridge", () => removeInterface(bridgeNameOf(record)));
    bridges.set(
      record.id,
      ensureBridge({
        name: bridgeNameOf(record),
        addresses: hostAddresses(record),
        ipv6: record.ipv6,
        own,
        ...(mtu === undefined ? {} : { mtu }),
      }),
    );
    if (settings.forward) {
      if (record.ipv4) forwardIpv4();
      if (record.ipv6) forwardIpv6();
    }
    if (settings.firewall) fence(record);
  };
  const forwards = settings.forward && turnedOn(join(options.execRoot, "forwarding"));
  if (settings.firewall) {
    firewall = createFirewall({
      closed: forwards && !settings.forwardAll,
      bridged: filtersBridges(),
      direct: settings.directRouting,
      warn,
    });
    try {
      withNetlink(installIsolation);
    } catch (error) {
      warn(`networks cannot be isolated: ${messageOf(error)}`);
    }
  }
  const routed = () => routedPrefixes();
  const going = new Map<string, Promise<void>>();
  /** The bridge is out of sight at once; the kernel then takes its time, which nobody has to wait for. */
  const takeAway = async (bridge: string) => {
    const removal = removeInterface(bridge)
      .catch((error: unknown) => warn(`bridge ${bridge}: ${messageOf(error)}`))
      .finally(() => going.delete(bridge));
    going.set(bridge, removal);
    await withTimeout(removal, GONE_FROM_SIGHT, () => undefined);
  };

  for (const name of ["none", "host"] as const) add(plainNetwork(dataRoot, name, options.now()));
  const stored = await records.load(warn);
  const defaultId = predefinedId(dataRoot, "bridge");
  for (const record of stored) if (record.id !== defaultId) add(record);
  if (settings.bridge !== "none") {
    const before = stored.find(({ id }) => id === defaultId);
    // What the bridge itself routes does not stand in its way.
    const around = before === undefined ? routed() : routed().filter((each) => !ownRoutes(before, each));
    const others = [...networks.values()].filter(({ configOnly }) => !configOnly);
    const record = planDefault(withOwnBridge(settings), {
      dataRoot,
      created: options.now(),
      before,
      others,
      routed: around,
    });
    add(record);
    if (JSON.stringify(record) !== JSON.stringify(before)) await records.save(record);
  }
  const inForce: FirewallNetwork[] = [];
  for (const record of networks.values()) {
    try {
      kernelUp(record, new UndoStack());
    } catch (error) {
      warn(`network ${record.name} is not set up: ${messageOf(error)}`);
    }
    if (record.driver === "bridge" && !record.configOnly) inForce.push(firewallNetwork(record));
  }
  firewall?.prime(inForce);

  const find = (ref: string): NetworkRecord => {
    const all = [...networks.values()];
    const exact = networks.get(ref) ?? all.find(({ name }) => name === ref);
    if (exact !== undefined) return exact;
    const matches = /^[0-9a-f]+$/.test(ref) ? all.filter(({ id }) => id.startsWith(ref)) : [];
    if (matches.length > 1)
      throw invalid(`network ${ref} is ambiguous (${matches.length} matches found based on ID prefix)`);
    if (matches[0] === undefined) throw notFound(`network ${ref} not found`);
    return matches[0];
  };

  return {
    settings,
    list: () => [...networks.values()],
    get: (id) => networks.get(id),
    find,
    async create(body) {
      const record = planNetwork(body, {
        id: randomBytes(32).toString("hex"),
        created: options.now(),
        networks: [...networks.values()],
        routed: routed(),
        pools: settings.pools,
        ipv6Pool: privatePool(dataRoot),
        defaultOptions: settings.defaultOptions,
      });
      const undo = new UndoStack();
      add(record);
      undo.push("forget the network", () => drop(record.id));
      try {
        await records.save(record);
        undo.push("remove the network's record", () => records.remove(record.id));
        await going.get(bridgeNameOf(record));
        kernelUp(record, undo);
        if (record.driver === "bridge" && !record.configOnly) await firewall?.addNetwork(firewallNetwork(record));
      } catch (error) {
        if (settings.firewall) unfence(record);
        for (const failure of await undo.unwind()) warn(failure.message);
        throw error;
      }
      undo.discard();
      return record;
    },
    async remove(record) {
      drop(record.id);
      if (record.driver === "bridge" && !record.configOnly) {
        await takeAway(bridgeNameOf(record));
        if (settings.firewall) unfence(record);
        await firewall?.removeNetwork(record.id);
      }
      await records.remove(record.id);
    },
    allocate(network, request) {
      const mine = books.get(network.id) ?? [];
      const take = (family: 4 | 6, wanted: string | undefined): { address: string; length: number } | undefined => {
        const candidates = mine.filter(({ subnet }) => subnet.family === family);
        if (candidates.length === 0) {
          if (wanted) throw invalid(`no configured subnet contains IP address ${wanted}`);
          return undefined;
        }
        const book = wanted ? bookFor(candidates, wanted) : candidates[0];
        return book && { address: book.take(wanted), length: book.subnet.length };
      };
      const v4 = network.ipv4 ? take(4, request.ipv4 || undefined) : undefined;
      let v6: ReturnType<typeof take>;
      try {
        v6 = network.ipv6 ? take(6, request.ipv6 || undefined) : undefined;
      } catch (error) {
        if (v4 !== undefined) for (const book of mine) book.release(v4.address);
        throw error;
      }
      const leads = !network.internal && !isLayer3(network);
      return {
        ...NO_ENDPOINT,
        id: randomBytes(32).toString("hex"),
        network: network.id,
        inside: request.inside,
        outside: network.driver === "bridge" ? `veth${randomBytes(4).toString("hex").slice(0, 7)}` : "",
        mac: request.mac ? checkMac(request.mac) : macFor(v4?.address ?? ""),
        ...(v4 && { ipv4: v4.address, ipv4Length: v4.length, gateway: leads ? gatewayOf(network, 4) : "" }),
        ...(v6 && { ipv6: v6.address, ipv6Length: v6.length, gateway6: leads ? gatewayOf(network, 6) : "" }),
      };
    },
    release(endpoint) {
      for (const book of books.get(endpoint.network) ?? [])
        for (const address of [endpoint.ipv4, endpoint.ipv6]) if (address !== "") book.release(address);
    },
    claim(endpoint) {
      for (const book of books.get(endpoint.network) ?? [])
        for (const address of [endpoint.ipv4, endpoint.ipv6]) if (address !== "") book.claim(address);
    },
    bridgeOf(network) {
      if (network.driver !== "bridge") return 0;
      if (!bridges.has(network.id)) kernelUp(network, new UndoStack());
      return bridges.get(network.id) ?? 0;
    },
    plug: plugAll,
    reroute,
    unplug: async (endpoint, pid) => (pid === undefined ? unplug(endpoint) : unplugInside(pid, endpoint)),
    sweep: (known) => sweepBridges(new Set(bridges.values()), new Set(known.map(({ outside }) => outside))),
    ports,
    publish: async (list) => {
      if (list.length > 0) await firewall?.addPorts(list);
    },
    unpublish: async (list) => {
      ports.release(list);
      if (list.length > 0) await firewall?.removePorts(list);
    },
    hostGateways() {
      if (settings.hostGateways.length > 0) return [...settings.hostGateways];
      const bridge = networks.get(defaultId);
      return bridge === undefined ? [] : hostAddresses(bridge).map(({ address }) => address);
    },
    load: async () => firewall?.load(),
    close: () => firewall?.close(),
  };
}

/** A bridge of the user's own brings its address with it. */
function withOwnBridge(settings: NetworkSettings): NetworkSettings {
  const { bridge, fixedCidr } = settings;
  if (bridge === undefined || fixedCidr !== undefined) return settings;
  const found = withNetlink((netlink) => {
    const link = listLinks(netlink).find(({ name }) => name === bridge);
    return listAddresses(netlink).find(({ index, address }) => index === link?.index && !address.includes(":"));
  });
  return found === undefined ? settings : { ...settings, bip: `${found.address}/${found.length}` };
}

/** Whether this daemon or an earlier one of this boot has turned forwarding on: then it sees to what else is forwarded. */
function turnedOn(mark: string): boolean {
  try {
    if (forwardIpv4()) writeFileSync(mark, "");
    return existsSync(mark);
  } catch {
    return false;
  }
}

function fence(record: NetworkRecord): void {
  withNetlink((netlink) => {
    isolate(netlink, subnetsOf(record));
    if (record.internal) closeOff(netlink, bridgeNameOf(record));
  });
}

function unfence(record: NetworkRecord): void {
  if (record.driver !== "bridge") return;
  withNetlink((netlink) => {
    endIsolation(netlink, subnetsOf(record));
    if (record.internal) open(netlink, bridgeNameOf(record));
  });
}

const subnetsOf = ({ subnets }: NetworkRecord) => subnets.map(({ Subnet: subnet = "" }) => subnet);

/** The host's addresses on a network's bridge. */
function hostAddresses({ subnets, options }: NetworkRecord): { address: string; length: number }[] {
  if (optionOf({ options }, DOCKER_OPTION.inhibitIpv4, false)) return [];
  return subnets.flatMap(({ Subnet: subnet = "", Gateway: gateway = "" }) =>
    gateway === "" ? [] : [{ address: gateway, length: needPrefix(subnet).length }],
  );
}

function gatewayOf(network: NetworkRecord, family: 4 | 6): string {
  const found = network.subnets.find(({ Gateway: gateway = "" }) => parseAddress(gateway)?.family === family);
  return found?.Gateway ?? "";
}

function bookOf({
  Subnet: subnet = "",
  IPRange: range,
  Gateway: gateway,
  AuxiliaryAddresses: auxiliary,
}: NetworkRecord["subnets"][number]): AddressBook {
  const reserved = [...(gateway ? [gateway] : []), ...Object.values(auxiliary ?? {})];
  return createAddressBook({ subnet: needPrefix(subnet), reserved, ...(range ? { range: needPrefix(range) } : {}) });
}

function bookFor(candidates: readonly AddressBook[], wanted: string): AddressBook {
  const address = parseAddress(wanted);
  if (address === undefined) throw invalid(`invalid IP address: ${wanted}`);
  const found = candidates.find(({ subnet }) => prefixOf(address, subnet.length).base === subnet.base);
  if (found === undefined)
    throw invalid(`invalid endpoint settings:\nno configured subnet contains IP address ${wanted}`);
  return found;
}

function firewallNetwork(record: NetworkRecord): FirewallNetwork {
  return {
    id: record.id,
    bridge: bridgeNameOf(record),
    internal: record.internal,
    icc: optionOf(record, DOCKER_OPTION.icc, true),
    masquerade: optionOf(record, DOCKER_OPTION.masquerade, true),
    subnets: subnetsOf(record),
    gateways: hostAddresses(record).map(({ address }) => address),
  };
}

const OWN_TABLES = new Set([4270, 4271]);

function routedPrefixes(): Prefix[] {
  try {
    return withNetlink((netlink) =>
      [...listRoutes(netlink).filter(({ table }) => !OWN_TABLES.has(table)), ...listAddresses(netlink)].flatMap(
        ({ address, length }) => {
          const parsed = parseAddress(address);
          return parsed === undefined ? [] : [prefixOf(parsed, length)];
        },
      ),
    );
  } catch (cause) {
    throw new BerthError("internal", "the host's routes cannot be read", { cause });
  }
}

function ownRoutes(record: NetworkRecord, route: Prefix): boolean {
  return record.subnets.some(({ Subnet: text = "" }) => {
    const subnet = needPrefix(text);
    return (
      subnet.family === route.family &&
      route.length >= subnet.length &&
      prefixOf({ family: route.family, value: route.base }, subnet.length).base === subnet.base
    );
  });
}
