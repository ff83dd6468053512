import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BerthError } from "../errors.ts";
import { createTar, DEFAULT_TAR_LIMITS, encodeHeader, type TarLimits, TarParser } from "./index.ts";
import { formatPaxRecord } from "./pax.ts";

interface Result {
  entries: { name: string; type: string; size: number }[];
  bytes: number;
}

function parse(archive: Buffer, limits: Partial<TarLimits> = {}, piece = archive.length): Result {
  const result: Result = { entries: [], bytes: 0 };
  const parser = new TarParser(
    {
      entry: ({ name, type, size }) => result.entries.push({ name: name.toString("latin1"), type, size }),
      data: (chunk) => {
        result.bytes += chunk.length;
      },
      end: () => {},
    },
    { ...DEFAULT_TAR_LIMITS, ...limits },
  );
  for (let at = 0; at < archive.length; at += Math.max(piece, 1)) parser.write(archive.subarray(at, at + piece));
  parser.end();
  return result;
}

/** A header block with fields written over, its checksum made right again. */
function patched(block: Buffer, ...fields: [offset: number, value: string | Buffer][]): Buffer {
  const result = Buffer.from(block);
  for (const [offset, value] of fields) result.set(Buffer.from(value as string, "latin1"), offset);
  result.fill(0x20, 148, 156);
  const sum = result.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  result.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return result;
}

const pad = (data: Buffer) => Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
const withFlag = (flag: string, body: Buffer | string) => {
  const bytes = Buffer.from(body as string, "latin1");
  return Buffer.concat([patched(encodeHeader({ name: "meta", size: bytes.length }), [156, flag]), pad(bytes)]);
};
const pax = (...records: [string, string | Buffer][]) =>
  withFlag("x", Buffer.concat(records.map(([key, value]) => formatPaxRecord(key, value))));
const file = (name: string, content = "") => createTar([{ name, content }]).subarray(0, -1024);
const END = Buffer.alloc(1024);
const invalid = expect.objectContaining({ kind: "invalid" });
const exhausted = expect.objectContaining({ kind: "exhausted" });

describe("malformed archives are refused", () => {
  test.each<[string, Buffer, string]>([
    ["garbage", Buffer.alloc(512, "garbage "), "numeric field"],
    ["a wrong checksum", Buffer.concat([file("a").fill("b", 0, 1), END]), "checksum"],
    ["a cut header", file("a").subarray(0, 300), "unexpected end"],
    ["a cut body", file("a", "x".repeat(600)).subarray(0, 700), "unexpected end"],
    ["a pax header that describes nothing", Buffer.concat([pax(["path", "a"]), END]), "unexpected end"],
    ["a member after one closing block", Buffer.concat([Buffer.alloc(512), file("a")]), "after a closing block"],
    ["an unknown type", Buffer.concat([patched(encodeHeader({ name: "a" }), [156, "Z"]), END]), "unknown type"],
    ["letters in a number", patched(encodeHeader({ name: "a" }), [124, "0000000000x"]), "no number"],
    ["a negative size", patched(encodeHeader({ name: "a" }), [124, Buffer.alloc(12, 0xff)]), "negative size"],
    [
      "a size beyond reason",
      patched(encodeHeader({ name: "a" }), [
        124,
        Buffer.from([0x80, 0x7f, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]),
      ]),
      "too large",
    ],
    ["an id of 2^32-1", Buffer.concat([pax(["uid", "4294967295"]), file("a")]), "out of range"],
    ["an id of 2^64", Buffer.concat([pax(["gid", "18446744073709551616"]), file("a")]), "too large"],
    ["a negative id", Buffer.concat([pax(["uid", "-1"]), file("a")]), "out of range"],
    ["a negative pax size", Buffer.concat([pax(["size", "-1"]), file("a")]), "negative size"],
    ["a pax size that is no number", Buffer.concat([pax(["size", "1e3"]), file("a")]), "no number"],
    ["a pax time that is no number", Buffer.concat([pax(["mtime", "today"]), file("a")]), "no time"],
    ["a NUL in a path", Buffer.concat([pax(["path", "a\0b"]), file("a")]), "NUL"],
    ["a pax record that is too long", Buffer.concat([withFlag("x", "99 path=a\n"), file("a")]), "wrong length"],
    ["a pax record that is too short", Buffer.concat([withFlag("x", "3 path=a\n"), file("a")]), "wrong length"],
    ["a pax record without a length", Buffer.concat([withFlag("x", "path=a\n"), file("a")]), "no length"],
    ["a pax record without a key", Buffer.concat([withFlag("x", "5 =a\n"), file("a")]), "no key"],
    ["a pax record without an equals sign", Buffer.concat([withFlag("x", "7 path\n"), file("a")]), "no key"],
    ["an attribute without a name", Buffer.concat([pax(["SCHILY.xattr.", "x"]), file("a")]), "without a name"],
  ])("%s", (_, archive, message) => {
    for (const piece of [archive.length, 1, 511]) {
      expect(() => parse(archive, {}, piece)).toThrow(invalid);
      expect(() => parse(archive, {}, piece)).toThrow(message);
    }
  });
});

