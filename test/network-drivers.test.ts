import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine, until } from "./harness/machine.ts";

describe.skipIf(!isRoot)("networks with the daemon's flags and other drivers", () => {
  let machine: Machine;
  let daemon: Daemon;
  const sh = (script: string) => machine.exec("sh", ["-c", script]);
  const ok = async (...args: string[]) => {
    const done = await daemon.berth(args);
    expect(done.code, `berth ${args.join(" ")}: ${done.stderr}`).toBe(0);
    return done.stdout.trim();
  };
  const inside = async (name: string, script: string) =>
    (await daemon.berth(["exec", name, "sh", "-c", script])).stdout.trim();
  const answers = (name: string, address: string) => inside(name, `ping -c 1 -W 1 ${address} | grep -c "bytes from"`);
  const addressOf = (name: string, network = "bridge") =>
    ok("inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);
  const sleeper = (name: string, ...flags: string[]) =>
    ok("run", "-d", "--name", name, ...flags, "busybox", "sleep", "600");

  beforeAll(async () => {
    machine = await makeMachine();
    await sh(`ip netns add lan && ip link add lan0 type veth peer name lan1 netns lan && ip link set lan0 up &&
      ip -n lan addr add 192.0.2.2/24 dev lan1 && ip -n lan link set lan1 up`);
    // A firewall of somebody else's, as Docker or ufw leave it.
    await sh(
      "nft add table ip filter; nft add chain ip filter FORWARD '{ type filter hook forward priority 0; policy drop; }'",
    );
    const flags = ["--bip", "10.66.0.1/24", "--fixed-cidr", "10.66.0.64/26", "--icc=false", "--mtu", "1400"];
    daemon = await startDaemon(machine, { flags: [...flags, "--default-address-pool", "base=10.77.0.0/16,size=28"] });
    await importBusybox(daemon);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  it("takes addresses and size of packets from the daemon's flags", async () => {
    await sleeper("one");
    expect(await addressOf("one")).toBe("10.66.0.64");
    expect(await inside("one", "cat /sys/class/net/eth0/mtu; ip route | head -1")).toBe(
      "1400\ndefault via 10.66.0.1 dev eth0",
    );
    await ok("network", "create", "small");
    expect(await ok("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "small")).toBe("10.77.0.0/28");
  });

  it("keeps containers of the default network apart with --icc=false, also while the firewall is flushed", async () => {
    await sleeper("two");
    const two = await addressOf("two");
    expect(await answers("one", two)).toBe("0");
    expect(await answers("one", "10.66.0.1")).toBe("1");
    await sh("nft delete table inet berth");
    expect(await answers("one", two)).toBe("0");
    await sleeper("three", "--network", "small");
    await sleeper("four", "--network", "small");
    expect(await answers("three", await addressOf("four", "small"))).toBe("1");
  });

  it("lets what is permitted through another firewall that refuses the rest", async () => {
    await sh("ip addr add 192.0.2.1/24 dev lan0; ip -n lan route add default via 192.0.2.1");
    expect(await answers("one", "192.0.2.2")).toBe("1");
    expect((await sh("nft list chain ip filter FORWARD")).stdout).toContain("meta mark & 0x40000000 == 0x40000000");
    // Rules that are loaded anew lose ours; it is put back.
    await sh(
      "nft flush ruleset; nft add table ip filter; nft add chain ip filter FORWARD '{ type filter hook forward priority 0; policy drop; }'",
    );
    await until("packets pass again", async () => (await answers("one", "192.0.2.2")) === "1");
  });

  it("stands containers on an interface of the host with macvlan", async () => {
    await sh("ip addr del 192.0.2.1/24 dev lan0");
    await ok(
      "network",
      "create",
      "-d",
      "macvlan",
      "--subnet",
      "192.0.2.0/24",
      "--gateway",
      "192.0.2.2",
      "-o",
      "parent=lan0",
      "mac",
    );
    await sleeper("five", "--network", "mac", "--ip", "192.0.2.50", "--mac-address", "02:00:00:00:00:50");
    expect(await inside("five", "ip link show eth0")).toContain("02:00:00:00:00:50");
    expect(await answers("five", "192.0.2.2")).toBe("1");
    await ok("rm", "-f", "five");
    await ok("network", "rm", "mac");
  });

  it("gives a container the networks, addresses and hosts that run names", async () => {
    await ok("network", "create", "--subnet", "10.88.0.0/24", "named");
    const flags = [
      "--network",
      "name=named,ip=10.88.0.9,alias=nine",
      "--network",
      "small",
      "--add-host",
      "gate:host-gateway",
    ];
    await sleeper("six", ...flags, "--hostname", "six.example", "--dns", "192.0.2.2", "--dns-search", "example");
    expect(await inside("six", "cat /etc/hosts")).toMatch(
      /10\.66\.0\.1\tgate\n10\.88\.0\.9\tsix\.example six\n10\.77\.0\.\d+\tsix\.example six/,
    );
    expect(await inside("six", "cat /etc/resolv.conf")).toContain("nameserver 127.0.0.11\nsearch example");
    await sleeper("seven", "--network", "named", "--link", "six:linked");
    expect(await inside("seven", "ping -c 1 -W 1 linked | head -1")).toContain("10.88.0.9");
    await ok("rename", "six", "sixth");
    expect(await inside("seven", "ping -c 1 -W 1 sixth | head -1; ping -c 1 -W 1 nine | head -1")).toMatch(
      /10\.88\.0\.9[\s\S]*10\.88\.0\.9/,
    );
  });

  it("says what happens on networks", async () => {
    const since = String(Math.floor(Date.now() / 1000) - 1);
    await ok("network", "create", "told");
    await sleeper("eight", "--network", "told");
    await ok("rm", "-f", "eight");
    await ok("network", "rm", "told");
    const until = String(Math.floor(Date.now() / 1000) + 1);
    const events = await ok(
      "events",
      "--since",
      since,
      "--until",
      until,
      "--filter",
      "network=told",
      "--format",
      "{{.Action}} {{.Actor.Attributes.type}}",
    );
    expect(events.split("\n")).toEqual(["create bridge", "connect bridge", "disconnect bridge", "destroy bridge"]);
  });
});
