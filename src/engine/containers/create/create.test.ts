import fc from "fast-check";
import { expect, test } from "vitest";
import { BerthError } from "../../../lib/index.ts";
import type { ContainerConfig, EndpointSettings, HostConfig, Mount } from "../../../spec/api/index.ts";
import { imageRecord, testMachine } from "../testing/fake-context.ts";
import { planLog } from "./log-config.ts";
import { mergeConfig } from "./merge-config.ts";
import { isMountMode } from "./mount-mode.ts";
import { parseBind, parseMount } from "./mount-request.ts";
import { planNetwork } from "./network-mode.ts";
import { type CreateFacts, planCreate } from "./plan-create.ts";
import { planMounts } from "./plan-mounts.ts";

const image: ContainerConfig = {
  Entrypoint: ["/entry"],
  Cmd: ["default"],
  Env: ["PATH=/bin", "A=image"],
  Labels: { a: "image", b: "image" },
  User: "app",
  WorkingDir: "/srv",
  Volumes: { "/data": {} },
  StopSignal: "SIGINT",
};

test.each<[string, ContainerConfig, Partial<ContainerConfig>]>([
  ["nothing", {}, { Entrypoint: ["/entry"], Cmd: ["default"], User: "app", WorkingDir: "/srv", StopSignal: "SIGINT" }],
  ["a command", { Cmd: ["x"] }, { Entrypoint: ["/entry"], Cmd: ["x"] }],
  ["an entrypoint drops the image's command", { Entrypoint: ["x"] }, { Entrypoint: ["x"], Cmd: null }],
  ['an entrypoint [""] resets it', { Entrypoint: [""], Cmd: ["y"] }, { Entrypoint: null, Cmd: ["y"] }],
  ["env: the user's first", { Env: ["A=mine", "Z=1"] }, { Env: ["A=mine", "Z=1", "PATH=/bin"] }],
  ["labels", { Labels: { a: "mine" } }, { Labels: { a: "mine", b: "image" } }],
  ["volumes", { Volumes: { "/x": {} } }, { Volumes: { "/data": {}, "/x": {} } }],
  ["a user", { User: "0" }, { User: "0" }],
])("an image's configuration completes the user's: %s", (_, user, expected) => {
  expect(mergeConfig(user, image)).toMatchObject(expected);
});

test("a health check of the user's fills in from the image's", () => {
  const own = { Test: ["CMD", "a"], Interval: 5e9 };
  expect(mergeConfig({ Healthcheck: { Interval: 1e9 } }, { Healthcheck: own }).Healthcheck).toEqual({
    Test: ["CMD", "a"],
    Interval: 1e9,
  });
});

test.each([
  [
    "/src:/dst",
    { type: "bind", source: "/src", destination: "/dst", readWrite: true, mode: "", propagation: "rprivate" },
  ],
  ["/src/:/dst/:ro", { source: "/src/", destination: "/dst", readWrite: false, mode: "ro" }],
  ["/src:/dst:rslave,z,ro", { propagation: "rslave", readWrite: false, mode: "rslave,z,ro" }],
  ["vol:/dst", { type: "volume", volume: "vol", source: "", mode: "z", propagation: "" }],
  ["vol:/dst:nocopy", { volume: "vol", noCopy: true, mode: "nocopy" }],
  ["/dst", { type: "volume", volume: "", destination: "/dst", mode: "" }],
])("bind %s", (raw, expected) => {
  expect(parseBind(raw)).toMatchObject(expected);
});

test.each([
  ["/a:/b:zz", "invalid mode: zz"],
  ["v:/x:ro,rw", "invalid mode: ro,rw"],
  [
    "/a:rel",
    "invalid volume specification: '/a:rel': invalid mount config for type \"bind\": invalid mount path: 'rel' mount path must be absolute",
  ],
  [
    "/a:/:ro",
    "invalid volume specification: '/a:/:ro': invalid mount config for type \"bind\": invalid specification: destination can't be '/'",
  ],
  [":/x", "invalid volume specification: ':/x'"],
  ["/a:/b:ro:rw", "invalid volume specification: '/a:/b:ro:rw'"],
])("bind %s is refused with Docker's text", (raw, text) => {
  expect(() => parseBind(raw)).toThrow(text);
});

test("a bind of any text is a mount below the root, or refused as invalid", () => {
  const part = fc.oneof(
    fc.constantFrom("/", "..", ".", ":", "ro", "a", "/x", "//", "\0", "z,ro"),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      try {
        const { destination } = parseBind(parts.join(""));
        expect(destination.startsWith("/")).toBe(true);
        expect(destination).not.toBe("/");
        expect(destination.split("/")).not.toContain("..");
      } catch (error) {
        expect(error).toBeInstanceOf(BerthError);
        expect((error as BerthError).kind).toBe("invalid");
      }
    }),
  );
});

test("a mode is a set of words of different groups", () => {
  expect(["", "ro", "z,ro", "Z,rw,rshared,cached"].map(isMountMode)).toEqual([true, true, true, true]);
  expect(["ro,ro", "ro,rw", "z,Z", "private,shared", "x", "ro,", ","].map(isMountMode)).toEqual(
    Array.from({ length: 7 }, () => false),
  );
});