describe("sparse maps that lie", () => {
  const sparse = (map: string, size: string, stored: string) =>
    Buffer.concat([pax(["GNU.sparse.map", map], ["GNU.sparse.size", size]), file("a", stored)]);
  const inData = (map: string, size: string) =>
    Buffer.concat([
      pax(
        ["GNU.sparse.major", "1"],
        ["GNU.sparse.minor", "0"],
        ["GNU.sparse.realsize", size],
        ["GNU.sparse.name", "s"],
      ),
      file("a", pad(Buffer.from(map)).toString("latin1")),
    ]);
  test.each<[string, Buffer, string]>([
    ["overlapping segments", sparse("0,10,5,10", "100", "x".repeat(20)), "does not fit"],
    ["segments that run backwards", sparse("50,5,10,5", "100", "x".repeat(10)), "does not fit"],
    ["a segment past the end", sparse("95,10", "100", "x".repeat(10)), "does not fit"],
    ["a negative offset", sparse("-5,10", "100", "x".repeat(10)), "does not fit"],
    ["a negative length", sparse("5,-10", "100", ""), "does not fit"],
    ["more data than the map says", sparse("0,5", "100", "x".repeat(10)), "does not match"],
    ["less data than the map says", sparse("0,15", "100", "x".repeat(10)), "does not match"],
    ["an odd number of fields", sparse("0,5,7", "100", "x".repeat(5)), "odd number"],
    ["a map in the data that never ends", inData("100000\n", "5"), "impossible count"],
    ["a map in the data without numbers", inData("x".repeat(500), "5"), "no number"],
    ["a map in the data that is cut", inData("3\n1\n", "5"), "no number"],
    [
      "lengths without offsets",
      Buffer.concat([pax(["GNU.sparse.numbytes", "1"], ["GNU.sparse.offset", "1"]), file("a")]),
      "out of order",
    ],
  ])("%s", (_, archive, message) => {
    expect(() => parse(archive)).toThrow(invalid);
    expect(() => parse(archive)).toThrow(message);
  });

  test("an old GNU map whose extensions never end", () => {
    const head = patched(encodeHeader({ name: "a" }), [156, "S"], [257, "ustar  \0"], [482, "\x01"]);
    const more = Buffer.alloc(512);
    more[504] = 1;
    expect(() => parse(Buffer.concat([head, more, more]))).toThrow("empty sparse extension");
    for (let at = 0; at < 504; at += 24) more.write("00000000000\0".repeat(2), at, "latin1");
    expect(() => parse(Buffer.concat([head, ...Array<Buffer>(200).fill(more)]), { metadataBytes: 65536 })).toThrow(
      exhausted,
    );
  });
});

