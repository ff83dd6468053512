import { expect, test } from "vitest";
import { giveBackMemory } from "./give-back-memory.ts";

test("what was allocated and dropped leaves the process", () => {
  giveBackMemory();
  const before = process.memoryUsage().rss;
  // Small enough that malloc takes them from its heap, with something kept between them as in real use.
  const pins: Buffer[] = [];
  let blocks: Buffer[] | undefined = [];
  for (let index = 0; index < 2000; index++) {
    blocks.push(Buffer.alloc(60_000, 1));
    if (index % 100 === 0) pins.push(Buffer.alloc(60_000, 1));
  }
  expect(process.memoryUsage().rss - before).toBeGreaterThan(100_000_000);
  blocks = undefined;
  giveBackMemory();
  expect(process.memoryUsage().rss - before).toBeLessThan(40_000_000);
  expect(pins.length).toBe(20);
});
