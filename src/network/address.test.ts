import fc from "fast-check";
import { expect, test } from "vitest";
import {
  contains,
  formatAddress,
  formatPrefix,
  lastOf,
  overlaps,
  parseAddress,
  parsePrefix,
  prefixOf,
  within,
} from "./address.ts";

const v4 = fc.ipV4();
const v6 = fc.ipV6();

test("addresses of both families survive reading and printing", () => {
  fc.assert(
    fc.property(fc.oneof(v4, v6), (text) => {
      const address = parseAddress(text);
      if (address === undefined) throw new Error(text);
      expect(parseAddress(formatAddress(address))).toEqual(address);
    }),
  );
  expect(formatAddress({ family: 6, value: 1n })).toBe("::1");
  expect(formatAddress({ family: 6, value: 0n })).toBe("::");
  expect(formatAddress(parseAddress("2001:db8:0:0:1:0:0:1") ?? { family: 4, value: 0n })).toBe("2001:db8::1:0:0:1");
  expect(parseAddress("::ffff:1.2.3.4")?.value).toBe(0xffff01020304n);
});

test("what is no address or prefix is none", () => {
  for (const text of ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "x", "1::2::3", "fe80::1%eth0", "10.0.0.0/8"])
    expect(parseAddress(text), text).toBeUndefined();
  for (const text of ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "/8", "x/8"])
    expect(parsePrefix(text), text).toBeUndefined();
  fc.assert(fc.property(fc.string(), (text) => void parsePrefix(text)));
});

test("a prefix holds its first and last address, and nothing beside them", () => {
  const prefixes = fc.tuple(v4, fc.integer({ min: 1, max: 32 }));
  fc.assert(
    fc.property(prefixes, prefixes, ([a, length], [b, other]) => {
      const one = parsePrefix(`${a}/${length}`);
      const two = parsePrefix(`${b}/${other}`);
      if (one === undefined || two === undefined) throw new Error("no prefix");
      expect(contains(one, { family: 4, value: one.base })).toBe(true);
      expect(contains(one, { family: 4, value: lastOf(one) + 1n })).toBe(false);
      expect(overlaps(one, two)).toBe(within(one, two) || within(two, one));
      expect(overlaps(one, two)).toBe(overlaps(two, one));
      expect(prefixOf({ family: 4, value: lastOf(one) }, length)).toEqual(one);
      expect(parsePrefix(formatPrefix(one))).toEqual(one);
    }),
  );
});
