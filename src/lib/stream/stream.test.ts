import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { byteLimit, hashing, readAll } from "./index.ts";

const source = () => Readable.from([Buffer.from("hello "), Buffer.from("world")]);
const hex = createHash("sha256").update("hello world").digest("hex");

test("readAll collects up to its limit and destroys what goes beyond", async () => {
  expect(String(await readAll(source(), 11))).toBe("hello world");
  const stream = source();
  await expect(readAll(stream, 10, "body")).rejects.toMatchObject({
    kind: "exhausted",
    message: expect.stringContaining("body is larger than 10"),
  });
  expect(stream.destroyed).toBe(true);
});

test("byteLimit lets the limit pass and not a byte more", async () => {
  expect(String(await readAll(source().pipe(byteLimit(11)), 100))).toBe("hello world");
  await expect(pipeline(source(), byteLimit(10), async (output) => readAll(output, 100))).rejects.toMatchObject({
    kind: "exhausted",
  });
});

test("hashing counts, hashes and verifies", async () => {
  const hash = hashing({ expected: hex });
  expect(hash.result).toBeUndefined();
  await pipeline(source(), hash, async (output) => readAll(output, 100));
  expect(hash.result).toEqual({ hex, size: 11 });
  const wrong = pipeline(source(), hashing({ expected: "00" }), async (output) => readAll(output, 100));
  await expect(wrong).rejects.toMatchObject({ kind: "corrupt" });
});
