import fc from "fast-check";
import { expect, test } from "vitest";
import { createDetachWatch, parseDetachKeys } from "./detach-keys.ts";

async function passed(keys: Buffer, chunks: readonly Buffer[]): Promise<{ text: Buffer; detached: boolean }> {
  let detached = false;
  const watch = createDetachWatch(keys, () => {
    detached = true;
    watch.end();
  });
  const out: Buffer[] = [];
  watch.on("data", (chunk: Buffer) => out.push(chunk));
  const ended = new Promise((resolve) => watch.on("end", resolve));
  for (const chunk of chunks) if (!watch.writableEnded) watch.write(chunk);
  if (!watch.writableEnded) watch.end();
  await ended;
  return { text: Buffer.concat(out), detached };
}

test("key names become bytes, others are refused in Docker's words", () => {
  expect([...parseDetachKeys()]).toEqual([16, 17]);
  expect([...parseDetachKeys("a,ctrl-a,ctrl-[,ctrl-@")]).toEqual([97, 1, 27, 0]);
  expect(() => parseDetachKeys("foo")).toThrow("Invalid detach keys (foo) provided");
  expect(() => parseDetachKeys("ctrl-1")).toThrow("Invalid detach keys (ctrl-1) provided");
});

test("the sequence detaches, also across chunks, and what came before is passed on", async () => {
  const keys = parseDetachKeys();
  expect(await passed(keys, [Buffer.from("ab\x10"), Buffer.from("\x11rest")])).toEqual({
    text: Buffer.from("ab"),
    detached: true,
  });
  expect(await passed(keys, [Buffer.from("a\x10b\x10")])).toEqual({ text: Buffer.from("a\x10b\x10"), detached: false });
  expect((await passed(keys, [Buffer.from("\x10\x10\x11")])).detached).toBe(true);
});

test("whatever is typed without the sequence comes through unchanged, however it is cut", async () => {
  const bytes = fc.array(fc.constantFrom(16, 97, 0, 255), { maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { maxLength: 5 }), async (chunks) => {
      const parts = chunks.map((chunk) => Buffer.from(chunk));
      expect((await passed(parseDetachKeys(), parts)).text.equals(Buffer.concat(parts))).toBe(true);
    }),
  );
});
