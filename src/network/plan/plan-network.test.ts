import { expect, test } from "vitest";
import type { NetworkCreateBody } from "../../spec/api/index.ts";
import { needPrefix } from "../address.ts";
import { type NetworkFacts, planNetwork } from "./plan-network.ts";

const facts: NetworkFacts = {
  id: "a".repeat(64),
  created: "2026-01-01T00:00:00Z",
  networks: [],
  routed: [],
  pools: [],
  ipv6Pool: { base: "fd00:1:2::/48", size: 64 },
  defaultOptions: { bridge: { mine: "1" } },
};
const config = (...configs: object[]) => ({ IPAM: { Config: configs } }) as NetworkCreateBody;

test("a network that names nothing gets a subnet, a gateway and the daemon's options", () => {
  expect(planNetwork({ Name: "n", EnableIPv6: true }, facts)).toMatchObject({
    driver: "bridge",
    subnets: [
      { Subnet: "172.17.0.0/24", Gateway: "172.17.0.1" },
      { Subnet: "fd00:1:2::/64", Gateway: "fd00:1:2::1" },
    ],
    options: { mine: "1" },
  });
  const only6 = planNetwork({ Name: "n", EnableIPv4: false, EnableIPv6: true }, facts);
  expect(only6.subnets).toEqual([{ Subnet: "fd00:1:2::/64", Gateway: "fd00:1:2::1" }]);
});

test("what the host routes is left alone, and what another network has", () => {
  const first = planNetwork({ Name: "n" }, { ...facts, routed: [needPrefix("172.17.0.0/16")] });
  expect(first.subnets[0]?.Subnet).toBe("172.18.0.0/24");
  const second = planNetwork({ Name: "m" }, { ...facts, networks: [first] });
  expect(second.subnets[0]?.Subnet).toBe("172.17.0.0/24");
  const same = { Name: "m", ...config({ Subnet: "172.18.0.0/16" }) };
  expect(() => planNetwork(same, { ...facts, networks: [first] })).toThrow(
    "Pool overlaps with other one on this address space",
  );
});

test.each<[NetworkCreateBody, string, string]>([
  [{}, "invalid", "name is empty"],
  [{ Name: "bridge" }, "forbidden", "operation is not permitted on predefined bridge network"],
  [{ Name: "n", Driver: "host" }, "forbidden", 'only one instance of "host" network is allowed'],
  [{ Name: "n", Driver: "nope" }, "not-found", "could not find plugin nope"],
  [{ Name: "n", EnableIPv4: false }, "invalid", "IPv4 or IPv6 must be enabled"],
  [
    { Name: "n", ...config({ Subnet: "10.0.0.1/24" }) },
    "invalid",
    "invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24",
  ],
  [
    { Name: "n", ...config({ Subnet: "10.0.0.0/x" }) },
    "invalid",
    "invalid subnet 10.0.0.0/x: invalid CIDR block notation",
  ],
  [
    { Name: "n", ...config({ Subnet: "10.0.0.0/24", Gateway: "10.0.1.1" }) },
    "invalid",
    "invalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address",
  ],
  [
    { Name: "n", ...config({ Subnet: "10.0.0.0/24", IPRange: "10.0.0.0/16" }) },
    "invalid",
    "invalid ip-range 10.0.0.0/16: CIDR block is bigger than its parent subnet 10.0.0.0/24",
  ],
  [
    { Name: "n", Options: { "com.docker.network.bridge.enable_icc": "maybe" } },
    "invalid",
    'parsing "maybe": invalid syntax',
  ],
  [{ Name: "n", Options: { "com.docker.network.bridge.name": "a name/too" } }, "invalid", "bridge.name"],
  [{ Name: "n", Ingress: true }, "not-implemented", "swarm"],
])("%j is refused", (body, kind, text) => {
  expect(() => planNetwork(body, facts)).toThrow(text);
  try {
    planNetwork(body, facts);
  } catch (error) {
    expect((error as { kind: string }).kind).toBe(kind);
  }
});

test("a name is taken once; a configuration is copied from a network made for that", () => {
  const source = planNetwork({ Name: "conf", ConfigOnly: true, ...config({ Subnet: "10.5.0.0/24" }) }, facts);
  expect(source.subnets).toEqual([{ Subnet: "10.5.0.0/24" }]);
  const known = { ...facts, networks: [source] };
  expect(() => planNetwork({ Name: "conf" }, known)).toThrow("network with name conf already exists");
  expect(planNetwork({ Name: "n", ConfigFrom: { Network: "conf" } }, known)).toMatchObject({
    configFrom: "conf",
    subnets: [{ Subnet: "10.5.0.0/24", Gateway: "10.5.0.1" }],
  });
});
