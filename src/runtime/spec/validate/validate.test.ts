import fc from "fast-check";
import { expect, test } from "vitest";
import type { ContainerConfig, HostConfig } from "../../../spec/api/index.ts";
import type { MachineLimits } from "../../../system/index.ts";
import { adaptHostConfig } from "../adapt.ts";
import { recordedOn } from "../testdata/docker-cases.ts";
import { parseNumberList } from "./number-list.ts";
import { validateContainerConfig, validateHostConfig } from "./validate.ts";

const MiB = 1024 * 1024;
const check = (hostConfig: HostConfig, config: ContainerConfig = {}, limits: Partial<MachineLimits> = {}) => {
  const machine = {
    ...recordedOn,
    limits: { ...recordedOn.limits, blkioWeight: true, blkioWeightDevice: true, ...limits },
  };
  return validateHostConfig(adaptHostConfig(hostConfig, { machine }), machine, config);
};

test.each([
  [{ Memory: MiB }, "Minimum memory limit allowed is 6MB"],
  [{ Memory: -1 }, "Minimum memory limit allowed is 6MB"],
  [
    { Memory: 64 * MiB, MemorySwap: 32 * MiB },
    "Minimum memoryswap limit should be larger than memory limit, see usage",
  ],
  [{ MemorySwap: 64 * MiB }, "You should always set the Memory limit when using Memoryswap limit, see usage"],
  [{ MemoryReservation: MiB }, "Minimum memory reservation allowed is 6MB"],
  [
    { Memory: 64 * MiB, MemoryReservation: 128 * MiB },
    "Minimum memory limit can not be less than memory reservation limit, see usage",
  ],
  [{ MemorySwappiness: 101 }, "Invalid value: 101, valid memory swappiness range is 0-100"],
  [{ NanoCpus: 99e9 }, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"],
  [{ NanoCpus: -1 }, "range of CPUs is from 0.01 to 2.00"],
  [{ NanoCpus: 1e9, CpuQuota: 1000 }, "Conflicting options: Nano CPUs and CPU Quota cannot both be set"],
  [{ NanoCpus: 1e9, CpuPeriod: 1000 }, "Conflicting options: Nano CPUs and CPU Period cannot both be set"],
  [{ CpuPeriod: 10 }, "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"],
  [{ CpuQuota: 10 }, "CPU cfs quota can not be less than 1ms (i.e. 1000)"],
  [{ CpuShares: -1 }, "invalid CPU shares (-1): value must be a positive integer"],
  [{ CpusetCpus: "77" }, "Requested CPUs are not available - requested 77, available: 0-1"],
  [{ CpusetCpus: "abc" }, "Invalid value abc for cpuset cpus: invalid format: abc"],
  [{ CpusetCpus: "0-4294967295" }, "value of out range, maximum is 8192"],
  [{ CpusetMems: "9" }, "Requested memory nodes are not available - requested 9, available: 0"],
  [{ BlkioWeight: 5 }, "Range of blkio weight is from 10 to 1000"],
  [{ CpuRealtimeRuntime: 2, CpuRealtimePeriod: 1 }, "cpu real-time runtime cannot be higher than cpu real-time period"],
  [{ IOMaximumIOps: 1 }, "invalid option: QoS maximum IOPs configuration is not supported on linux"],
  [{ PidMode: "foo" }, "invalid PID mode: foo"],
  [{ PidMode: "container:" }, "invalid PID mode: container:"],
  [{ IpcMode: "foo" }, "invalid IPC mode: foo"],
  [{ UTSMode: "foo" }, "invalid UTS mode: foo"],
  [{ UsernsMode: "foo" }, "invalid USER mode: foo"],
  [{ CgroupnsMode: "foo" }, "invalid cgroup namespace mode: foo"],
  [{ OomScoreAdj: 2000 }, "Invalid value 2000, range for oom score adj is [-1000, 1000]"],
  [{ ShmSize: -1 }, "SHM size can not be less than 0"],
  [{ SecurityOpt: ["foo"] }, 'invalid --security-opt 1: "foo"'],
  [{ SecurityOpt: ["foo=bar"] }, 'invalid --security-opt 2: "foo=bar"'],
  [{ SecurityOpt: ["no-new-privileges=maybe"] }, 'invalid --security-opt 2: "no-new-privileges=maybe"'],
  [{ AutoRemove: true, RestartPolicy: { Name: "always" } }, "can't create 'AutoRemove' container with restart policy"],
  [
    { RestartPolicy: { Name: "foo" } },
    "invalid restart policy: unknown policy 'foo'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
  ],
  [
    { RestartPolicy: { Name: "always", MaximumRetryCount: 3 } },
    "maximum retry count can only be used with 'on-failure'",
  ],
  [{ RestartPolicy: { Name: "on-failure", MaximumRetryCount: -3 } }, "maximum retry count cannot be negative"],
  [{ Isolation: "hyperv" }, "invalid isolation (hyperv): linux only supports 'default'"],
  [{ Tmpfs: { relative: "" } }, "invalid mount path: 'relative' mount path must be absolute"],
  [{ Tmpfs: { "/x": "foo=bar" } }, 'invalid tmpfs option "foo"'],
  [{ Annotations: { "": "x" } }, "invalid Annotations: the empty string is not permitted as an annotation key"],
  [{ DeviceCgroupRules: ["foo"] }, "invalid device cgroup rule format: 'foo'"],
  [{ Ulimits: [{ Name: "foo", Soft: 1, Hard: 1 }] }, "invalid ulimit type: foo"],
  [{ Ulimits: [{ Name: "nofile", Soft: 3, Hard: 2 }] }, "ulimit soft limit must be less than or equal to hard limit"],
  [{ StorageOpt: { size: "1G" } }, "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"],
  [{ ExtraHosts: ["foo"] }, 'bad format for add-host: "foo"'],
  [{ ExtraHosts: ["foo:1.2.3"] }, 'invalid IP address in add-host: "1.2.3"'],
  [{ NetworkMode: "container:" }, "invalid network mode: invalid container format container:<name|id>"],
  [{ NetworkMode: "container:x", Dns: ["1.1.1.1"] }, "conflicting options: dns and the network mode"],
  [
    { NetworkMode: "container:x", PublishAllPorts: true },
    "conflicting options: port publishing and the container type network mode",
  ],
])("%j is refused", (hostConfig, message) => {
  expect(() => check(hostConfig as HostConfig)).toThrow(message);
});

test("unknown capabilities are refused", () => {
  expect(() => check({ CapAdd: ["NOPE"] })).toThrow('unknown capability: "CAP_NOPE"');
  const machine = { ...recordedOn, capabilities: ["CAP_CHOWN"] };
  expect(() => adaptHostConfig({ CapDrop: ["kill"] }, { machine })).toThrow(
    'capability not supported by your kernel or not available in the current environment: "CAP_KILL"',
  );
});

test.each([
  [{ WorkingDir: "rel" }, "the working directory 'rel' is invalid, it needs to be an absolute path"],
  [{ StopSignal: "FOO" }, "invalid signal: FOO"],
  [{ Env: ["=x"] }, "invalid environment variable: =x"],
  [{ Healthcheck: { Interval: 1000 } }, "Interval in Healthcheck cannot be less than 1ms"],
  [{ Healthcheck: { Retries: -1 } }, "Retries in Healthcheck cannot be negative"],
  [{ Hostname: "x".repeat(65) }, "is too long (maximum 64 bytes)"],
  [{ Cmd: ["a\0b"] }, "NUL"],
])("%j is refused", (config, message) => {
  expect(() => validateContainerConfig(config)).toThrow(message);
});

test("a host name conflicts with the host's and another container's", () => {
  expect(() => check({ UTSMode: "host" }, { Hostname: "x" })).toThrow("conflicting options: hostname and the UTS mode");
  expect(() => check({ NetworkMode: "container:x" }, { Hostname: "x" })).toThrow(
    "conflicting options: hostname and the network mode",
  );
});

test("what the machine cannot keep is discarded with a warning", () => {
  const nothing = Object.fromEntries(
    Object.keys(recordedOn.limits).map((name) => [name, false]),
  ) as Partial<MachineLimits>;
  const asked: HostConfig = {
    Memory: 64 * MiB,
    MemorySwappiness: 3,
    MemoryReservation: 32 * MiB,
    OomKillDisable: true,
    PidsLimit: 5,
    CpuShares: 7,
    CpuQuota: 5000,
    CpusetCpus: "0",
    BlkioWeight: 100,
    BlkioDeviceReadBps: [{ Path: "/dev/x", Rate: 1 }],
    CgroupnsMode: "private",
  };
  const { hostConfig, warnings } = check(asked, {}, { ...nothing, cpusetCpus: "", cpusetMems: "" });
  expect(hostConfig).toMatchObject({
    Memory: 0,
    MemorySwap: -1,
    MemorySwappiness: null,
    MemoryReservation: 0,
    OomKillDisable: null,
    PidsLimit: null,
    CpuShares: 0,
    CpuQuota: 0,
    CpusetCpus: "",
    BlkioWeight: 0,
    BlkioDeviceReadBps: [],
  });
  expect(warnings).toHaveLength(11);
  expect(warnings[0]).toBe("Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.");
  expect(asked.Memory).toBe(64 * MiB);
  expect(() => check({ NanoCpus: 1e9 }, {}, { cpuCfs: false })).toThrow("NanoCPUs can not be set");
});

test("memory without swap accounting, and an unguarded container", () => {
  expect(check({ Memory: 64 * MiB }, {}, { swap: false })).toMatchObject({
    hostConfig: { MemorySwap: -1 },
    warnings: [expect.stringContaining("Memory limited without swap.")],
  });
  expect(check({ OomKillDisable: true }).warnings).toEqual([expect.stringContaining("OOM killer is disabled")]);
});

test("defaults are Docker's", () => {
  const { hostConfig, warnings } = check({ Memory: 64 * MiB, PidsLimit: -1, MemorySwappiness: -1 });
  expect(warnings).toEqual([]);
  expect(hostConfig).toMatchObject({
    MemorySwap: 128 * MiB,
    MemorySwappiness: null,
    PidsLimit: null,
    ShmSize: 64 * MiB,
    IpcMode: "private",
    CgroupnsMode: "host",
    OomKillDisable: false,
    NetworkMode: "default",
  });
  const modes = (config: HostConfig) => {
    const machine = { ...recordedOn, cgroupVersion: 2 as const };
    return adaptHostConfig(config, { machine }).CgroupnsMode;
  };
  expect(modes({})).toBe("private");
  expect(modes({ Privileged: true })).toBe("private");
  expect(check({ Privileged: true }).hostConfig).toMatchObject({
    SecurityOpt: ["label=disable"],
    MaskedPaths: null,
    ReadonlyPaths: null,
  });
});

test("number lists", () => {
  expect([...parseNumberList("0-2,7,1")]).toEqual([0, 1, 2, 7]);
  expect([...parseNumberList("03,1-1")]).toEqual([3, 1]);
  for (const text of ["a", "1-", "-1", "2-1", "1,,2", " 1"])
    expect(() => parseNumberList(text), text).toThrow("invalid format");
});

test("any body gives an answer or a refusal of kind invalid, and what passes is not changed in place", () => {
  const text = fc.oneof(fc.string(), fc.constantFrom("host", "container:x", "0-1", "private", "ALL"));
  const number = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 64 * MiB, 1e9));
  const body = fc.record(
    {
      Memory: number,
      MemorySwap: number,
      NanoCpus: number,
      CpuShares: number,
      CpusetCpus: text,
      PidMode: text,
      IpcMode: text,
      NetworkMode: text,
      CapAdd: fc.array(text),
      SecurityOpt: fc.array(text),
      ExtraHosts: fc.array(text),
      DeviceCgroupRules: fc.array(text),
      Tmpfs: fc.dictionary(text, text),
      Privileged: fc.boolean(),
      OomScoreAdj: number,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(body, (hostConfig) => {
      const before = JSON.stringify(hostConfig);
      try {
        check(hostConfig as HostConfig);
      } catch (error) {
        expect(error).toMatchObject({ kind: "invalid" });
      }
      return JSON.stringify(hostConfig) === before;
    }),
  );
});
