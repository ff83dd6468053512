import { messageOf } from "../../../lib/index.ts";
import {
  createHostResolver,
  createNameServer,
  createNameTable,
  type HostResolver,
  type NameTable,
  type NetworkView,
  type Upstreams,
} from "../../../network/dns/index.ts";
import type { Endpoint, NetworkRecord } from "../../../network/index.ts";

/** A running container on a network with names. */
export interface NamedEndpoint {
  readonly network: NetworkRecord;
  readonly endpoint: Endpoint;
  /** What it is called there, its own name first. */
  readonly names: readonly string[];
  /** Names that only it has for others: alias → name, both as `nameKey`s. */
  readonly links: ReadonlyMap<string, string>;
}

/** What one container's server needs to know; asked anew for each query. */
export interface Asker {
  networks(): readonly NamedEndpoint[];
  upstreams(): Upstreams;
}

/** The names of containers on user networks, and the server inside each that answers for them. */
export interface Names {
  readonly resolver: HostResolver;
  /** Puts a container's names where they belong, in place of what it had. */
  publish(container: string, endpoints: readonly NamedEndpoint[]): void;
  /** Begins to answer inside a container; one that is served already goes on. */
  serve(container: string, pid: number, asker: Asker): void;
  /** The container has ended. */
  withdraw(container: string): void;
  close(): void;
}

export function createNames(warn: (message: string) => void): Names {
  const tables = new Map<string, NameTable>();
  const serving = new Map<string, { close(): void }>();
  const resolver = createHostResolver();
  let server: ReturnType<typeof createNameServer> | undefined;
  const tableOf = ({ id, name }: NetworkRecord): NameTable => {
    const found = tables.get(id) ?? createNameTable(name);
    tables.set(id, found);
    return found;
  };
  const forget = (container: string) => {
    for (const table of tables.values()) table.delete(container);
  };
  return {
    resolver,
    publish(container, endpoints) {
      forget(container);
      for (const { network, endpoint, names } of endpoints) {
        const addresses = [endpoint.ipv4, endpoint.ipv6].filter((address) => address !== "");
        tableOf(network).set(container, { names, addresses });
      }
    },
    serve(container, pid, asker) {
      if (serving.has(container)) return;
      const networks = (): NetworkView[] =>
        asker.networks().map(({ network, links }) => ({ table: tableOf(network), links }));
      const view = { networks, upstreams: () => asker.upstreams() };
      server ??= createNameServer({ warn });
      try {
        serving.set(container, server.serve({ containerId: container, namespace: `/proc/${pid}/ns/net`, view }));
      } catch (error) {
        warn(`container ${container} has no name server: ${messageOf(error)}`);
      }
    },
    withdraw(container) {
      forget(container);
      serving.get(container)?.close();
      serving.delete(container);
    },
    close: () => server?.close(),
  };
}
