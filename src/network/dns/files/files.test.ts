import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { changeHostsFile, containerResolvConf, createHostResolver, hostsFile, parseExtraHost } from "./index.ts";
import { parseResolvConf } from "./resolv-conf.ts";

const nothing = { servers: [], search: [], options: [] };
const host =
  "# x\nnameserver 127.0.0.53\nnameserver 10.0.0.1\nnameserver fd00::1\nsearch a b\noptions timeout:2 rotate\nsortlist 1.2.3.4\n";
const embedded = { nameServer: "127.0.0.11" };

test("on a user network the file names the engine's server, which asks the host's from the host", () => {
  const { text, upstreams } = containerResolvConf(host, nothing, embedded, false);
  expect(text).toBe("nameserver 127.0.0.11\nsearch a b\noptions timeout:2 rotate ndots:0\nsortlist 1.2.3.4\n");
  expect(upstreams.servers).toEqual(
    ["127.0.0.53", "10.0.0.1", "fd00::1"].map((address) => ({ address, from: "host" })),
  );
  expect(upstreams).toMatchObject({ ndotsSet: false, timeoutMs: 600 });
});

test("servers that the user names are asked from the container; search '.' is none", () => {
  const choice = { servers: ["9.9.9.9", "127.0.0.1"], search: ["."], options: ["ndots:2", "attempts:3"] };
  const { text, upstreams } = containerResolvConf(host, choice, embedded, false);
  expect(text).toBe("nameserver 127.0.0.11\noptions ndots:2 attempts:3\nsortlist 1.2.3.4\n");
  expect(upstreams.servers.map(({ from }) => from)).toEqual(["container", "container"]);
  expect(upstreams).toMatchObject({ ndotsSet: true, attempts: 3 });
  expect(containerResolvConf("", { ...nothing, options: ["ndots:x"] }, embedded, false).text).toContain(
    "options ndots:0\n",
  );
});

test("on the bridge the host's own servers are left out, and IPv6 ones without IPv6", () => {
  const lines = (text: string) => text.split("\n").filter((line) => line.startsWith("nameserver"));
  expect(lines(containerResolvConf(host, nothing, "bridge", false).text)).toEqual(["nameserver 10.0.0.1"]);
  expect(lines(containerResolvConf(host, nothing, "bridge", true).text)).toHaveLength(2);
  expect(lines(containerResolvConf("nameserver 127.0.0.1", nothing, "bridge", false).text)).toEqual([
    "nameserver 8.8.8.8",
    "nameserver 8.8.4.4",
  ]);
  const chosen = containerResolvConf(host, { ...nothing, servers: ["127.0.0.1"] }, "bridge", false);
  expect(lines(chosen.text)).toEqual(["nameserver 127.0.0.1"]);
  expect(containerResolvConf(host, nothing, "host", false).text).toContain("nameserver 127.0.0.53\n");
});

test("a resolv.conf that was written is read the same; any text is read", () => {
  fc.assert(
    fc.property(fc.array(fc.ipV4()), fc.array(fc.stringMatching(/^[a-z]{1,8}$/)), (servers, search) => {
      const { text } = containerResolvConf("", { ...nothing, servers, search }, "host", false);
      expect(parseResolvConf(text)).toMatchObject({ servers, search });
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => void containerResolvConf(text, nothing, embedded, true)));
});

const options = { hostname: "h", domainname: "", extraHosts: [], hostGateway: [], addresses: [], ipv6: true };

test("hosts: added ones, then the container's own addresses with its names", () => {
  const extraHosts = ["x:1.2.3.4", "gw=host-gateway", "six:[::2]"];
  const text = hostsFile({
    ...options,
    domainname: "a.b",
    extraHosts,
    hostGateway: ["172.17.0.1"],
    addresses: ["10.0.0.2"],
  });
  expect(text).toMatch(
    /^127\.0\.0\.1\tlocalhost\n::1\t.*\n[\s\S]*\n1\.2\.3\.4\tx\n172\.17\.0\.1\tgw\n::2\tsix\n10\.0\.0\.2\th\.a\.b h\n$/,
  );
  const without = hostsFile({
    ...options,
    extraHosts: ["six:::2", "x:1.1.1.1"],
    addresses: ["fd00::1", "10.0.0.2"],
    ipv6: false,
  });
  expect(without).toBe("127.0.0.1\tlocalhost\n1.1.1.1\tx\n10.0.0.2\th\n");
  expect(parseExtraHost("name:fd00::1")).toEqual({ name: "name", address: "fd00::1" });
});

test("joining and leaving a network changes the container's own lines alone", () => {
  const own = { hostname: "h.x", domainname: "" };
  const before = hostsFile({ ...options, ...own, addresses: ["10.0.0.2", "10.0.1.2"] });
  const edited = `${before}10.0.0.2\tmine`;
  const after = changeHostsFile(edited, own, ["10.0.0.2"], ["10.9.0.2"]);
  expect(after).toBe(`${edited.replace("10.0.0.2\th.x h\n", "")}\n10.9.0.2\th.x h\n`);
});

test("the host's file is read again when it changes, and its stub is looked behind", () => {
  const folder = mkdtempSync("/dev/shm/berth-resolv-");
  const clock = vi.spyOn(performance, "now").mockReturnValue(0);
  try {
    const path = join(folder, "resolv.conf");
    const put = (text: string) => {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    };
    put("nameserver 127.0.0.53\n");
    writeFileSync(join(folder, "behind"), "nameserver 10.0.0.9\n");
    const resolver = createHostResolver(path, join(folder, "behind"));
    const addresses = () => resolver.upstreams().servers.map(({ address }) => address);
    expect(addresses()).toEqual(["127.0.0.53"]);
    expect(resolver.text(true)).toContain("10.0.0.9");
    expect(resolver.text(false)).toContain("127.0.0.53");
    put("nameserver 10.8.0.1\n");
    expect(addresses()).toEqual(["127.0.0.53"]);
    clock.mockReturnValue(1001);
    expect(addresses()).toEqual(["10.8.0.1"]);
    rmSync(path);
    clock.mockReturnValue(3000);
    expect(addresses()).toEqual([]);
  } finally {
    clock.mockRestore();
    rmSync(folder, { recursive: true });
  }
});
