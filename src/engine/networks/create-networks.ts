import { BerthError, invalid, kindOf, parseTimestamp } from "../../lib/index.ts";
import type { NetworkRecord } from "../../network/index.ts";
import type { NetworksPruneResponse } from "../../spec/api/index.ts";
import type { ContainersContext } from "../containers/context.ts";
import type { Filters, Networks } from "../engine.ts";
import { passesLabelFilters, valuesOf } from "../filters.ts";
import { connectNetwork, disconnectNetwork } from "./connect-network.ts";
import { describeNetwork, membersOf } from "./inspect-network.ts";
import { networkFilter } from "./network-filters.ts";

/** The Networks service. */
export function createNetworks(context: ContainersContext): Networks {
  const { networking } = context;
  return {
    async create(body) {
      const record = await networking.create(body);
      emit(context, "create", record);
      return { Id: record.id, Warning: "" };
    },
    async list(filters) {
      const inUse = (network: NetworkRecord) => isUsed(context, network);
      const passes = networkFilter(filters, inUse);
      return networking
        .list()
        .filter(passes)
        .map((network) => describeNetwork(network, {}));
    },
    inspect: async (ref) => {
      const network = networking.find(ref);
      return describeNetwork(network, membersOf(context, network));
    },
    remove: async (ref) => removeNetwork(context, networking.find(ref)),
    connect: async (ref, body) => connectNetwork(context, networking.find(ref), body),
    disconnect: async (ref, body) => disconnectNetwork(context, networking.find(ref), body),
    prune: (filters) => pruneNetworks(context, filters),
  };
}

function emit(context: ContainersContext, action: string, { id, name, driver }: NetworkRecord): void {
  context.bus.emit("network", action, id, { name, type: driver });
}

/** Whether a container runs on it, or is about to. */
function usersOf(context: ContainersContext, { id }: NetworkRecord): string[] {
  return context.registry
    .list()
    .filter(({ sandbox }) => sandbox?.endpoints.some(({ network }) => network === id))
    .map(
      (container) => `name:${JSON.stringify(container.record.name)} id:${JSON.stringify(container.id.slice(0, 12))}`,
    );
}

function isUsed(context: ContainersContext, network: NetworkRecord): boolean {
  return network.predefined || usersOf(context, network).length > 0;
}

async function removeNetwork(context: ContainersContext, network: NetworkRecord): Promise<void> {
  const { id, name } = network;
  if (network.predefined) throw new BerthError("forbidden", `${name} is a pre-defined network and cannot be removed`);
  const users = usersOf(context, network);
  if (users.length > 0) {
    const shown = users.map((user) => `(${user})`).join(", ");
    throw new BerthError("forbidden", `error while removing network: network ${name} has active endpoints ${shown}`);
  }
  const child = context.networking.list().find(({ configFrom }) => network.configOnly && configFrom === name);
  if (child !== undefined) throw new BerthError("forbidden", `configuration network ${JSON.stringify(name)} is in use`);
  await context.networking.remove(network);
  context.bus.emit("network", "destroy", id, { name, type: network.driver });
}

/** POST /networks/prune: networks of the user's that no container runs on, nor would start on. */
async function pruneNetworks(context: ContainersContext, filters: Filters): Promise<NetworksPruneResponse> {
  const untils = valuesOf(filters, "until");
  if (untils.length > 1) throw invalid("more than one until filter specified");
  const until = untils[0] === undefined ? undefined : parseTimestamp(untils[0]);
  const deleted: string[] = [];
  for (const network of context.networking.list()) {
    if (isUsed(context, network) || !passesLabelFilters(network.labels, filters)) continue;
    if (until !== undefined && BigInt(Date.parse(network.created)) * 1_000_000n > until) continue;
    try {
      await removeNetwork(context, network);
      deleted.push(network.name);
    } catch (error) {
      if (kindOf(error) !== "forbidden") throw error;
    }
  }
  context.bus.emit("network", "prune", "", { reclaimed: "0" });
  return { NetworksDeleted: deleted.length === 0 ? null : deleted };
}
