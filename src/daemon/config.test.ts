import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig, readCommandLine } from "./load-config.ts";

let dir: string;
let count = 0;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "berth-config-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** The configuration of flags and, where given, a daemon.json. */
function load(flags: string[] = [], json?: unknown) {
  const path = join(dir, `${count++}.json`);
  if (json !== undefined) writeFileSync(path, typeof json === "string" ? json : JSON.stringify(json));
  return loadConfig(readCommandLine([...(json === undefined ? [] : ["--config-file", path]), ...flags]));
}

describe("the command line", () => {
  it("has defaults of its own", () => {
    expect(load()).toMatchObject({
      dataRoot: "/var/lib/berth",
      execRoot: "/run/berth",
      pidfile: "/run/berth/berth.pid",
      hosts: [{ kind: "unix", path: "/run/berth/berth.sock" }],
      debug: false,
      logLevel: "info",
      logDriver: "json-file",
      maxConcurrentDownloads: 3,
      shutdownTimeoutMs: 15_000,
      tls: undefined,
      defaultCgroupnsMode: "private",
      defaultShmSize: 64 * 1024 * 1024,
      warnings: [],
    });
  });

  it("takes what dockerd takes", () => {
    const config = load([
      ..."-D -l warn --data-root /d/ --exec-root=/e -p /p -G wheel -H unix:///a -H tcp://127.0.0.1:0".split(" "),
      ..."--label a=b --dns 9.9.9.9 --dns-opt ndots:2 --dns-search x --log-opt max-size=1m --log-driver local".split(
        " ",
      ),
      ..."--default-ulimit nofile=1:2 --default-ulimit core=-1 --add-runtime x=/bin/x --default-runtime x".split(" "),
      ..."--insecure-registry https://r:1 --registry-mirror http://m --default-shm-size 1g --init".split(" "),
      ..."--storage-driver overlay2 --live-restore --exec-opt native.cgroupdriver=cgroupfs".split(" "),
    ]);
    expect(config).toMatchObject({
      debug: true,
      logLevel: "warn",
      dataRoot: "/d",
      execRoot: "/e",
      pidfile: "/p",
      group: "wheel",
      hosts: [
        { kind: "unix", path: "/a" },
        { kind: "tcp", host: "127.0.0.1", port: 0 },
      ],
      labels: ["a=b"],
      dns: ["9.9.9.9"],
      logOpts: { "max-size": "1m" },
      defaultUlimits: [
        { Name: "nofile", Soft: 1, Hard: 2 },
        { Name: "core", Soft: -1, Hard: -1 },
      ],
      runtimes: { x: { path: "/bin/x", args: [] } },
      defaultRuntime: "x",
      insecureRegistries: ["r:1"],
      registryMirrors: ["http://m/"],
      defaultShmSize: 2 ** 30,
      init: true,
      warnings: [],
    });
  });

  it.each([
    ["--nope", /unknown flag: --nope/],
    ["extra", /accepts no arguments/],
    ["--label=foo", /invalid argument "foo" for "--label" flag: bad attribute format: foo/],
    ["--dns=zz", /invalid string being converted to IP address: zz/],
    [
      "-H=udp://x",
      /invalid argument "udp:\/\/x" for "-H, --host" flag: invalid bind address \(udp:\/\/x\): unsupported proto 'udp'/,
    ],
    ["--add-runtime=x", /invalid runtime argument: x/],
    ["--add-runtime=runc=/x", /runtime name 'runc' is reserved/],
    ["--registry-mirror=zz", /invalid mirror/],
    ["--registry-mirror=ftp://zz", /unsupported scheme "ftp"/],
    ["--default-ulimit=zz", /invalid ulimit argument: zz/],
    ["--default-ulimit=nofile=2:1", /soft limit must be less than or equal/],
    ["--log-level=zz", /invalid logging level: zz/],
    ["--log-format=zz", /invalid log format: zz/],
    ["--default-ipc-mode=zz", /invalid IPC mode: zz/],
    ["--default-cgroupns-mode=zz", /invalid default cgroup namespace mode: zz/],
    ["--max-concurrent-downloads=-1", /invalid max concurrent downloads: -1/],
    ["--data-root=here", /must be an absolute path/],
    ["--storage-driver=zfs", /storage-driver zfs is not supported/],
    ["--storage-opt=overlay2.size=1G", /storage-opt overlay2.size=1G is not supported/],
    ["--exec-opt=foo", /unable to parse key\/value option: foo/],
    ["--exec-opt=foo=bar", /Unknown option "foo"/],
    // what would be less safe if it were left out is no warning
    ["--authorization-plugin=x", /not supported: without its plugin every request would be allowed/],
    ["--userns-remap=default", /not supported/],
    ["--selinux-enabled", /not supported/],
    ["--api-cors-header=*", /not supported/],
  ])("refuses %s", (flag, message) => {
    expect(() => load([flag])).toThrow(message);
  });

  it.each(["--containerd=/x", "--metrics-addr=:1", "--userland-proxy-path=/x", "--live-restore=false"])(
    "accepts %s with a warning",
    (flag) => {
      expect(load([flag]).warnings).toHaveLength(1);
    },
  );

  it("reads what is said of networks, and refuses what is no address", () => {
    const flags = ["--bip=10.9.0.1/24", "--default-address-pool=base=10.0.0.0/8,size=26", "--icc=false", "--mtu=1400"];
    expect(load(flags).networks).toMatchObject({
      bip: "10.9.0.1/24",
      pools: [{ base: "10.0.0.0/8", size: 26 }],
      icc: false,
      mtu: 1400,
      firewall: true,
      publishOn: "0.0.0.0",
    });
    for (const flag of [
      "--bip=10.9.0.1",
      "--ip=x",
      "--default-gateway=1.2.3",
      "--default-address-pool=base=10.0.0.0/8,size=4",
    ])
      expect(() => load([flag])).toThrow(/invalid/);
    expect(() => load(["--iptables=false", "--icc=false"])).toThrow("--iptables=false with --icc=false");
  });

  it("says nothing where such a flag has its default", () => {
    expect(load(["--iptables=true", "--mtu=1500", "--userland-proxy", "--bip="]).warnings).toEqual([]);
  });
});

