import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { listLinks, withNetlink } from "../../system/netlink/index.ts";
import type { Check, DoctorContext, Found } from "./finding.ts";
import { setAside } from "./set-aside.ts";

/** Every record of a network reads, and every interface on a bridge of ours belongs to a container that runs. */
export const checkNetworks: Check = async (context) => {
  const { networking, settings } = context.containers;
  const root = join(settings.dataRoot, "networks");
  const known = new Set(networking.list().map(({ id }) => `${id}.json`));
  const names = await readdir(root).catch(() => []);
  const found = names
    .filter((name) => /^[0-9a-f]{64}\.json$/.test(name) && !known.has(name))
    .map((name) => unreadable(settings.dataRoot, join(root, name)));
  return { found: [...found, ...(await interfaces(context))], checked: { networks: networking.list().length } };
};

function unreadable(dataRoot: string, path: string): Found {
  return {
    kind: "record",
    severity: "error",
    subject: path,
    problem: "it does not read as a network's record",
    meaning: "the network is not known, and containers on it do not start: create it again",
    repair: "set the file aside in broken/",
    mend: async () => {
      await setAside(dataRoot, path);
    },
  };
}

async function interfaces(context: DoctorContext): Promise<Found[]> {
  const lost = strangers(context);
  if (lost.length === 0) return [];
  // A container that starts or stops now has its interface for a moment before or after it counts.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const still = new Set(strangers(context));
  return lost
    .filter((name) => still.has(name))
    .map((name) => ({
      kind: "network",
      severity: "leftover",
      subject: name,
      problem: "the interface belongs to no container that runs",
      meaning: "it keeps its place on the bridge",
      repair: "remove it",
      mend: async () => context.containers.networking.sweep(endpoints(context)),
    }));
}

const endpoints = ({ containers }: DoctorContext) =>
  [...containers.registry.all()].flatMap(({ sandbox }) => sandbox?.endpoints ?? []);

function strangers(context: DoctorContext): string[] {
  const { networking } = context.containers;
  const bridges = new Set(
    networking
      .list()
      .filter(({ driver, configOnly }) => driver === "bridge" && !configOnly)
      .map((network) => networking.bridgeOf(network)),
  );
  const known = new Set(endpoints(context).map(({ outside }) => outside));
  return withNetlink(listLinks)
    .filter(({ master, kind }) => kind === "veth" && bridges.has(master))
    .map(({ name }) => name)
    .filter((name) => /^veth[0-9a-f]{7}$/.test(name) && !known.has(name));
}
