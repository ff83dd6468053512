import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import type { PublishedPort } from "../network.ts";
import { admitScript, otherChains } from "./neighbours.ts";
import { elementScript, type FirewallNetwork, fullScript, networkElements, portElements } from "./rules.ts";

const network: FirewallNetwork = {
  id: "n1",
  bridge: "br-one",
  internal: false,
  icc: true,
  masquerade: true,
  subnets: ["172.18.0.0/24", "fd00:1::/64"],
  gateways: ["172.18.0.1", "fd00:1::1"],
};
const port = (extra: Partial<PublishedPort>): PublishedPort => ({
  protocol: "tcp",
  hostIp: "0.0.0.0",
  hostPort: 8080,
  containerPort: 80,
  address: "172.18.0.2",
  network: "n1",
  ...extra,
});

/** nft in a network namespace of its own. */
const nft = (...scripts: string[]) =>
  spawnSync(
    "unshare",
    [
      "-n",
      "sh",
      "-ec",
      scripts
        .map((_, index) => `printf %s "$S${index}" | nft -f -`)
        .join("\n")
        .concat("\nnft list ruleset"),
    ],
    {
      encoding: "utf8",
      env: { ...process.env, ...Object.fromEntries(scripts.map((text, index) => [`S${index}`, text])) },
    },
  );

test("a port for all addresses is reached by its own network through the bridge, one for an address is not", () => {
  expect(portElements(port({}), "br-one", network.gateways)).toEqual([
    ["any4", "tcp . 8080 : 172.18.0.2 . 80"],
    ["own4", '"br-one" . tcp . 8080 : 172.18.0.2 . 80'],
    ["self4", "172.18.0.2 . 172.18.0.2"],
  ]);
  const loopback = portElements(port({ hostIp: "127.0.0.1" }), "br-one", network.gateways);
  expect(loopback.map(([set]) => set)).toEqual(["at4", "self4"]);
  const six = portElements(port({ hostIp: "::", address: "fd00:1::2" }), "br-one", network.gateways);
  expect(six.map(([set]) => set)).toEqual(["any6", "own6", "self6"]);
});

test("an internal network is not masqueraded, one without icc is no home", () => {
  const sets = (extra: Partial<FirewallNetwork>) =>
    new Set(networkElements({ ...network, ...extra }).map(([set]) => set));
  expect(sets({ internal: true }).has("masq4")).toBe(false);
  expect(sets({ internal: true }).has("internal")).toBe(true);
  expect(sets({ icc: false }).has("same")).toBe(false);
  expect(sets({ icc: false }).has("home4")).toBe(false);
});

test.skipIf(process.getuid?.() !== 0)("the kernel takes the table, again and again, and its elements", () => {
  const ports = [
    port({}),
    port({ hostIp: "127.0.0.1", protocol: "udp" }),
    port({ hostIp: "::", address: "fd00:1::2" }),
  ];
  const script = fullScript({ networks: [network], ports, closed: true, bridged: false, direct: false });
  const added = portElements(port({ hostPort: 9090, protocol: "sctp" }), "br-one", []);
  const done = nft(script, script, elementScript("add", added.slice(0, 2)), elementScript("delete", added.slice(0, 1)));
  expect(done.stderr).toBe("");
  // Without /etc/protocols the protocol is shown as its number.
  expect(done.stdout).toMatch(/(tcp|6) \. 8080 : 172\.18\.0\.2 \. 80/);
  expect(done.stdout).toMatch(/"br-one" \. (sctp|132) \. 9090/);
  expect(done.stdout.match(/table inet berth/g)).toHaveLength(1);
});

test("what is permitted passes chains that refuse, by one rule", () => {
  const [forward] = otherChains;
  if (forward === undefined) throw new Error("no chain");
  const chain = (policy: string, ...rules: string[]) =>
    `table ip filter {\n\tchain FORWARD {\n\t\ttype filter hook forward priority filter; policy ${policy};\n${rules.map((rule) => `\t\t${rule}\n`).join("")}\t}\n}\n`;
  expect(admitScript(forward, chain("accept"))).toBeUndefined();
  const script = admitScript(forward, chain("drop"));
  expect(script).toContain("insert rule ip filter FORWARD meta mark & 0x40000000 == 0x40000000 counter accept");
  expect(admitScript(forward, chain("accept", "counter jump ufw-before-forward"))).toBe(script);
  const there = "meta mark & 0x40000000 == 0x40000000 counter packets 0 bytes 0 accept";
  expect(admitScript(forward, chain("drop", there, "jump DOCKER-USER"))).toBeUndefined();
});