test.each<[Mount, string]>([
  [
    { Type: "volume", Target: "/x", BindOptions: {} },
    'invalid mount config for type "volume": field BindOptions must not be specified',
  ],
  [{ Type: "foo" as "bind", Target: "/x" }, 'invalid mount config for type "foo": mount type unknown'],
  [
    { Type: "tmpfs", Target: "/x", Source: "a" },
    'invalid mount config for type "tmpfs": field Source must not be specified',
  ],
  [{ Type: "bind", Target: "/x" }, 'invalid mount config for type "bind": field Source must not be empty'],
  [{ Type: "bind", Source: "x", Target: "/x" }, "invalid mount path: 'x' mount path must be absolute"],
  [{ Type: "bind", Source: "/x" }, 'invalid mount config for type "bind": field Target must not be empty'],
  [{ Type: "bind", Source: "/t", Target: "/x", BindOptions: { Propagation: "foo" } }, "invalid propagation mode: foo"],
  [{ Type: "volume", Target: "/x", ReadOnly: true }, "must not set ReadOnly mode when using anonymous volumes"],
  [
    { Type: "volume", Source: "v", Target: "/x", VolumeOptions: { Subpath: "../y" } },
    "subpath must be a relative path within the volume",
  ],
  [
    { Type: "volume", Source: "v", Target: "/x", VolumeOptions: { Subpath: "a/../../y" } },
    "subpath must be a relative path",
  ],
  [{ Type: "volume", Source: "v", Target: "/x", VolumeOptions: { Subpath: "/y" } }, "subpath must be a relative path"],
  [{ Type: "tmpfs", Target: "/x", TmpfsOptions: { SizeBytes: -1 } }, 'invalid mount config for type "tmpfs"'],
])("mount %j is refused: %s", (mount, text) => {
  expect(() => parseMount(mount)).toThrow(text);
});

const noOthers = { mountsOf: () => [], exists: () => true };

test("mounts: later ones win over --volumes-from, the same place twice is refused, image volumes come last", () => {
  const from = parseBind("/from:/data");
  const facts = { ...noOthers, mountsOf: () => [from, parseBind("/other:/other")] };
  const host: HostConfig = { VolumesFrom: ["c:ro"], Binds: ["/mine:/data"], Tmpfs: { "/run": "size=1m" } };
  const mounts = planMounts({ Volumes: { "/data": {}, "/cache": {}, "/run": {} } }, host, facts);
  expect(mounts.map(({ destination, source, type, readWrite }) => [destination, source, type, readWrite])).toEqual([
    ["/data", "/mine", "bind", true],
    ["/other", "/other", "bind", false],
    ["/run", "", "tmpfs", true],
    ["/cache", "", "volume", true],
  ]);
  expect(() => planMounts({}, { Binds: ["v1:/x", "v2:/x/"] }, noOthers)).toThrow("Duplicate mount point: /x");
  expect(() => planMounts({}, { Binds: ["v1:/x"], Tmpfs: { "/x": "" } }, noOthers)).toThrow(
    "Duplicate mount point: /x",
  );
});

test("a missing bind source is an error of --mount only", () => {
  const facts = { ...noOthers, exists: () => false };
  expect(planMounts({}, { Binds: ["/nope:/x"] }, facts)[0]).toMatchObject({ createSource: true });
  const mount: Mount = { Type: "bind", Source: "/nope", Target: "/x" };
  expect(() => planMounts({}, { Mounts: [mount] }, facts)).toThrow(
    'invalid mount config for type "bind": bind source path does not exist: /nope',
  );
});

test("a container without a network is on the bridge; each network that is named has its settings", () => {
  const bridge = { mode: "bridge", networking: { EndpointsConfig: { bridge: {} } } };
  expect(planNetwork({}, {}, {})).toEqual(bridge);
  expect(planNetwork({}, { NetworkMode: "default" }, { EndpointsConfig: { default: {} } })).toEqual(bridge);
  expect(planNetwork({}, { NetworkMode: "host" }, {}).mode).toBe("host");
  expect(planNetwork({}, { NetworkMode: "container:x" }, {})).toEqual({ mode: "container:x", networking: {} });
  const endpoints = {
    other: { Aliases: ["o"] },
    mine: { IPAMConfig: { IPv4Address: "10.0.0.9" }, IPAddress: "10.0.0.3" },
  };
  expect(
    planNetwork({ MacAddress: "02:00:00:00:00:01" }, { NetworkMode: "mine" }, { EndpointsConfig: endpoints }),
  ).toEqual({
    mode: "mine",
    networking: {
      EndpointsConfig: {
        mine: { IPAMConfig: { IPv4Address: "10.0.0.9" }, MacAddress: "02:00:00:00:00:01" },
        other: { Aliases: ["o"] },
      },
    },
  });
});