describe("limits", () => {
  const many = createTar(Array.from({ length: 20 }, (_, i) => ({ name: `f${i}`, content: "12345" })));
  test.each<[string, Buffer, Partial<TarLimits>]>([
    ["members", many, { entries: 19 }],
    ["bytes of the archive", many, { archiveBytes: many.length - 1 }],
    ["bytes of content", many, { contentBytes: 99 }],
    ["a name", Buffer.concat([pax(["path", "x".repeat(5000)]), file("a")]), {}],
    ["a link target", Buffer.concat([pax(["linkpath", "x".repeat(5000)]), file("a")]), {}],
    ["a GNU long name", Buffer.concat([withFlag("L", "x".repeat(5000)), file("a")]), {}],
    ["a pax header", Buffer.concat([pax(["comment", "x".repeat(2000)]), file("a")]), { metadataBytes: 2000 }],
    ["a pax header announced and never sent", patched(encodeHeader({ name: "a", size: 2 ** 32 }), [156, "x"]), {}],
    ["a global pax header", withFlag("g", "x".repeat(3000)), { metadataBytes: 2000 }],
    [
      "holes",
      Buffer.concat([pax(["GNU.sparse.map", "0,1"], ["GNU.sparse.size", "9007199254740000"]), file("a", "x")]),
      {},
    ],
  ])("%s", (_, archive, limits) => {
    expect(() => parse(archive, limits)).toThrow(exhausted);
  });

  test("the same archives pass where the limits allow", () => {
    expect(parse(many, { entries: 20, archiveBytes: many.length, contentBytes: 100 }).entries).toHaveLength(20);
  });
});

describe("readers have to agree on where the next member is", () => {
  test("a pax size counts for the stored bytes, not the header's", () => {
    const hidden = file("hidden");
    const archive = Buffer.concat([
      pax(["size", "512"]),
      encodeHeader({ name: "outer", size: 0 }),
      hidden,
      file("next"),
      END,
    ]);
    expect(parse(archive).entries.map((entry) => entry.name)).toEqual(["outer", "next"]);
  });

  test("links, directories and devices store nothing, whatever their size field says", () => {
    for (const flag of ["1", "2", "3", "4", "5", "6"]) {
      const head = patched(encodeHeader({ name: "a", size: 512 }), [156, flag]);
      expect(parse(Buffer.concat([head, file("next"), END])).entries.map((entry) => entry.name)).toEqual(["a", "next"]);
    }
  });

  test("a directory of the oldest format: what is stored is passed over", () => {
    const head = patched(encodeHeader({ name: "dir/", size: 600 }), [156, "\0"], [257, Buffer.alloc(8)]);
    const result = parse(Buffer.concat([head, Buffer.alloc(1024, 1), file("next"), END]));
    expect(result).toEqual({
      entries: [
        { name: "dir/", type: "directory", size: 0 },
        { name: "next", type: "file", size: 0 },
      ],
      bytes: 0,
    });
  });

  test("global headers change nothing; an empty value gives way to the header; what follows the end is ignored", () => {
    const archive = Buffer.concat([
      withFlag("g", formatPaxRecord("path", "global")),
      pax(["path", ""]),
      file("a"),
      END,
      file("b"),
    ]);
    expect(parse(archive).entries.map((entry) => entry.name)).toEqual(["a"]);
  });

  test("a missing end, and a missing padding at the end, are accepted", () => {
    expect(parse(file("a", "12345").subarray(0, 517)).bytes).toBe(5);
  });
});

describe("any bytes", () => {
  const valid = Buffer.concat([
    pax(["path", "abc"], ["GNU.sparse.map", "1,2"], ["GNU.sparse.size", "9"]),
    file("f", "xy"),
    file("g", "z"),
    END,
  ]);
  const check = (archive: Buffer, piece: number) => {
    try {
      parse(archive, { entries: 1000 }, piece);
    } catch (error) {
      expect(error).toBeInstanceOf(BerthError);
      expect(["invalid", "exhausted"]).toContain((error as BerthError).kind);
    }
  };

  test("random bytes, and a valid archive with bytes changed and its checksums made right, never crash the reader", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2048 }), fc.integer({ min: 1, max: 999 }), (bytes, piece) => {
        check(Buffer.from(bytes), piece);
      }),
    );
    const change = fc.tuple(fc.nat(valid.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), fc.integer({ min: 1, max: 999 }), (changes, piece) => {
        const archive = Buffer.from(valid);
        for (const [at, value] of changes) archive[at] = value;
        for (let at = 0; at + 512 <= archive.length; at += 512) {
          if (archive.toString("latin1", at + 257, at + 262) === "ustar")
            patched(archive.subarray(at, at + 512)).copy(archive, at);
        }
        check(archive, piece);
      }),
      { numRuns: 2000 },
    );
  });
});
