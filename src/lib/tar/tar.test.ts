import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTar, readTar, type TarEntry, type TarMember, TarParser } from "./index.ts";

interface Seen {
  entry: TarEntry;
  content: Buffer;
}

/** Everything that a parser tells about an archive given in pieces of these sizes, files put together with their holes. */
function parse(archive: Buffer, sizes: readonly number[] = [archive.length]): Seen[] {
  const seen: Seen[] = [];
  let pieces: { offset: number; bytes: Buffer }[] = [];
  const parser = new TarParser({
    entry: (entry) => seen.push({ entry, content: Buffer.alloc(0) }),
    data: (chunk, offset) => pieces.push({ offset, bytes: Buffer.from(chunk) }),
    end: () => {
      const last = seen.at(-1);
      if (last === undefined) throw new Error("an end without an entry");
      last.content = Buffer.alloc(last.entry.size);
      for (const { offset, bytes } of pieces) bytes.copy(last.content, offset);
      pieces = [];
    },
  });
  for (let at = 0, i = 0; at < archive.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    parser.write(archive.subarray(at, at + size));
    at += size;
  }
  parser.end();
  return seen;
}

const name = fc
  .uint8Array({ minLength: 1, maxLength: 300 })
  .map((bytes) => Buffer.from(bytes.map((byte) => byte || 0x2e)));
const id = fc.oneof(fc.nat(70000), fc.integer({ min: 0, max: 0xfffffffe }));
const time = fc.bigInt({ min: -(10n ** 19n), max: 10n ** 20n });
const xattrs = fc.dictionary(
  fc.constantFrom("user.a", "security.capability", "trusted.b=c%3D", "user.%"),
  fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
);
const segments = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 1, max: 3000 })), { maxLength: 40 })
  .map((gaps) => {
    let at = 0;
    return gaps.map(([gap, length]) => {
      const offset = at + gap + 1;
      at = offset + length;
      return { offset, length };
    });
  });

const common = {
  name,
  uid: id,
  gid: id,
  mode: fc.nat(0o7777),
  mtime: time,
  uname: fc.string({ maxLength: 8, unit: fc.constantFrom("a", "b", "-") }),
  xattrs: xattrs.map((values) => new Map(Object.entries(values))),
};
const member: fc.Arbitrary<TarMember> = fc.oneof(
  fc.record({
    ...common,
    type: fc.constant("file" as const),
    content: fc.uint8Array({ maxLength: 3000 }).map(Buffer.from),
  }),
  fc.record({ ...common, type: fc.constantFrom("symlink" as const, "hardlink" as const), linkName: name }),
  fc.record({ ...common, type: fc.constantFrom("directory" as const, "fifo" as const), atime: time }),
  fc.record({
    ...common,
    type: fc.constantFrom("character" as const, "block" as const),
    major: fc.nat(4095),
    minor: fc.nat(1048575),
  }),
  fc
    .record({ ...common, type: fc.constant("file" as const), sparse: segments, tail: fc.nat(9999) })
    .map(({ tail, ...rest }) => {
      const last = rest.sparse.at(-1);
      const data = rest.sparse.reduce((sum, segment) => sum + segment.length, 0);
      return { ...rest, size: (last ? last.offset + last.length : 0) + tail, content: Buffer.alloc(data, "data!") };
    }),
);

function expectSame(seen: Seen | undefined, wanted: TarMember): void {
  const { content = "", ...fields } = wanted;
  expect(seen?.entry).toMatchObject(fields);
  const data = fields.sparse?.map(({ offset, length }) => seen?.content.subarray(offset, offset + length)) ?? [
    seen?.content,
  ];
  expect(Buffer.concat(data.map((part) => part ?? Buffer.alloc(0))).equals(Buffer.from(content))).toBe(true);
}

describe("written and read again", () => {
  test("every entry comes back as it was, whatever the pieces are", () => {
    fc.assert(
      fc.property(
        fc.array(member, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1 }),
        (members, sizes) => {
          const seen = parse(createTar(members), sizes);
          expect(seen).toHaveLength(members.length);
          members.forEach((wanted, at) => {
            expectSame(seen[at], wanted);
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  test("the same members give the same bytes", () => {
    const members: TarMember[] = [{ name: "a", content: "b", xattrs: new Map([["user.x", Buffer.from([0, 255])]]) }];
    expect(createTar(members).equals(createTar(structuredClone(members).map((m) => ({ ...m, name: "a" }))))).toBe(true);
  });

  test("numbers beyond the octal fields", () => {
    const wanted = { name: "f", uid: 4294967294, gid: 2097152, mtime: 99999999999999999999n };
    expect(parse(createTar([wanted]))[0]?.entry).toMatchObject({ uid: 4294967294, gid: 2097152, mtime: wanted.mtime });
  });

  test("an archive of nothing", () => {
    expect(parse(createTar([]))).toEqual([]);
    expect(parse(Buffer.alloc(0))).toEqual([]);
  });
});

describe("readTar", () => {
  async function* pieces(data: Buffer, size: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
  }

  test("gives members in order; content that is not taken is passed over; holes are zeros", async () => {
    const archive = createTar([
      { name: "skipped", content: Buffer.alloc(2000, 1) },
      { name: "dir/", type: "directory" },
      { name: "sparse", sparse: [{ offset: 3, length: 2 }], size: 8, content: "xy" },
      { name: "read", content: "hello" },
    ]);
    const found: [string, string][] = [];
    for await (const { entry, content } of readTar(pieces(archive, 100))) {
      const parts: Buffer[] = [];
      if (entry.name.toString() !== "skipped") for await (const part of content()) parts.push(part);
      found.push([entry.name.toString(), Buffer.concat(parts).toString()]);
    }
    expect(found).toEqual([
      ["skipped", ""],
      ["dir/", ""],
      ["sparse", "\0\0\0xy\0\0\0"],
      ["read", "hello"],
    ]);
  });

  test("a cut archive rejects while its content is read", async () => {
    const archive = createTar([{ name: "a", content: Buffer.alloc(5000) }]).subarray(0, 2000);
    const read = async () => {
      for await (const { content } of readTar(pieces(archive, 100))) for await (const _ of content());
    };
    await expect(read()).rejects.toThrow("unexpected end");
  });

  test("leaving in the middle of a member closes the source", async () => {
    let closed = false;
    async function* source() {
      try {
        yield* pieces(createTar([{ name: "a", content: Buffer.alloc(5000) }]), 100);
      } finally {
        closed = true;
      }
    }
    for await (const _ of readTar(source())) break;
    expect(closed).toBe(true);
  });
});
