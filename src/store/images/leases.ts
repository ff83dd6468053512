/** What a running operation needs and collection must leave alone: digests of blobs and chain ids of layers. */
export interface Lease {
  readonly held: ReadonlySet<string>;
  hold(...ids: string[]): void;
  /** Holds each of these no longer. */
  drop(...ids: string[]): void;
  release(): void;
}

export interface Leases {
  /** A lease for one operation. It lives in memory: after a crash nothing is under way. */
  take(): Lease;
  /** A lease for what stays: it counts as no operation. */
  keep(): Lease;
  holds(id: string): boolean;
  /** No operation is under way: what is unused now is nobody's. */
  readonly idle: boolean;
}

export function createLeases(): Leases {
  const counts = new Map<string, number>();
  const active = new Set<object>();
  const forget = (id: string) => {
    const left = (counts.get(id) ?? 1) - 1;
    if (left === 0) counts.delete(id);
    else counts.set(id, left);
  };
  const lease = (): Lease => {
    const held = new Set<string>();
    const made: Lease = {
      held,
      hold(...ids) {
        for (const id of ids) {
          if (held.has(id)) continue;
          held.add(id);
          counts.set(id, (counts.get(id) ?? 0) + 1);
        }
      },
      drop(...ids) {
        for (const id of ids) if (held.delete(id)) forget(id);
      },
      release() {
        for (const id of held) forget(id);
        held.clear();
        active.delete(made);
      },
    };
    return made;
  };
  return {
    get idle() {
      return active.size === 0;
    },
    take() {
      const made = lease();
      active.add(made);
      return made;
    },
    keep: lease,
    holds: (id) => counts.has(id),
  };
}