describe("addresses", () => {
  it.each(["tcp://0.0.0.0:2375", "tcp://:2375", "tcp://192.168.1.2:1", "tcp://example.org:1", "tcp://[::]:1"])(
    "%s needs client certificates or a loud flag",
    (host) => {
      expect(() => load(["-H", host])).toThrow(/--insecure-tcp/);
      expect(() => load(["-H", host, "--tls"])).toThrow(/--insecure-tcp/);
      expect(load(["-H", host, "--insecure-tcp"]).hosts).toHaveLength(1);
      expect(load(["-H", host, "--tlsverify"]).tls).toMatchObject({ verify: true });
    },
  );

  it.each(["tcp://127.0.0.1:2375", "tcp://localhost:2375", "tcp://[::1]:2375"])("%s is loopback", (host) => {
    expect(load(["-H", host]).hosts).toHaveLength(1);
  });

  it("refuses paths and ssh", () => {
    expect(() => load(["-H", "tcp://127.0.0.1:1/x"])).toThrow(/should not contain a path element/);
    expect(() => load(["-H", "ssh://x"])).toThrow(/cannot listen on/);
  });
});

describe("daemon.json", () => {
  it("has the flags' names, plural where they are lists, and objects", () => {
    const config = load([], {
      "data-root": "/d",
      hosts: ["unix:///a"],
      labels: ["a=b"],
      "log-opts": { "max-file": "3" },
      "default-shm-size": "64M",
      "default-ulimits": { nofile: { Name: "nofile", Soft: 1, Hard: 2 } },
      runtimes: { x: { path: "/x", runtimeArgs: ["--debug"] } },
      proxies: { "http-proxy": "http://p" },
      "insecure-registries": ["r"],
      "exec-opts": ["native.cgroupdriver=systemd"],
      features: {},
      debug: true,
    });
    expect(config).toMatchObject({
      dataRoot: "/d",
      hosts: [{ path: "/a" }],
      labels: ["a=b"],
      logOpts: { "max-file": "3" },
      defaultShmSize: 64 * 1024 * 1024,
      defaultUlimits: [{ Name: "nofile", Soft: 1, Hard: 2 }],
      runtimes: { x: { path: "/x", args: ["--debug"] } },
      debug: true,
    });
    expect(config.warnings).toEqual([
      expect.stringContaining("http-proxy has no effect"),
      expect.stringContaining("native.cgroupdriver=systemd has no effect"),
    ]);
  });

  it("may be empty, and may be missing where it was not named", () => {
    expect(load([], "").debug).toBe(false);
    expect(load([], "{}").debug).toBe(false);
    expect(() => load(["--config-file", join(dir, "none")])).toThrow(
      `unable to configure the daemon with file ${join(dir, "none")}: open ${join(dir, "none")}: no such file or directory`,
    );
  });

  it.each<[unknown, RegExp]>([
    [{ foo: 1, bar: 2, debug: true }, /the following directives don't match any configuration option: bar, foo/],
    [{ "config-file": "x" }, /don't match any configuration option: config-file/],
    ["{", /unable to configure the daemon with file .*JSON/],
    ["[]", /must be a JSON object/],
    [{ debug: "x" }, /debug: expected true or false/],
    [{ labels: "x" }, /labels: expected a list of strings/],
    [{ labels: ["x"] }, /bad attribute format: x/],
    [{ hosts: ["udp://x"] }, /unsupported proto 'udp'/],
    [{ runtimes: { x: {} } }, /x has no path/],
    [{ runtimes: { x: { path: "/x", runtimeType: "io.containerd.x" } } }, /for containerd/],
    [{ "default-ulimits": { nofile: 3 } }, /nofile needs Name, Soft and Hard/],
    [{ "max-concurrent-downloads": 0 }, /invalid max concurrent downloads: 0/],
    [{ labels: ["a=1", "a=2"] }, /conflict labels for a=2 and a=1/],
  ])("%j is refused", (json, message) => {
    expect(() => load([], json)).toThrow(message);
  });

  it("must not say again what a flag says", () => {
    const flags = ["-D", "--label", "x=y", "-H", "unix:///y", "--http-proxy", "http://y"];
    const json = { debug: true, labels: ["a=b"], hosts: ["unix:///x"], proxies: { "http-proxy": "http://x" } };
    expect(() => load(flags, json)).toThrow(
      "the following directives are specified both as a flag and in the configuration file: debug: (from flag: true, from file: true), hosts: (from flag: [unix:///y], from file: [unix:///x]), http-proxy: (from flag: http://y, from file: http://x), labels: (from flag: [x=y], from file: [a=b])",
    );
  });

  it("adds its runtimes to those of flags", () => {
    const config = load(["--add-runtime", "a=/a"], { runtimes: { b: { path: "/b" } } });
    expect(Object.keys(config.runtimes).sort()).toEqual(["a", "b"]);
  });
});
