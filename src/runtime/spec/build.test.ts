import { describe, expect, test } from "vitest";
import type { HostConfig } from "../../spec/api/index.ts";
import { containerCgroupPath, lookupUser } from "../../system/index.ts";
import { adaptHostConfig } from "./adapt.ts";
import { bindMount } from "./bind-mount.ts";
import { buildSpec, commandOf } from "./build.ts";
import { resolveDevices } from "./devices.ts";
import type { NamespaceChoice, ResolvedMount, SpecInput } from "./input.ts";
import { tmpfsMount } from "./mounts.ts";
import { dockerCases, essenceOf, recordedOn, seccompEssence } from "./testdata/docker-cases.ts";
import { tmpfsData } from "./tmpfs.ts";
import { validateHostConfig } from "./validate/index.ts";

const passwd = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:web:/var/www:/bin/false\n";
const group = "root:x:0:\nwww:x:34:\nextra:x:50:web\naudio:x:29:\n";

const choice = (mode: string | undefined): NamespaceChoice => (mode === "host" ? "host" : "new");

function ownFiles(hostConfig: HostConfig): ResolvedMount[] {
  return ["resolv.conf", "hostname", "hosts"].map((name) =>
    bindMount(
      { source: `/state/${name}`, destination: `/etc/${name}`, readOnly: hostConfig.ReadonlyRootfs ?? false },
      recordedOn,
    ),
  );
}

/** What the volumes' part of the engine makes of binds and mounts, as far as the cases need it. */
function userMounts(hostConfig: HostConfig): ResolvedMount[] {
  const binds = (hostConfig.Binds ?? []).map((text) => {
    const [source = "", destination = "", mode] = text.split(":");
    const volume = !source.startsWith("/");
    return bindMount(
      {
        source: volume ? `/volumes/${source}/_data` : source,
        destination,
        readOnly: mode === "ro",
        ...(volume && { propagation: "" }),
      },
      recordedOn,
    );
  });
  const mounts = (hostConfig.Mounts ?? []).map((mount) => {
    const { Source: source = "", Target: destination = "", BindOptions: options = {} } = mount;
    if (mount.Type === "tmpfs") return tmpfsMount(destination, tmpfsData(mount.TmpfsOptions, false));
    return bindMount(
      {
        source,
        destination,
        readOnly: mount.ReadOnly ?? false,
        nonRecursive: options.NonRecursive ?? false,
        readOnlyNonRecursive: options.ReadOnlyNonRecursive ?? false,
        ...(options.Propagation !== undefined && { propagation: options.Propagation }),
      },
      recordedOn,
    );
  });
  const tmpfs = Object.entries(hostConfig.Tmpfs ?? {}).map(([destination, data]) => tmpfsMount(destination, data));
  return [...binds, ...mounts, ...tmpfs];
}

type Case = (typeof dockerCases)[number];

function inputFor(entry: Pick<Case, "hostConfig" | "config"> & { devices?: SpecInput["devices"] }): SpecInput {
  const { config } = entry;
  const adapted = adaptHostConfig(entry.hostConfig, { machine: recordedOn });
  const { hostConfig } = validateHostConfig(adapted, recordedOn, { ...config, Hostname: "" });
  return {
    id: "ID",
    config,
    hostConfig,
    rootfs: "/root",
    user: lookupUser(passwd, group, config.User ?? "", hostConfig.GroupAdd ?? []),
    mounts: [...ownFiles(hostConfig), ...userMounts(hostConfig)],
    devices: entry.devices ?? resolveDevices({ ...hostConfig, Devices: [] }),
    blockDevices: new Map([["/dev/vda", { major: 254, minor: 0 }]]),
    hostname: config.Hostname ?? "",
    cgroupPath: containerCgroupPath("ID", hostConfig.CgroupParent || "/docker"),
    namespaces: {
      network: choice(hostConfig.NetworkMode),
      pid: choice(hostConfig.PidMode),
      ipc: choice(hostConfig.IpcMode),
      uts: choice(hostConfig.UTSMode),
      cgroup: hostConfig.CgroupnsMode === "private" ? "new" : "host",
    },
    ...(hostConfig.IpcMode === "shareable" && { shmPath: "/state/mounts/shm" }),
    initPath: "/usr/bin/docker-init",
    machine: recordedOn,
  };
}

describe("a container is confined as Docker 26.1 confines it", () => {
  test.each(dockerCases.map((entry) => [entry.name, entry] as const))("%s", (_name, entry) => {
    const { maskedPaths: masked, mounts, ...expected } = entry.spec;
    const privileged = entry.hostConfig.Privileged ?? false;
    // What nodes a machine has is its own affair: the live cases are in devices.test.ts.
    const devices = { devices: expected.devices, rules: expected.deviceRules };
    const spec = buildSpec(inputFor({ ...entry, ...(entry.name.startsWith("device") && { devices }) }));
    const { maskedPaths, mounts: made, ...essence } = essenceOf(spec);
    const sameDevices = privileged ? { devices: expected.devices } : {};
    // A relative parent is taken from the root here, and from the daemon's own cgroup there.
    const cgroupsPath = `/${expected.cgroupsPath}`.replace("//", "/");
    const sets = (names: string[]) => [...names].sort();
    expect({ ...essence, ...sameDevices, capabilities: sets(essence.capabilities) }).toEqual({
      ...expected,
      cgroupsPath,
      capabilities: sets(expected.capabilities),
    });
    const byPlace = (list: typeof made) => [...list].sort((a, b) => (a.destination < b.destination ? -1 : 1));
    expect(byPlace(made)).toEqual(byPlace(mounts));
    expect(maskedPaths).toEqual(expect.arrayContaining(masked));
    expect(maskedPaths.length > 0).toBe(masked.length > 0);
    expect(spec.process.capabilities).toEqual({
      bounding: essence.capabilities,
      effective: essence.capabilities,
      permitted: essence.capabilities,
    });
  });
});

