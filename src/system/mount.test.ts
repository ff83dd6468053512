import { expect, test } from "vitest";
import { overlayOptions, parseMountInfo, readMounts } from "./mount.ts";

test("mountinfo with optional fields, escapes and without a file system's name", () => {
  const [first, second] = parseMountInfo(
    "36 35 98:0 /mnt1 /a\\040b\\134c rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue\n" +
      "1 2 0:3 / /x ro - tmpfs  rw\nrubbish\n",
  );
  expect(first).toEqual({
    id: 36,
    parent: 35,
    device: "98:0",
    root: "/mnt1",
    mountPoint: "/a b\\c",
    options: ["rw", "noatime"],
    optional: ["shared:1", "master:2"],
    type: "ext3",
    source: "/dev/root",
    superOptions: ["rw", "errors=continue"],
  });
  expect(second).toMatchObject({ mountPoint: "/x", type: "tmpfs", optional: [] });
  expect(readMounts().some((entry) => entry.mountPoint === "/")).toBe(true);
});

test("overlay names are relative to the base where that is shorter, and escaped", () => {
  const options = overlayOptions({
    target: "/t",
    base: "/var/lib/x/layers",
    lowers: ["/var/lib/x/layers/b:1/diff", "/var/lib/x/layers/a/diff"],
    upper: "/var/lib/x/containers/c,1/upper",
    work: "/w",
    options: ["volatile"],
  });
  expect(options).toBe("lowerdir=b\\:1/diff:a/diff,upperdir=../containers/c\\,1/upper,workdir=/w,volatile");
});

test("more layers than a page holds are refused before the kernel cuts the list", () => {
  const lowers = Array.from({ length: 250 }, (_, i) => `/l/${String(i).padStart(16, "0")}`);
  expect(() => overlayOptions({ target: "/t", base: "/l", lowers })).toThrow("250 layers do not fit");
  expect(overlayOptions({ target: "/t", base: "/l", lowers: lowers.slice(0, 128) }).length).toBeLessThan(4096);
});
