import { expect, test } from "vitest";
import { bindMount } from "./bind-mount.ts";
import { tmpfsMount } from "./mounts.ts";
import { recordedOn } from "./testdata/docker-cases.ts";
import { mergeTmpfsOptions, tmpfsData } from "./tmpfs.ts";

test("of each flag and each value the last word counts", () => {
  expect(mergeTmpfsOptions(["noexec", "nosuid", "exec", "size=1m", "size=2m", "rw", "ro", "defaults"])).toEqual([
    "nosuid",
    "exec",
    "size=2m",
    "ro",
  ]);
  expect(mergeTmpfsOptions(["rprivate", "shared"])).toEqual(["shared"]);
});

test.each(["foo", "foo=1", "size", "upperdir=/x", "__proto__", "toString", "constructor=1"])(
  "%s is refused",
  (option) => {
    expect(() => tmpfsMount("/x", option)).toThrow("invalid tmpfs option");
  },
);

test("a mount's own options", () => {
  expect(tmpfsData({ SizeBytes: 3 * 2 ** 30, Mode: 0o1777 }, true)).toBe("ro,mode=1777,size=3g");
  expect(tmpfsData({ SizeBytes: 1537 }, false)).toBe("size=1537");
  expect(tmpfsData({ Options: [["exec"]] }, false)).toBe("exec");
  expect(tmpfsData(undefined, false)).toBe("");
  expect(() => tmpfsData({ Options: [["upperdir", "/x"]] }, false)).toThrow("invalid option");
  expect(() => tmpfsData({ SizeBytes: -1 }, false)).toThrow("negative");
});

test("read-only binds, as far as the kernel goes", () => {
  const old = { ...recordedOn, kernel: { major: 5, minor: 11 } };
  const mount = { source: "/a", destination: "/b", readOnly: true };
  expect(bindMount(mount, recordedOn).options).toEqual(["rbind", "rro", "rprivate"]);
  expect(bindMount({ ...mount, source: "/etc/passwd" }, recordedOn).options).toEqual(["rbind", "ro", "rprivate"]);
  expect(bindMount({ ...mount, source: "/etc" }, recordedOn).options).toEqual(["rbind", "rro", "rprivate"]);
  expect(bindMount(mount, old).options).toEqual(["rbind", "ro", "rprivate"]);
  expect(() => bindMount({ ...mount, readOnlyForceRecursive: true }, old)).toThrow(">= 5.12");
  expect(() => bindMount({ ...mount, readOnlyForceRecursive: true, readOnlyNonRecursive: true }, recordedOn)).toThrow(
    "mount options conflict",
  );
  expect(() => bindMount({ ...mount, propagation: "odd" }, recordedOn)).toThrow("invalid propagation mode: odd");
});
