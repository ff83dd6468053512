import { closeSync, mkdtempSync, openSync, readlinkSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cstring } from "./cstring.ts";
import * as raw from "./fs-raw.ts";
import { getXattrAt, getXattrsAt, setXattrAt } from "./xattr.ts";

let path: string;
let dir: number;
beforeEach(() => {
  path = mkdtempSync("/var/tmp/berth-raw-");
  dir = openSync(path, "r");
});
afterEach(() => {
  closeSync(dir);
  rmSync(path, { recursive: true });
});

describe("fd-relative calls", () => {
  test("makes, links, renames and removes with names that are not UTF-8", () => {
    const name = cstring(Buffer.from([0xff, 0xfe, 0x41]));
    raw.mkdirAt(dir, name, 0o2750);
    raw.symlinkAt(cstring("../x"), dir, cstring("link"));
    raw.linkAt(dir, cstring("link"), dir, cstring("same"));
    expect(raw.readDirectory(dir).map((entry) => entry.name.toString("latin1"))).toEqual(
      expect.arrayContaining(["\xff\xfeA\0", "link\0", "same\0"]),
    );
    expect(raw.statAt(dir, cstring("same")).nlink).toBe(2);
    expect(raw.readlinkAt(dir, cstring("same")).toString()).toBe("../x");
    raw.rmdirAt(dir, name);
    raw.unlinkAt(dir, cstring("same"));
    raw.renameAt(dir, cstring("link"), dir, cstring("moved"), raw.RENAME_NOREPLACE);
    expect(readlinkSync(join(path, "moved"))).toBe("../x");
    expect(raw.statAtIfAny(dir, cstring("link"))).toBeUndefined();
  });

  test("a failure names the call, the errno and the name", () => {
    expect(() => raw.unlinkAt(dir, cstring("nothing"))).toThrow("ENOENT: unlinkat 'nothing'");
  });

  test("times keep nanoseconds, before 1970 too", () => {
    writeFileSync(join(path, "f"), "");
    raw.setTimesAt(dir, cstring("f"), 1_234_567_890_123_456_789n, -1n);
    const stat = raw.statAt(dir, cstring("f"));
    expect(stat.atime).toBe(1_234_567_890_123_456_789n);
    expect(stat.mtime).toBe(-1n);
    expect(statSync(join(path, "f"), { bigint: true }).mtimeNs).toBe(-1n);
  });

  test("large ids and device numbers", () => {
    raw.mknodAt(dir, cstring("dev"), raw.S_IFCHR | 0o600, 4095, 1048575);
    raw.chownAt(dir, cstring("dev"), 4294967294, 3000000000);
    expect(raw.statAt(dir, cstring("dev"))).toMatchObject({
      uid: 4294967294,
      gid: 3000000000,
      rdevMajor: 4095,
      rdevMinor: 1048575,
    });
  });

  test("holes are found and ranges copied", () => {
    const file = raw.openAt(dir, cstring("sparse"), 0o102, 0o600);
    writeSync(file, Buffer.alloc(4096, 1), 0, 4096, 1024 * 1024);
    raw.truncateFd(file, 4 * 1024 * 1024);
    const segments = [...raw.dataSegments(file, 4 * 1024 * 1024)];
    expect(segments).toEqual([{ offset: 1024 * 1024, length: 4096 }]);
    const copy = raw.openAt(dir, cstring("copy"), 0o102, 0o600);
    expect(raw.copyRange(file, copy, 1024 * 1024, 4096) ?? 4096).toBe(4096);
    raw.closeFd(file);
    raw.closeFd(copy);
  });

  test("binary attributes of files and of symbolic links", () => {
    const value = Buffer.from([0, 1, 0, 255, 10]);
    writeFileSync(join(path, "f"), "");
    raw.symlinkAt(cstring("f"), dir, cstring("l"));
    setXattrAt(dir, cstring("f"), "user.x", value);
    setXattrAt(dir, cstring("l"), "trusted.y", value);
    expect(getXattrsAt(dir, cstring("f"))).toEqual(new Map([["user.x", value]]));
    expect(getXattrsAt(dir, cstring("l"))).toEqual(new Map([["trusted.y", value]]));
    expect(getXattrAt(dir, cstring("f"), "trusted.y")).toBeUndefined();
  });
});
