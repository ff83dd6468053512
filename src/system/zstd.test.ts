import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unzstd, ZstdDecoder, ZstdEncoder, zstd } from "./zstd.ts";

const cli = (args: string[], input: Buffer) => execFileSync("zstd", ["-q", ...args], { input, maxBuffer: 1 << 28 });
async function* pieces(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}
async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of source) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}
const sample = Buffer.concat([randomBytes(300_000), Buffer.alloc(3_000_000, "abcdefgh"), randomBytes(1000)]);

describe("zstd", () => {
  test("reads what the zstd program writes, several frames in a row", async () => {
    const packed = Buffer.concat([cli(["-19", "-c"], sample), cli(["-1", "-c"], sample)]);
    for (const size of [7, 4096, 1 << 20]) {
      const result = await collect(unzstd(pieces(packed, size)));
      expect(result.equals(Buffer.concat([sample, sample]))).toBe(true);
    }
  });

  test("the zstd program reads what it writes, and levels differ", async () => {
    const small = await collect(zstd(pieces(sample, 65536), { level: 12 }));
    expect(cli(["-dc"], small).equals(sample)).toBe(true);
  });

  test("the same bytes whatever the pieces are", async () => {
    const digests = [1000, 65536, 1 << 22].map(async (size) =>
      createHash("sha256")
        .update(await collect(zstd(pieces(sample, size))))
        .digest("hex"),
    );
    expect(new Set(await Promise.all(digests)).size).toBe(1);
  });

  test("any bytes come back", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 999 }), async (data, size) => {
        const bytes = Buffer.from(data);
        expect((await collect(unzstd(zstd(pieces(bytes, size))))).equals(bytes)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("garbage, a cut frame and no input at all are refused", async () => {
    const packed = cli(["-c"], sample);
    await expect(collect(unzstd(pieces(Buffer.from("no zstd at all"), 5)))).rejects.toMatchObject({ kind: "invalid" });
    await expect(collect(unzstd(pieces(packed.subarray(0, -3), 65536)))).rejects.toThrow("unexpected end");
    await expect(collect(unzstd(pieces(Buffer.alloc(0), 1)))).rejects.toThrow("unexpected end");
    const flipped = Buffer.from(packed);
    flipped[packed.length - 1000] = (flipped[packed.length - 1000] ?? 0) ^ 0xff;
    await expect(collect(unzstd(pieces(flipped, 65536)))).rejects.toMatchObject({ kind: "invalid" });
  });

  test("a bomb comes out piece by piece", () => {
    const bomb = cli(["-19", "-c"], Buffer.alloc(64 << 20));
    const decoder = new ZstdDecoder();
    const first = decoder.push(bomb).next();
    expect(bomb.length).toBeLessThan(10_000);
    expect(first.value).toHaveLength(512 * 1024);
    decoder.close();
  });

  test("a window over 128 MiB is refused", async () => {
    // A frame header (RFC 8878 3.1.1.1) that asks for 2^30 bytes, and an empty last block.
    const packed = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (30 - 10) << 3, 0x01, 0x00, 0x00]);
    await expect(collect(unzstd(pieces(packed, 1000)))).rejects.toThrow(/memory/);
  });

  test("closed in the middle, it can be closed again and not used", () => {
    const encoder = new ZstdEncoder({ level: 1 });
    encoder.close();
    encoder.close();
    expect(() => [...encoder.push(Buffer.from("x"))]).toThrow("used after its end");
  });
});
