import fc from "fast-check";
import { expect, test } from "vitest";
import { lookupUser } from "./users.ts";

const passwd = `root:x:0:0:root:/root:/bin/sh
# a comment
web:x:33:34:web:/var/www:/bin/false
web:x:99:99:second entry:/elsewhere:/bin/false
1000:x:0:0:a name that is a number:/root:/bin/sh
other:x:1000:1001:other:/home/other:/bin/sh
huge:x:4294967295:0:huge:/:/bin/sh
bare
`;
const group = `root:x:0:root,other
www:x:34:
disk:x:6:web,other
audio:x:29:web
7:x:0:web2
big:x:4294967296:
`;

test.each([
  ["", 0, 0, [0], "/root"],
  ["root", 0, 0, [0], "/root"],
  ["web", 33, 34, [34, 6, 29], "/var/www"],
  ["33", 33, 34, [34, 6, 29], "/var/www"],
  ["web:disk", 33, 6, [6], "/var/www"],
  ["web:6", 33, 6, [6], "/var/www"],
  ["1000", 1000, 1001, [1001, 0, 6], "/home/other"],
  ["1000:1000", 1000, 1000, [1000], "/home/other"],
  ["5000", 5000, 0, [0], ""],
  ["5000:www", 5000, 34, [34], ""],
  ["5000:5001", 5000, 5001, [5001], ""],
  [":www", 0, 34, [34], "/root"],
  ["web:", 33, 34, [34, 6, 29], "/var/www"],
  ["web:7", 33, 7, [7], "/var/www"],
] as const)("USER %j", (spec, uid, gid, additionalGids, home) => {
  expect(lookupUser(passwd, group, spec)).toEqual({ uid, gid, additionalGids: [...additionalGids], home });
});

test("a number is never looked up as a name (CVE-2024-40635)", () => {
  expect(lookupUser("1000:x:0:0::/root:/bin/sh\n", "1000:x:0:\n", "1000:1000")).toMatchObject({ uid: 1000, gid: 1000 });
});

test.each([
  ["nobody", "unable to find user nobody: no matching entries in passwd file"],
  ["web:nogroup", "unable to find group nogroup: no matching entries in group file"],
  ["2147483648", "uids and gids must be in range 0-2147483647"],
  ["-1", "uids and gids must be in range 0-2147483647"],
  ["1:4294967296", "uids and gids must be in range 0-2147483647"],
  ["99999999999999999999999", "uids and gids must be in range 0-2147483647"],
  ["huge", "uids and gids must be in range 0-2147483647"],
  ["web:big", "uids and gids must be in range 0-2147483647"],
])("USER %j is refused", (spec, message) => {
  expect(() => lookupUser(passwd, group, spec)).toThrow(message);
});

test("missing files leave numbers usable, and root", () => {
  expect(lookupUser("", "", "")).toEqual({ uid: 0, gid: 0, additionalGids: [0], home: "" });
  expect(lookupUser("", "", "12:13")).toMatchObject({ uid: 12, gid: 13 });
  expect(() => lookupUser("", "", "root")).toThrow("unable to find user root");
});

test("groups are added by name and number, once each", () => {
  expect(lookupUser(passwd, group, "web", ["audio", "29", "disk", "777"]).additionalGids).toEqual([34, 6, 29, 777]);
  expect(() => lookupUser(passwd, group, "web", ["none"])).toThrow("unable to find group none");
});

test("any file and any spec give ids in bounds or an error", () => {
  const line = fc.array(fc.oneof(fc.string(), fc.integer().map(String)), { maxLength: 8 }).map((f) => f.join(":"));
  const file = fc.array(line, { maxLength: 20 }).map((lines) => lines.join("\n"));
  const inBounds = (id: number) => Number.isInteger(id) && id >= 0 && id < 2 ** 31;
  fc.assert(
    fc.property(file, file, fc.oneof(fc.string(), line), (users, groups, spec) => {
      try {
        const found = lookupUser(users, groups, spec);
        return [found.uid, found.gid, ...found.additionalGids].every(inBounds) && found.additionalGids[0] === found.gid;
      } catch (error) {
        return (error as { kind?: string }).kind === "invalid";
      }
    }),
  );
});
