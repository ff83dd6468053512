import type { ContainerCreateBody } from "../../spec/api/index.ts";
import { CONTAINER_FLAGS, type ContainerFlags } from "./container-flags.ts";
import { type CreateInput, createBody } from "./create-body.ts";

/** Of the create request that these flags make, what they change: the rest is what no flag at all makes. */
export function changedBody(input: Pick<CreateInput, "flags" | "changed" | "image" | "command">): ContainerCreateBody {
  const defaults = Object.fromEntries(
    Object.entries(CONTAINER_FLAGS).map(([name, { default: value }]) => [name, value]),
  ) as unknown as ContainerFlags;
  const bare = createBody({ flags: defaults, changed: () => false, image: "", command: [], extraEnv: [] });
  const asked = createBody({ ...input, extraEnv: [] });
  const { HostConfig: asHost, NetworkingConfig: networking, ...config } = asked;
  const host = asHost ?? {};
  const moved = JSON.stringify(networking) !== JSON.stringify(bare.NetworkingConfig);
  return {
    ...difference(config, bare),
    HostConfig: { ...difference(host, bare.HostConfig ?? {}), ...(moved ? { NetworkMode: host.NetworkMode } : {}) },
    ...(moved && networking !== undefined ? { NetworkingConfig: networking } : {}),
  } as ContainerCreateBody;
}

function difference<T extends object>(asked: T, bare: object): Partial<T> {
  const before = new Map(Object.entries(bare));
  const changed = Object.entries(asked).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before.get(name)),
  );
  return Object.fromEntries(changed) as Partial<T>;
}
