import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { receiveChunks, sendChunks } from "./chunks.ts";

async function* from(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

describe("bytes between threads", () => {
  test("arrive whole and in order, whatever their pieces are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 })), fc.nat(3), async (small, large) => {
        const chunks = [...small, ...Array<Buffer>(large).fill(Buffer.alloc(400_000, "abc"))];
        const { port1, port2 } = new MessageChannel();
        const sending = sendChunks(port1, from(chunks));
        const parts: Buffer[] = [];
        for await (const part of receiveChunks(port2)) parts.push(Buffer.from(part));
        await sending;
        expect(Buffer.concat(parts).equals(Buffer.concat(chunks))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test("a receiver that does not take holds the source back", async () => {
    let read = 0;
    async function* source(): AsyncGenerator<Buffer> {
      for (; read < 100_000_000; read += 100_000) yield Buffer.alloc(100_000);
    }
    const { port1, port2 } = new MessageChannel();
    const sending = sendChunks(port1, source());
    const receiver = receiveChunks(port2);
    await receiver.next();
    let before = -1;
    while (before !== read) {
      before = read;
      await sleep(20);
    }
    expect(read).toBeGreaterThan(1_000_000);
    expect(read).toBeLessThan(6_000_000);
    await receiver.return(undefined);
    await sending;
    expect(read).toBeLessThan(6_000_000);
  });

  test("a source that fails: its error on its own side, the other is cut off", async () => {
    async function* source(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(1_000_000);
      throw new Error("mine");
    }
    const { port1, port2 } = new MessageChannel();
    const sending = sendChunks(port1, source());
    const receive = async () => {
      for await (const _ of receiveChunks(port2));
    };
    await Promise.all([
      expect(sending).rejects.toThrow("mine"),
      expect(receive()).rejects.toMatchObject({ kind: "cancelled" }),
    ]);
  });

  test("a channel that breaks ends both sides", async () => {
    const { port1, port2 } = new MessageChannel();
    const receiver = receiveChunks(port2);
    const next = receiver.next();
    port1.close();
    await expect(next).rejects.toMatchObject({ kind: "cancelled" });
  });

  test("a receiver that leaves closes the source", async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield Buffer.alloc(300_000);
      } finally {
        closed = true;
      }
    }
    const { port1, port2 } = new MessageChannel();
    const sending = sendChunks(port1, source());
    for await (const _ of receiveChunks(port2)) break;
    await sending;
    expect(closed).toBe(true);
  });
});