const plain = dockerCases.find((entry) => entry.name === "default") as Case;
const input = (hostConfig: HostConfig = {}, config = {}) =>
  inputFor({ hostConfig: { ...plain.hostConfig, ...hostConfig }, config: { ...plain.config, ...config } });

test("mounts come after those that they lie in", () => {
  const spec = buildSpec(input({ Tmpfs: { "/a/b/c": "", "/a": "", "/a/b": "" } }));
  const places = spec.mounts.map((mount) => mount.destination).filter((place) => place.startsWith("/a"));
  expect(places).toEqual(["/a", "/a/b", "/a/b/c"]);
});

test("the host's network brings no network settings and no namespace", () => {
  const spec = buildSpec(input({ NetworkMode: "host" }));
  expect(spec.linux.sysctl).toBeUndefined();
  expect(spec.linux.namespaces.map((namespace) => namespace.type)).not.toContain("network");
});

test("another container's namespaces are joined by path", () => {
  const base = input();
  const namespaces = { ...base.namespaces, pid: { path: "/proc/7/ns/pid" }, network: { path: "/proc/7/ns/net" } };
  const spec = buildSpec({ ...base, namespaces, hostConfig: { ...base.hostConfig, Init: true } });
  expect(spec.linux.namespaces).toContainEqual({ type: "pid", path: "/proc/7/ns/pid" });
  expect(spec.linux.namespaces).toContainEqual({ type: "network", path: "/proc/7/ns/net" });
  expect(spec.process.args).toEqual(["sleep", "60"]);
  expect(spec.linux.sysctl).toBeUndefined();
});

test.each([
  [{ NetworkMode: "host", Sysctls: { "net.ipv4.ip_forward": "1" } }, "not allowed in host network namespace"],
  [{ NetworkMode: "host", Sysctls: { "net/ipv4/ip_forward": "1" } }, "not allowed in host network namespace"],
  [{ IpcMode: "host", Sysctls: { "kernel.msgmax": "1" } }, "is not allowed in the hosts ipc namespace"],
  [{ IpcMode: "host", Sysctls: { "fs.mqueue.msg_max": "1" } }, "is not allowed in the hosts ipc namespace"],
  [{ UTSMode: "host", Sysctls: { "kernel.domainname": "x" } }, "is not allowed in the hosts uts namespace"],
  [{ Sysctls: { "kernel.hostname": "x" } }, 'conflicts with the OCI "hostname" field'],
  [{ Sysctls: { "kernel.core_pattern": "|/x" } }, "is not in a separate kernel namespace"],
  [{ Sysctls: { "vm.swappiness": "1" } }, "is not in a separate kernel namespace"],
])("sysctl %j is refused", (hostConfig, message) => {
  expect(() => buildSpec(input(hostConfig as HostConfig))).toThrow(message);
});

test("an init that the host has not, a graphics card and an empty command are refused", () => {
  const { initPath: _, ...without } = input({ Init: true });
  expect(() => buildSpec(without)).toThrow("docker-init");
  const request = { Driver: "", Capabilities: [["gpu"]], Count: -1 };
  expect(() => buildSpec(input({ DeviceRequests: [request] }))).toThrow(
    'could not select device driver "" with capabilities: [[gpu]]',
  );
  expect(() => commandOf({})).toThrow("no command specified");
  expect(commandOf({ Entrypoint: ["a"], Cmd: ["b"] })).toEqual(["a", "b"]);
});

test("the daemon's defaults hold where the container says nothing", () => {
  const defaults = {
    ulimits: [
      { Name: "nofile", Soft: 1, Hard: 2 },
      { Name: "nproc", Soft: -1, Hard: -1 },
    ],
    noNewPrivileges: true,
    seccompProfile: "unconfined",
  };
  const spec = buildSpec({ ...input({ Ulimits: [{ Name: "nofile", Soft: 5, Hard: 6 }] }), defaults });
  expect(spec.process.rlimits).toEqual([
    { type: "RLIMIT_NOFILE", soft: 5, hard: 6 },
    { type: "RLIMIT_NPROC", soft: 2 ** 64, hard: 2 ** 64 },
  ]);
  expect(spec.process.noNewPrivileges).toBe(true);
  expect(spec.linux.seccomp).toBeUndefined();
  const own = buildSpec({ ...input({ SecurityOpt: ["seccomp=builtin", "no-new-privileges=false"] }), defaults });
  expect(own.process.noNewPrivileges).toBeUndefined();
  expect(seccompEssence(own.linux.seccomp)).toEqual(plain.spec.seccomp);
});

test("a shared mount makes the root shared, a slave makes it a slave", () => {
  const bind = (propagation: string) => bindMount({ source: "/a", destination: "/b", propagation }, recordedOn);
  const propagationWith = (propagation: string) =>
    buildSpec({ ...input(), mounts: [bind(propagation)] }).linux.rootfsPropagation;
  expect(propagationWith("rshared")).toBe("shared");
  expect(propagationWith("slave")).toBe("rslave");
  expect(propagationWith("private")).toBeUndefined();
});
