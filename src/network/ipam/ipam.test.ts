import fc from "fast-check";
import { expect, test } from "vitest";
import { formatPrefix, needPrefix, overlaps, within } from "../address.ts";
import { createAddressBook } from "./addresses.ts";
import { choosePool, DEFAULT_POOLS } from "./choose-pool.ts";

const subnet = needPrefix("10.0.0.0/29");

test("addresses are given from the lowest on, each once, and again when they are free", () => {
  const book = createAddressBook({ subnet, reserved: ["10.0.0.1", "10.0.0.3"] });
  expect([book.take(), book.take(), book.take(), book.take()]).toEqual([
    "10.0.0.2",
    "10.0.0.4",
    "10.0.0.5",
    "10.0.0.6",
  ]);
  expect(() => book.take()).toThrow("no available IPv4 addresses");
  book.release("10.0.0.4");
  expect(book.take()).toBe("10.0.0.4");
});

test("a wanted address is given where it is free and inside", () => {
  const book = createAddressBook({ subnet, range: needPrefix("10.0.0.4/30"), reserved: ["10.0.0.1"] });
  expect(book.take("10.0.0.2")).toBe("10.0.0.2");
  expect(() => book.take("10.0.0.2")).toThrow("Address already in use");
  for (const edge of ["10.0.0.0", "10.0.0.7", "10.0.0.1"]) expect(() => book.take(edge)).toThrow("already in use");
  expect(() => book.take("10.0.1.2")).toThrow("no configured subnet contains IP address 10.0.1.2");
  expect(book.take()).toBe("10.0.0.4");
  expect(book.claim("10.0.0.5")).toBe(true);
  expect(book.claim("10.0.0.5")).toBe(false);
  expect(book.take()).toBe("10.0.0.6");
});

test("whatever is taken and released, nobody has an address that another has", () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 5 })), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (list) => {
      const book = createAddressBook({ subnet, reserved: ["10.0.0.1"] });
      const held: string[] = [];
      for (const [take, index] of list) {
        if (take && held.length < 5) held.push(book.take());
        else {
          const [gone] = held.splice(index, 1);
          if (gone !== undefined) book.release(gone);
        }
        expect(new Set(held).size).toBe(held.length);
      }
    }),
  );
});

test("IPv6 subnets are looked through lazily", () => {
  const book = createAddressBook({ subnet: needPrefix("fd00::/64"), reserved: ["fd00::1"] });
  expect([book.take(), book.take()]).toEqual(["fd00::2", "fd00::3"]);
});

test("a pool gives the first subnet that nothing in use overlaps; ways to everywhere are no use", () => {
  const used = ["172.17.0.0/16", "172.18.0.0/25", "172.18.2.0/23", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1"].map(
    needPrefix,
  );
  expect(formatPrefix(choosePool(DEFAULT_POOLS, 4, used))).toBe("172.18.1.0/24");
  expect(formatPrefix(choosePool(DEFAULT_POOLS, 4, [needPrefix("172.16.0.0/12")]))).toBe("192.168.0.0/24");
  expect(formatPrefix(choosePool([{ base: "fd00::/48", size: 64 }], 6, [needPrefix("fd00::/64")]))).toBe(
    "fd00:0:0:1::/64",
  );
  expect(() => choosePool([{ base: "10.0.0.0/24", size: 24 }], 4, [needPrefix("10.0.0.128/32")])).toThrow(
    "all predefined address pools have been fully subnetted",
  );
});

test("what a pool gives overlaps nothing and lies in the pool", () => {
  const prefix = fc.tuple(
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: 10, max: 32 }),
  );
  fc.assert(
    fc.property(fc.array(prefix, { maxLength: 12 }), fc.integer({ min: 16, max: 28 }), (list, size) => {
      const used = list.map(([a, b, length]) => needPrefix(`10.${a}.${b}.0/${length}`));
      const pool = needPrefix("10.64.0.0/12");
      try {
        const found = choosePool([{ base: "10.64.0.0/12", size }], 4, used);
        expect(found.length).toBe(size);
        expect(within(found, pool)).toBe(true);
        expect(used.some((each) => overlaps(each, found))).toBe(false);
      } catch (error) {
        expect(String(error)).toContain("fully subnetted");
      }
    }),
  );
});
