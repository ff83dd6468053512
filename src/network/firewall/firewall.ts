import { createQueue, messageOf } from "../../lib/index.ts";
import { type Nft, type NftWatch, openNft, watchNft } from "../../system/netlink/index.ts";
import type { PublishedPort } from "../network.ts";
import { admitScript, otherChains } from "./neighbours.ts";
import {
  elementScript,
  type FirewallNetwork,
  type FirewallState,
  fullScript,
  networkElements,
  portElements,
  TABLE,
} from "./rules.ts";

/**
 * Berth's own table of nftables. Each change is one transaction; what somebody else takes out of the table is put back as
 * soon as the kernel tells of it.
 */
export interface Firewall {
  addNetwork(network: FirewallNetwork): Promise<void>;
  removeNetwork(id: string): Promise<void>;
  /** Rejects where one of them cannot be added; then none is. */
  addPorts(ports: readonly PublishedPort[]): Promise<void>;
  removePorts(ports: readonly PublishedPort[]): Promise<void>;
  /** Knows these networks from now on; `load` puts them in force. */
  prime(networks: readonly FirewallNetwork[], ports?: readonly PublishedPort[]): void;
  /** Puts everything in force as a whole. */
  load(): Promise<void>;
  close(): void;
}

export type FirewallOptions = Omit<FirewallState, "networks" | "ports"> & { readonly warn: (message: string) => void };

type Element = readonly [string, string];
const keyOf = ([set, element]: Element) => `${set} ${element}`;
/** Milliseconds after the last change of somebody else's chains before they are looked at. */
const QUIET = 100;

export function createFirewall(options: FirewallOptions): Firewall {
  const networks = new Map<string, FirewallNetwork>();
  const ports = new Set<PublishedPort>();
  const counts = new Map<string, number>();
  const queue = createQueue();
  let nft: Nft | undefined;
  let watch: NftWatch | undefined;
  let loaded = false;
  let timer: NodeJS.Timeout | undefined;

  const elementsOf = (port: PublishedPort): Element[] => {
    const network = networks.get(port.network);
    return network === undefined ? [] : portElements(port, network.bridge, network.gateways);
  };
  const count = (list: readonly Element[], by: 1 | -1): Element[] =>
    list.filter((each) => {
      const before = counts.get(keyOf(each)) ?? 0;
      if (before + by === 0) counts.delete(keyOf(each));
      else counts.set(keyOf(each), before + by);
      return by === 1 ? before === 0 : before === 1;
    });

  const open = (): Nft => {
    nft ??= openNft();
    watch ??= startWatch();
    return nft;
  };
  const startWatch = (): NftWatch | undefined => {
    try {
      return watchNft(
        TABLE,
        ({ deletedFrom, newChains }) => {
          if (deletedFrom.has(TABLE)) repair("was changed by another program and is put back");
          if (newChains) later();
        },
        () => {
          watch?.close();
          watch = undefined;
          repair("may have been changed and is put back");
        },
      );
    } catch (error) {
      options.warn(`the firewall cannot be watched: ${messageOf(error)}`);
      return undefined;
    }
  };
  const repair = (why: string) => {
    if (!loaded) return;
    options.warn(`the firewall table ${TABLE} ${why}`);
    queue(full).catch((error: unknown) => options.warn(messageOf(error)));
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void queue(() => admit(open())), QUIET);
    timer.unref();
  };
  const full = async () => {
    const state = { ...options, networks: [...networks.values()], ports: [...ports] };
    await open().run(fullScript(state));
    loaded = true;
    await admit(open());
  };
  /** Lets permitted packets through the chains of other programs that would drop them. */
  const admit = async (at: Nft) => {
    for (const chain of otherChains) {
      const text = await at.list(`list chain ${chain.family} ${chain.table} ${chain.name}`).catch(() => undefined);
      const script = text === undefined ? undefined : admitScript(chain, text);
      if (script !== undefined) await at.run(script).catch((error: unknown) => options.warn(messageOf(error)));
    }
  };
  /** A change of elements; as a whole where the table is not as it should be. */
  const change = async (script: string) => {
    // Before the first load everything is only gathered.
    if (!loaded) return;
    if (script === "") return;
    try {
      await open().run(script);
    } catch {
      await full();
    }
  };

  return {
    addNetwork: (network) =>
      queue(async () => {
        networks.set(network.id, network);
        await change(elementScript("add", count(networkElements(network), 1)));
      }),
    removeNetwork: (id) =>
      queue(async () => {
        const network = networks.get(id);
        if (network === undefined) return;
        networks.delete(id);
        await change(elementScript("delete", count(networkElements(network), -1)));
      }),
    addPorts: (list) =>
      queue(async () => {
        for (const port of list) ports.add(port);
        await change(elementScript("add", count(list.flatMap(elementsOf), 1)));
      }),
    removePorts: (list) =>
      queue(async () => {
        for (const port of list) ports.delete(port);
        await change(elementScript("delete", count(list.flatMap(elementsOf), -1)));
      }),
    prime(list, published = []) {
      for (const network of list) {
        networks.set(network.id, network);
        count(networkElements(network), 1);
      }
      for (const port of published) {
        ports.add(port);
        count(elementsOf(port), 1);
      }
    },
    load: () => queue(full),
    close() {
      loaded = false;
      clearTimeout(timer);
      watch?.close();
    },
  };
}