test.each<[EndpointSettings, string]>([
  [{ Aliases: ["a"] }, "network-scoped alias is supported only for containers in user defined networks"],
  [{ IPAMConfig: { IPv4Address: "10.0.0.1" } }, "user specified IP address is supported on user defined networks only"],
])("the default network has no %j", (settings, text) => {
  expect(() => planNetwork({}, {}, { EndpointsConfig: { default: settings } })).toThrow(text);
});

test("logs rotate unless told otherwise; unknown drivers and options are refused by name", () => {
  expect(planLog(undefined)).toEqual({ type: "json-file", config: {}, maxSize: 10_000_000, maxFile: 3 });
  expect(planLog({ Config: { "max-size": "1k", "max-file": "5" } })).toMatchObject({ maxSize: 1024, maxFile: 5 });
  expect(planLog({ Config: { "max-size": "-1" } }).maxSize).toBeUndefined();
  expect(planLog(undefined, { Type: "local", Config: { "max-size": "2k" } })).toMatchObject({
    type: "local",
    maxSize: 2048,
  });
  expect(() => planLog({ Type: "foo" })).toThrow('error looking up logging plugin foo: plugin "foo" not found');
  expect(() => planLog({ Type: "syslog" })).toThrow("syslog");
  expect(() => planLog({ Config: { foo: "x" } })).toThrow("unknown log opt 'foo' for json-file log driver");
  expect(() => planLog({ Config: { "max-file": "0" } })).toThrow("max-file cannot be less than 1");
});

const facts: CreateFacts = {
  id: "f".repeat(64),
  name: "n1",
  created: "2026-01-01T00:00:00Z",
  machine: testMachine,
  runtimes: ["crun"],
  defaultRuntime: "crun",
  log: {},
  hostname: "host",
  cgroupnsMode: "private",
  ipcMode: "private",
  shmSize: 1,
  platformAsked: false,
  idOf: (ref) => `id-of-${ref}`,
  mountsOf: () => [],
  exists: () => true,
  volumeName: () => "generated",
};

test("a plan names volumes, and remembers other containers by id", () => {
  const healthy = { ...image, Healthcheck: { Test: ["CMD", "true"] } };
  const host = { NetworkMode: "container:web", IpcMode: "container:web", Binds: ["named:/n"] };
  const plan = planCreate({ Image: "busybox", HostConfig: host }, imageRecord(healthy), facts);
  expect(plan.record.hostConfig).toMatchObject({ NetworkMode: "container:id-of-web", IpcMode: "container:id-of-web" });
  expect(plan.record.anonymousVolumes).toEqual(["generated"]);
  expect(plan.volumes.map(({ name, anonymous }) => [name, anonymous])).toEqual([
    ["named", false],
    ["generated", true],
  ]);
  expect(plan.record.config).toMatchObject({ Hostname: "f".repeat(12), WorkingDir: "/srv" });
  expect([plan.record.path, ...plan.record.args]).toEqual(["/entry", "default"]);
  expect(plan.warnings).toEqual([]);
});

test("an image of another platform is refused, or warned of", () => {
  const body = { Image: "busybox", Cmd: ["x"], HostConfig: { NetworkMode: "none" } };
  const other = (more: object) => ({ ...imageRecord({}), config: { ...imageRecord({}).config, ...more } });
  expect(() => planCreate(body, other({ os: "windows" }), facts)).toThrow('image operating system "windows"');
  expect(planCreate(body, other({ architecture: "arm64" }), facts).warnings[0]).toContain(
    "(linux/arm64) does not match",
  );
  expect(planCreate(body, other({ architecture: "arm64" }), { ...facts, platformAsked: true }).warnings).toEqual([]);
});

test("an image that declares thousands of volumes makes none", () => {
  const volumes = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`/v${index}`, {}]));
  const body = { Image: "busybox", Cmd: ["x"], HostConfig: { NetworkMode: "none" } };
  expect(() => planCreate(body, imageRecord({ Volumes: volumes }), facts)).toThrow("more than 1000 mounts");
});

test.each<[object, string]>([
  [{ Entrypoint: [""] }, "no command specified"],
  [{ Cmd: ["x"], WorkingDir: "rel" }, "the working directory 'rel' is invalid, it needs to be an absolute path"],
  [{ Cmd: ["x"], StopSignal: "FOO" }, "invalid signal: FOO"],
  [{ Cmd: ["x"], Env: ["=a"] }, "invalid environment variable: =a"],
  [{ Cmd: ["x"], HostConfig: { Runtime: "foo" } }, "unknown or invalid runtime name: foo"],
  [
    { Cmd: ["x"], HostConfig: { AutoRemove: true, RestartPolicy: { Name: "always" } } },
    "can't create 'AutoRemove' container with restart policy",
  ],
  [
    { Cmd: ["x"], Hostname: "h", HostConfig: { NetworkMode: "container:web" } },
    "conflicting options: hostname and the network mode",
  ],
])("a create of %j is refused: %s", (body, text) => {
  expect(() => planCreate({ Image: "busybox", ...body }, imageRecord({}), facts)).toThrow(text);
});
