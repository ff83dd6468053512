import { execFileSync } from "node:child_process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, expect, test } from "vitest";
import { createGunzip, createGzip, detectCompression, peek } from "./index.ts";

describe("compression", () => {
  test.each([
    ["gzip", "gzip"],
    ["xz", "xz"],
    ["bzip2", "bzip2"],
    ["zstd", "zstd"],
  ])("%s is told by what the program writes", (name, program) => {
    expect(detectCompression(execFileSync(program, ["-c"], { input: "data" }))).toBe(name);
  });

  test("anything else, nothing and half a mark are plain", () => {
    for (const head of [Buffer.alloc(0), Buffer.from([0x1f]), Buffer.from("etc/passwd"), Buffer.from([0x1f, 0x8b])]) {
      expect(detectCompression(head)).toBe("none");
    }
  });

  test("a zstd stream that begins with a skippable frame", () => {
    expect(detectCompression(Buffer.from([0x5d, 0x2a, 0x4d, 0x18, 1, 0, 0, 0]))).toBe("zstd");
  });

  test("gzip is reproducible and its members may follow each other", async () => {
    const pack = async () => {
      const parts: Buffer[] = [];
      await pipeline(Readable.from([Buffer.alloc(100_000, "ab")]), createGzip({ level: 6 }), async (source) => {
        for await (const part of source) parts.push(part);
      });
      return Buffer.concat(parts);
    };
    const packed = await pack();
    expect(packed.equals(await pack())).toBe(true);
    let length = 0;
    await pipeline(Readable.from([packed, packed]), createGunzip(), async (source) => {
      for await (const part of source) length += part.length;
    });
    expect(length).toBe(200_000);
  });

  test("peek gives the head and then the whole", async () => {
    async function* source() {
      yield Buffer.from("ab");
      yield Buffer.from("cd");
      yield Buffer.from("ef");
    }
    const { head, whole } = await peek(source(), 3);
    expect(head.toString()).toBe("abcd");
    let text = "";
    for await (const chunk of whole) text += chunk.toString();
    expect(text).toBe("abcdef");
    const short = await peek(source(), 100);
    expect(short.head.toString()).toBe("abcdef");
  });

  test("leaving early closes the source", async () => {
    let closed = false;
    async function* source() {
      try {
        for (;;) yield Buffer.from("x");
      } finally {
        closed = true;
      }
    }
    const { whole } = await peek(source(), 1);
    for await (const _ of whole) break;
    expect(closed).toBe(true);
  });
});
