import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatPaxTime, parsePaxTime, readNumber } from "./numbers.ts";
import { formatPaxRecord, parsePax, xattrKey, xattrsOf } from "./pax.ts";

describe("pax records", () => {
  test("come back as they were written, the length counting its own digits", () => {
    const key = fc.stringMatching(/^[A-Za-z.]{1,20}$/);
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 120 }),
      fc.constantFrom(84, 85, 86, 984, 985, 986, 987).map((length) => new Uint8Array(length)),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value.map(Buffer.from))), (records) => {
        const body = Buffer.concat(records.map(([name, bytes]) => formatPaxRecord(`x.${name}`, bytes)));
        expect(parsePax(body).records).toEqual(new Map(records.map(([name, bytes]) => [`x.${name}`, bytes])));
      }),
    );
  });

  test("a value may hold newlines, equals signs and NULs", () => {
    const value = Buffer.from("a=b\n5 c=d\n\0");
    expect(parsePax(formatPaxRecord("SCHILY.xattr.user.x", value)).records.get("SCHILY.xattr.user.x")).toEqual(value);
  });

  test("NULs after the last record are filler", () => {
    expect(parsePax(Buffer.concat([formatPaxRecord("path", "a"), Buffer.alloc(7)])).records.size).toBe(1);
  });
});

describe("extended attributes", () => {
  test("libarchive's form is read, star's counts where both are there", () => {
    const records = new Map([
      ["LIBARCHIVE.xattr.user.a%3Db", Buffer.from("AP8K")],
      ["LIBARCHIVE.xattr.user.both", Buffer.from("AAAA")],
      ["SCHILY.xattr.user.both", Buffer.from("star")],
      ["path", Buffer.from("x")],
    ]);
    expect(xattrsOf(records)).toEqual(
      new Map([
        ["user.a=b", Buffer.from([0, 255, 10])],
        ["user.both", Buffer.from("star")],
      ]),
    );
  });

  test("names with an equals sign are escaped as GNU tar does", () => {
    expect(xattrKey("user.a=b%")).toBe("SCHILY.xattr.user.a%3Db%25");
    expect([...xattrsOf(new Map([[xattrKey("user.a=b%"), Buffer.alloc(0)]])).keys()]).toEqual(["user.a=b%"]);
    expect([...xattrsOf(new Map([[xattrKey("user.50%"), Buffer.alloc(0)]])).keys()]).toEqual(["user.50%"]);
  });
});

describe("numbers", () => {
  test.each([
    ["0", 0n],
    ["1.5", 1_500_000_000n],
    ["-1.5", -1_500_000_000n],
    ["-0.000000001", -1n],
    ["12.0000000019", 12_000_000_001n],
    ["7.", 7_000_000_000n],
  ])("the time %s", (text, ns) => {
    expect(parsePaxTime(text)).toBe(ns);
    expect(parsePaxTime(formatPaxTime(ns))).toBe(ns);
  });

  test.each(["", ".", "-", "1e9", "1,5", "--1", " 1", `${"9".repeat(30)}`])("the time %j is refused", (text) => {
    expect(() => parsePaxTime(text)).toThrow("no time");
  });

  const field = (text: string | number[]) => {
    const block = Buffer.alloc(12);
    block.set(typeof text === "string" ? Buffer.from(text, "latin1") : text);
    return block;
  };
  test.each<[string | number[], number]>([
    ["", 0],
    ["0000644\0", 0o644],
    ["   644 \0", 0o644],
    ["77777777777", 0o77777777777],
    ["12\x0034", 0o12],
    [[0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], 2 ** 32],
    [[0xff, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 254], -2],
  ])("the field %j is %d", (text, value) => {
    expect(readNumber(field(text), 0, 12)).toBe(value);
  });
});
