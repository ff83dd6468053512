import fc from "fast-check";
import { expect, test } from "vitest";
import { compileProfile, defaultProfile, parseProfile } from "./index.ts";

const target = { architecture: "amd64", kernel: { major: 6, minor: 1 }, capabilities: ["CAP_KILL"] };

const ruleNames = (profile: string, change = {}) =>
  (compileProfile(parseProfile(profile), { ...target, ...change })?.syscalls ?? []).flatMap((rule) => rule.names);

const withRule = (condition: object) =>
  JSON.stringify({
    defaultAction: "SCMP_ACT_ERRNO",
    syscalls: [{ names: ["x"], action: "SCMP_ACT_ALLOW", ...condition }],
  });

test.each([
  [{}, true],
  [{ includes: {} }, true],
  [{ includes: { arches: ["amd64"] } }, true],
  [{ includes: { arches: ["arm64"] } }, false],
  [{ excludes: { arches: ["amd64"] } }, false],
  [{ includes: { caps: ["CAP_KILL"] } }, true],
  [{ includes: { caps: ["CAP_KILL", "CAP_CHOWN"] } }, false],
  [{ excludes: { caps: ["CAP_CHOWN", "CAP_KILL"] } }, false],
  [{ excludes: { caps: ["CAP_CHOWN"] } }, true],
  [{ includes: { minKernel: "6.1" } }, true],
  [{ includes: { minKernel: "6.2" } }, false],
  [{ includes: { minKernel: "5.99" } }, true],
  [{ includes: { minKernel: "" } }, true],
  [{ excludes: { minKernel: "4.8" } }, false],
  [{ includes: { arches: ["amd64"] }, excludes: { caps: ["CAP_KILL"] } }, false],
] as const)("%j", (condition, kept) => {
  expect(ruleNames(withRule(condition))).toEqual(kept ? ["x"] : []);
});

test.each([
  ["{", "Decoding seccomp profile failed"],
  ["[]", "the profile is not an object"],
  ['{"syscalls":{}}', "syscalls is not a list"],
  ['{"syscalls":[{"names":"x","action":"A"}]}', "names is not a list"],
  ['{"syscalls":[{"names":["x"]}]}', "action is not a string"],
  ['{"syscalls":[{"name":"x","names":["y"],"action":"A"}]}', "both 'name' and 'names' are specified"],
  ['{"syscalls":[{"names":["x"],"action":"A","args":[{"index":-1,"value":1,"op":"E"}]}]}', "index is not a number"],
  ['{"architectures":["A"],"archMap":[{"architecture":"A"}]}', "both 'architectures' and 'archMap' are specified"],
  [withRule({ includes: { minKernel: "4" } }), "invalid kernel version"],
  [withRule({ includes: { minKernel: "0.0" } }), "invalid kernel version"],
  [withRule({ includes: { minKernel: "256.1" } }), "invalid kernel version"],
])("%s is refused", (text, message) => {
  expect(() => parseProfile(text)).toThrow(message);
});

test("what the OCI document keeps of a profile", () => {
  const text = JSON.stringify({
    defaultAction: "SCMP_ACT_LOG",
    defaultErrnoRet: 9,
    flags: ["SECCOMP_FILTER_FLAG_LOG"],
    archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: null }],
    syscalls: [
      {
        name: "a",
        action: "SCMP_ACT_ERRNO",
        errnoRet: 3,
        comment: "c",
        args: [{ index: 0, value: 1, op: "SCMP_CMP_EQ" }],
      },
    ],
  });
  expect(compileProfile(parseProfile(text), target)).toEqual({
    defaultAction: "SCMP_ACT_LOG",
    defaultErrnoRet: 9,
    flags: ["SECCOMP_FILTER_FLAG_LOG"],
    architectures: ["SCMP_ARCH_X86_64"],
    syscalls: [
      { names: ["a"], action: "SCMP_ACT_ERRNO", errnoRet: 3, args: [{ index: 0, value: 1, op: "SCMP_CMP_EQ" }] },
    ],
  });
  expect(compileProfile(parseProfile("{}"), target)).toBeUndefined();
});

test("by default no new namespace, no mount, no module, no tracing of the kernel, whatever the machine", () => {
  const forbidden =
    "mount umount2 setns unshare init_module bpf perf_event_open keyctl add_key userfaultfd io_uring_setup kexec_load open_by_handle_at reboot swapon";
  for (const architecture of ["amd64", "arm64", "riscv64", "s390x"]) {
    const filter = compileProfile(defaultProfile, { ...target, architecture });
    const open = new Set(
      filter?.syscalls.filter((rule) => rule.action === "SCMP_ACT_ALLOW").flatMap((rule) => rule.names),
    );
    expect(forbidden.split(" ").filter((name) => open.has(name))).toEqual([]);
    const clones = filter?.syscalls.filter((rule) => rule.names.includes("clone"));
    expect(clones?.map((rule) => rule.args?.[0])).toEqual([
      { index: architecture === "s390x" ? 1 : 0, value: 0x7e020000, op: "SCMP_CMP_MASKED_EQ" },
    ]);
    expect(filter?.syscalls.find((rule) => rule.names.includes("clone3"))).toMatchObject({
      action: "SCMP_ACT_ERRNO",
      errnoRet: 38,
    });
    expect(filter).toMatchObject({ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1 });
  }
});

test("no text brings more than a refusal", () => {
  const json = fc.json({ maxDepth: 4 });
  const near = fc.record({
    defaultAction: fc.string(),
    syscalls: fc.array(fc.dictionary(fc.constantFrom("names", "action", "args", "includes", "name"), fc.anything())),
  });
  fc.assert(
    fc.property(
      fc.oneof(
        json,
        fc.string(),
        near.map((value) => JSON.stringify(value) ?? ""),
      ),
      (text) => {
        try {
          compileProfile(parseProfile(text), target);
        } catch (error) {
          expect(error).toMatchObject({ kind: "invalid" });
        }
      },
    ),
  );
});
