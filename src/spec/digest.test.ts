import { join, normalize } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf, isDigest, parseDigest } from "./digest.ts";

test("takes a digest apart", () => {
  expect(parseDigest(digestOf(""))).toEqual({
    algorithm: "sha256",
    hex: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  });
});

test.each([
  ["", "invalid checksum digest format"],
  ["sha256", "invalid checksum digest format"],
  ["sha256:", "invalid checksum digest format"],
  [`sha256:${"a".repeat(63)}`, "invalid checksum digest length"],
  [`sha256:${"a".repeat(65)}`, "invalid checksum digest length"],
  [`sha256:${"g".repeat(64)}`, "invalid checksum digest format"],
  [`sha256:${"A".repeat(64)}`, "invalid checksum digest format"],
  [`sha256:../../${"a".repeat(58)}`, "invalid checksum digest format"],
  [`../sha256:${"a".repeat(64)}`, "invalid checksum digest format"],
  [`toString:${"a".repeat(64)}`, "invalid checksum digest format"],
  [`constructor:${"a".repeat(64)}`, "unsupported digest algorithm"],
  [`sha256:${"a".repeat(64)}\n`, "invalid checksum digest format"],
  [`sha1:${"a".repeat(40)}`, "unsupported digest algorithm"],
])("refuses %j", (text, message) => {
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ message, kind: "invalid" }));
});

test("nothing that it accepts leads out of a folder", () => {
  const near = fc.stringMatching(/^(sha256|sha512|\.\.|[a-z]{1,6})[:/][a-f0-9./]{60,70}$/);
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (text) => {
      if (!isDigest(text)) return;
      const { algorithm, hex } = parseDigest(text);
      expect(normalize(join("/blobs", algorithm, hex))).toBe(`/blobs/${algorithm}/${hex}`);
      expect(hex).toMatch(/^[0-9a-f]{64,128}$/);
    }),
  );
});
