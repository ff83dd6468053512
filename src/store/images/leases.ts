/** What a running operation needs and collection must leave alone: digests of blobs and chain ids of layers. */
export interface Lease {
  readonly held: ReadonlySet<string>;
  hold(...ids: string[]): void;
  release(): void;
}

export interface Leases {
  /** A lease for one operation. It lives in memory: after a crash nothing is under way. */
  take(): Lease;
  holds(id: string): boolean;
  /** No operation is under way: what is unused now is nobody's. */
  readonly idle: boolean;
}

export function createLeases(): Leases {
  const counts = new Map<string, number>();
  const active = new Set<object>();
  return {
    get idle() {
      return active.size === 0;
    },
    take() {
      const held = new Set<string>();
      const lease: Lease = {
        held,
        hold(...ids) {
          for (const id of ids) {
            if (held.has(id)) continue;
            held.add(id);
            counts.set(id, (counts.get(id) ?? 0) + 1);
          }
        },
        release() {
          for (const id of held) {
            const left = (counts.get(id) ?? 1) - 1;
            if (left === 0) counts.delete(id);
            else counts.set(id, left);
          }
          held.clear();
          active.delete(lease);
        },
      };
      active.add(lease);
      return lease;
    },
    holds: (id) => counts.has(id),
  };
}
