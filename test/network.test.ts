import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importBusybox } from "./harness/busybox.ts";
import { type Daemon, startDaemon } from "./harness/daemon.ts";
import { isRoot, type Machine, makeMachine, until } from "./harness/machine.ts";

const HOST = "192.0.2.1";
const LAN = "192.0.2.2";
const HOST6 = "2001:db8::1";
const LAN6 = "2001:db8::2";

describe.skipIf(!isRoot)("networks", () => {
  let machine: Machine;
  let daemon: Daemon;
  const sh = (script: string) => machine.exec("sh", ["-c", script]);
  const json = async (script: string) => JSON.parse((await sh(script)).stdout || "[]") as Record<string, unknown>[];
  const ok = async (...args: string[]) => {
    const done = await daemon.berth(args);
    expect(done.code, `berth ${args.join(" ")}: ${done.stderr}`).toBe(0);
    return done.stdout.trim();
  };
  const fails = async (...args: string[]) => {
    const done = await daemon.berth(args);
    expect(done.code, `berth ${args.join(" ")}`).not.toBe(0);
    return done.stderr;
  };
  const inside = async (name: string, script: string) =>
    (await daemon.berth(["exec", name, "sh", "-c", script])).stdout.trim();
  const field = (name: string, network: string, key: string) =>
    ok("inspect", "-f", `{{(index .NetworkSettings.Networks "${network}").${key}}}`, name);

  /** A container that tells whoever asks over HTTP which address it sees. */
  const serve = (name: string, ...flags: string[]) => {
    const script = `mkdir -p /www/cgi-bin && printf '#!/bin/sh\\necho\\necho ${name} $REMOTE_ADDR\\n' > /www/cgi-bin/who
      chmod +x /www/cgi-bin/who && exec httpd -f -p "\${PORT:-80}" -h /www`;
    return ok("run", "-d", "--name", name, ...flags, "busybox", "sh", "-c", script);
  };
  // busybox' wget does not work where it is linked statically.
  const fetch = (url: string) => {
    const [, host = url, port = "80"] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(url) ?? [];
    return `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | timeout 2 busybox nc ${host} ${port} 2>/dev/null | tail -1 | sed 's/[][]//g;s/::ffff://'`;
  };
  const fromHost = async (url: string) => (await sh(fetch(url))).stdout.trim();
  const fromLan = async (url: string) =>
    (await machine.exec("ip", ["netns", "exec", "lan", "sh", "-c", fetch(url)])).stdout.trim();
  const from = (name: string, url: string) => inside(name, fetch(url));
  const listening = (name: string, url: string) =>
    until(`${name} answers`, async () => (await fromHost(url)).startsWith(name));

  beforeAll(async () => {
    machine = await makeMachine();
    // Another host behind an interface of this one.
    const made = await sh(`ip netns add lan && ip link add lan0 type veth peer name lan1 netns lan &&
      ip addr add ${HOST}/24 dev lan0 && ip -6 addr add ${HOST6}/64 dev lan0 nodad && ip link set lan0 up &&
      ip -n lan addr add ${LAN}/24 dev lan1 && ip -n lan -6 addr add ${LAN6}/64 dev lan1 nodad &&
      ip -n lan link set lan1 up && ip -n lan link set lo up`);
    expect(made).toMatchObject({ code: 0 });
    daemon = await startDaemon(machine);
    await importBusybox(daemon);
  });
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
  });

  it("gives a container on the default network an address and a way out", async () => {
    const out = await ok(
      "run",
      "--rm",
      "busybox",
      "sh",
      "-c",
      "ip -4 addr show eth0; ip route; cat /etc/hosts; ip -6 addr",
    );
    expect(out).toMatch(/inet 172\.17\.0\.2\/24/);
    expect(out).toContain("default via 172.17.0.1 dev eth0");
    expect(out).toMatch(/172\.17\.0\.2\t[0-9a-f]{12}/);
    expect(out).not.toContain("inet6 fe80");
    expect((await json("ip -j addr show berth0"))[0]).toMatchObject({ ifname: "berth0" });
  });

  it("leaves no interface and no rule of a container behind", async () => {
    await until(
      "its interface is gone",
      async () => (await json("ip -j link show type veth master berth0")).length === 0,
    );
    expect((await sh("nft list map inet berth any4")).stdout).not.toContain("elements");
  });

  it("publishes ports and keeps the client's address", async () => {
    await serve("web", "-p", "8080:80");
    await listening("web", `${HOST}:8080`);
    const web = await field("web", "bridge", "IPAddress");
    expect(await ok("port", "web")).toBe("80/tcp -> 0.0.0.0:8080");
    expect(await fromHost(`${HOST}:8080`)).toBe(`web ${HOST}`);
    expect(await fromHost("127.0.0.1:8080")).toBe("web 172.17.0.1");
    expect(await fromHost("172.17.0.1:8080")).toBe("web 172.17.0.1");
    expect(await fromLan(`${HOST}:8080`)).toBe(`web ${LAN}`);
    await ok("run", "-d", "--name", "peer", "busybox", "sleep", "600");
    const peer = await field("peer", "bridge", "IPAddress");
    expect(await from("peer", `${HOST}:8080`)).toBe(`web ${peer}`);
    expect(await from("peer", "172.17.0.1:8080")).toBe(`web ${peer}`);
    expect(await from("peer", web)).toBe(`web ${peer}`);
    expect(await from("web", `${HOST}:8080`)).toBe("web 172.17.0.1");
  });

  it("lets nobody else in: neither another machine to a container's own address, nor to loopback ports", async () => {
    await serve("shy", "-p", "127.0.0.1:8081:80");
    await listening("shy", "127.0.0.1:8081");
    const shy = await field("shy", "bridge", "IPAddress");
    expect(await fromLan(`${HOST}:8081`)).toBe("");
    await sh(`ip -n lan route add 172.16.0.0/12 via ${HOST}; ip -n lan route add 127.0.0.1/32 via ${HOST} table 99
      ip netns exec lan sysctl -qw net.ipv4.conf.all.route_localnet=1; ip -n lan rule add pref 0 to 127.0.0.1 lookup 99`);
    expect(await fromLan(shy)).toBe("");
    expect(await fromLan("127.0.0.1:8081")).toBe("");
    expect(await from("peer", "127.0.0.1:8081")).toBe("");
    expect(await from("peer", `${HOST}:8081`)).toBe("");
    // A container may make its own routes; the host's loopback is closed to it.
    await ok("run", "-d", "--name", "sneaky", "--privileged", "busybox", "sleep", "600");
    await inside(
      "sneaky",
      "sysctl -w net.ipv4.conf.all.route_localnet=1; ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1/32 via 172.17.0.1 src 172.17.0.9",
    );
    expect(await from("sneaky", "127.0.0.1:8081")).toBe("");
    await ok("rm", "-f", "sneaky", "shy");
  });

  it("refuses a port that is taken, and says who has it", async () => {
    expect(await fails("run", "-d", "-p", "8080:80", "busybox", "true")).toContain(
      "Bind for 0.0.0.0:8080 failed: port is already allocated: container web has it",
    );
    const server = machine.exec("busybox", ["nc", "-l", "-p", "8099"]);
    await until("nc listens", async () => (await sh("ss -tln")).stdout.includes(":8099"));
    expect(await fails("run", "-d", "-p", "8099:80", "busybox", "true")).toMatch(
      /port is already allocated: (nc|busybox) \(pid \d+\) has it/,
    );
    await sh("echo | busybox nc 127.0.0.1 8099");
    await server;
  });

  it("keeps networks apart, in both directions, by address and by the bridges' addresses", async () => {
    await ok("network", "create", "one");
    await ok("network", "create", "two");
    await serve("aa", "--network", "one", "-p", "8001:80");
    await serve("bb", "--network", "two", "-p", "8002:80");
    await listening("aa", `${HOST}:8001`);
    await listening("bb", `${HOST}:8002`);
    const [a, b] = [await field("aa", "one", "IPAddress"), await field("bb", "two", "IPAddress")];
    const [gatewayA, gatewayB] = [await field("aa", "one", "Gateway"), await field("bb", "two", "Gateway")];
    for (const [who, address] of [
      ["aa", b],
      ["bb", a],
      ["peer", a],
      ["aa", await field("web", "bridge", "IPAddress")],
    ] as const)
      expect([who, address, await from(who, address)]).toEqual([who, address, ""]);
    expect(await from("aa", `${gatewayB}:8002`)).toBe("");
    expect(await from("bb", `${gatewayA}:8001`)).toBe("");
    expect(await from("aa", `${gatewayA}:8002`)).toBe("");
    // By the host's own address, which is how the rest of the world comes.
    expect(await from("aa", `${HOST}:8002`)).toBe(`bb ${a}`);
    expect(await from("bb", `${HOST}:8001`)).toBe(`aa ${b}`);
  });

  it("finds containers by name on a network of the user's", async () => {
    await ok("run", "-d", "--name", "cc", "--network", "one", "--network-alias", "third", "busybox", "sleep", "600");
    expect(await from("cc", "aa")).toBe(`aa ${await field("cc", "one", "IPAddress")}`);
    expect(await inside("aa", "ping -c 1 -W 2 third | head -1")).toContain(await field("cc", "one", "IPAddress"));
    expect(await inside("bb", "nslookup aa 2>&1")).toContain("can't");
    await ok("rm", "-f", "cc");
  });

  it("joins and leaves networks while it runs", async () => {
    await ok("network", "connect", "--alias", "guest", "two", "aa");
    expect(await from("aa", "bb")).toBe(`bb ${await field("aa", "two", "IPAddress")}`);
    expect(await from("bb", "guest")).toMatch(/^aa /);
    expect(await inside("aa", "ip -o link | grep -c eth")).toBe("2");
    await ok("network", "disconnect", "two", "aa");
    expect(await inside("aa", "ip -o link | grep -c eth")).toBe("1");
    expect(await from("aa", await field("bb", "two", "IPAddress"))).toBe("");
    expect(await fails("network", "disconnect", "two", "aa")).toContain("is not connected to network two");
    expect(await fails("network", "rm", "two")).toContain("has active endpoints");
  });

  it("passes nothing out of an internal network", async () => {
    await ok("network", "create", "--internal", "closed");
    await ok("run", "-d", "--name", "in", "--network", "closed", "--privileged", "busybox", "sleep", "600");
    await serve("in2", "--network", "closed");
    expect(await inside("in", "ip route")).not.toContain("default");
    await until("in2 answers", async () => (await from("in", "in2")).startsWith("in2"));
    const gateway = (await ok("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "closed")).trim();
    await inside("in", `ip route add default via ${gateway}`);
    expect(await inside("in", `ping -c 1 -W 1 ${LAN} | grep -c "1 packets received"`)).toBe("0");
    await sh("nft delete table inet berth");
    expect(await inside("in", `ping -c 1 -W 1 ${LAN} | grep -c "1 packets received"`)).toBe("0");
    await ok("rm", "-f", "in", "in2");
    await ok("network", "rm", "closed");
  });

  it("repairs the firewall within a second after a flush, with isolation closed meanwhile", async () => {
    const b = await field("bb", "two", "IPAddress");
    const flood = inside("aa", `ping -c 300 -i 0.01 -W 1 ${b} | grep "bytes from"; echo end`);
    for (let round = 0; round < 5; round++) {
      await sh("nft flush ruleset");
      await until(
        "the rules are back",
        async () => (await sh("nft list map inet berth any4")).stdout.includes("8001"),
        1000,
      );
    }
    expect(await flood).toBe("end");
    expect(await fromLan(`${HOST}:8001`)).toBe(`aa ${LAN}`);
  });

  it("keeps everything over a crash and a restart of the daemon", async () => {
    const before = await ok(
      "inspect",
      "-f",
      "{{json .NetworkSettings.Networks}} {{json .NetworkSettings.Ports}}",
      "aa",
    );
    await daemon.restart("SIGKILL");
    expect(await ok("inspect", "-f", "{{json .NetworkSettings.Networks}} {{json .NetworkSettings.Ports}}", "aa")).toBe(
      before,
    );
    expect(await fromLan(`${HOST}:8001`)).toBe(`aa ${LAN}`);
    expect(await fails("run", "-d", "-p", "8001:80", "busybox", "true")).toContain("container aa has it");
    await ok("run", "-d", "--name", "dd", "--network", "one", "busybox", "sleep", "600");
    expect(await field("dd", "one", "IPAddress")).not.toBe(await field("aa", "one", "IPAddress"));
    expect(await from("dd", "aa")).toMatch(/^aa /);
    await ok("rm", "-f", "dd");
  });

  it("speaks IPv6, alone and beside IPv4", async () => {
    await ok("network", "create", "--ipv6", "dual");
    await serve("six", "--network", "dual", "-p", "8006:80", "-e", "PORT=[::]:80");
    await until("six answers", async () => (await fromHost(`[${HOST6}]:8006`)).startsWith("six"));
    expect(await fromLan(`[${HOST6}]:8006`)).toBe(`six ${LAN6}`);
    expect(await fromLan(`${HOST}:8006`)).toMatch(/^six /);
    expect(await ok("port", "six")).toBe("80/tcp -> 0.0.0.0:8006\n80/tcp -> [::]:8006");
    await ok("network", "create", "--ipv6", "--ipv4=false", "--subnet", "fd00:77::/64", "only6");
    await ok("run", "-d", "--name", "s6", "--network", "only6", "busybox", "sleep", "600");
    expect(await inside("s6", "ip -4 addr show eth0")).toBe("");
    expect(await field("s6", "only6", "GlobalIPv6Address")).toBe("fd00:77::2");
    await ok("rm", "-f", "six", "s6");
    await ok("network", "rm", "dual", "only6");
  });

  it("takes no subnet that the host routes, and refuses one that is taken", async () => {
    await sh("ip route add 172.20.0.0/16 dev lan0; ip route add 172.18.3.0/24 dev lan0");
    const subnets: string[] = [];
    for (let index = 0; index < 4; index++) {
      await ok("network", "create", `pool${index}`);
      subnets.push(await ok("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", `pool${index}`));
    }
    expect(new Set(subnets).size).toBe(4);
    for (const subnet of subnets) expect(subnet).toMatch(/^172\.17\.\d+\.0\/24$/);
    expect(await fails("network", "create", "--subnet", subnets[0] ?? "", "twice")).toContain(
      "Pool overlaps with other one",
    );
    await ok("network", "prune", "-f");
    expect(await ok("network", "ls", "-q", "--filter", "type=custom")).not.toBe("");
    await ok("rm", "-f", "aa", "bb");
    await ok("network", "prune", "-f");
    expect(await ok("network", "ls", "-q", "--filter", "type=custom")).toBe("");
    expect((await json("ip -j link show type bridge")).length).toBe(1);
  });
});
