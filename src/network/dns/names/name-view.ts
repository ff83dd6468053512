import type { NameTable } from "./name-table.ts";

/** A server that gets what the tables do not know. */
export interface UpstreamServer {
  /** IPv4 or IPv6, the latter with its zone where it has one. */
  readonly address: string;
  /**
   * Whose network it is asked from: the host's for the servers of the host's resolv.conf (127.0.0.53 is the host's own),
   * the container's for servers that the user named (--dns).
   */
  readonly from: "host" | "container";
  /** 53 unless said. */
  readonly port?: number;
}

export interface Upstreams {
  /** In the order in which they are asked; three at most count. */
  readonly servers: readonly UpstreamServer[];
  /**
   * Whether the container has a way out, by a network that is not internal. Without one nothing is asked from the host;
   * servers that the container could ask itself remain.
   */
  readonly external: boolean;
  /** The user or the host chose `ndots`: then names without a dot are not forwarded, clients add search domains. */
  readonly ndotsSet?: boolean;
  /** How long one server is waited for before the next is asked too. Docker waits 4 s; here 1.5 s. */
  readonly timeoutMs?: number;
  /** How often each is asked. 2. */
  readonly attempts?: number;
}

export interface NetworkView {
  readonly table: NameTable;
  /** Names that only this container has for others on the network (--link): alias → name, both as `nameKey`s. */
  readonly links?: ReadonlyMap<string, string>;
}

/** What one container sees. Asked anew for each query, so the members give what is so at that moment, and quickly. */
export interface NameView {
  /** Its networks, the one that answers first in front: Docker's order of endpoints. */
  networks(): readonly NetworkView[];
  upstreams(): Upstreams;
}
