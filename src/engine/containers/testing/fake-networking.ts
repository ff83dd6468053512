import { notFound } from "../../../lib/index.ts";
import {
  DEFAULT_SETTINGS,
  type NetworkDriver,
  type Networking,
  type NetworkRecord,
  NO_ENDPOINT,
} from "../../../network/index.ts";

const record = (name: string, driver: NetworkDriver): NetworkRecord => ({
  schema: 1,
  id: Buffer.from(name).toString("hex").padEnd(64, "0"),
  name,
  created: "2026-01-01T00:00:00Z",
  driver,
  ipv4: true,
  ipv6: false,
  internal: false,
  attachable: false,
  ingress: false,
  configOnly: false,
  configFrom: "",
  ipamDriver: "default",
  ipamOptions: null,
  subnets: driver === "bridge" ? [{ Subnet: "10.0.0.0/24", Gateway: "10.0.0.1" }] : [],
  options: {},
  labels: {},
  predefined: ["bridge", "host", "none"].includes(name),
});

/** Networks that only pretend: none, host, bridge and "mine". */
export function fakeNetworking(): Networking {
  const networks = [
    record("none", "null"),
    record("host", "host"),
    record("bridge", "bridge"),
    record("mine", "bridge"),
  ];
  let next = 2;
  const refuse = () => Promise.reject(new Error("the test has no such network"));
  return {
    settings: DEFAULT_SETTINGS,
    list: () => networks,
    get: (id) => networks.find((each) => each.id === id),
    find(ref) {
      const found = networks.find(({ id, name }) => id === ref || name === ref);
      if (found === undefined) throw notFound(`network ${ref} not found`);
      return found;
    },
    create: refuse,
    remove: refuse,
    allocate: (network, { inside }) => ({
      ...NO_ENDPOINT,
      id: `endpoint-${next}`,
      network: network.id,
      inside,
      outside: "veth0",
      mac: "02:42:0a:00:00:02",
      ipv4: `10.0.0.${next++}`,
      ipv4Length: 24,
      gateway: "10.0.0.1",
    }),
    release: () => {},
    claim: () => {},
    bridgeOf: () => 1,
    plug: () => {},
    reroute: () => {},
    unplug: async () => {},
    sweep: () => {},
    ports: { take: async () => [], claim: () => [], release: () => {} },
    publish: async () => {},
    unpublish: async () => {},
    hostGateways: () => ["10.0.0.1"],
    load: async () => {},
    close: () => {},
  };
}
