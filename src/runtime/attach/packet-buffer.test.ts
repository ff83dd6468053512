import fc from "fast-check";
import { expect, test } from "vitest";
import { createDemuxer } from "../../lib/index.ts";
import { PacketBuffer } from "./packet-buffer.ts";

/** Receives a packet as the kernel would: into the memory that the buffer gives. */
function receive(buffer: PacketBuffer, mark: number, payload: Uint8Array): void {
  const memory = buffer.next();
  expect(memory.length).toBe(8193);
  memory[0] = mark;
  memory.set(payload, 1);
  buffer.add(payload.length + 1);
}

const packet = fc.record({
  mark: fc.constantFrom(2, 3),
  payload: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 50 }),
    fc.integer({ min: 1, max: 8192 }).map((length) => new Uint8Array(length).fill(length % 251)),
  ),
  take: fc.boolean(),
});

test("packets come out as frames of their streams, in order, byte for byte", () => {
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 80 }), (packets) => {
      const buffer = new PacketBuffer();
      const got: [number, number[]][] = [];
      const segments: number[] = [];
      const collect = () => {
        for (const chunk of buffer.take()) {
          const demuxer = createDemuxer((stream, bytes) => got.push([stream, [...bytes]]));
          demuxer.write(chunk.bytes);
          demuxer.end();
          for (const { start, end } of chunk.segments) segments.push(...chunk.bytes.subarray(start, end));
        }
      };
      for (const { mark, payload, take } of packets) {
        receive(buffer, mark, payload);
        if (take) collect();
      }
      collect();
      expect(got).toEqual(packets.map(({ mark, payload }) => [mark - 1, [...payload]]));
      expect(segments).toEqual(packets.flatMap(({ payload }) => [...payload]));
      expect(buffer.take()).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("what was taken does not change when more arrives", () => {
  const buffer = new PacketBuffer();
  receive(buffer, 2, Buffer.from("first"));
  const [chunk] = buffer.take();
  for (let index = 0; index < 100; index++) receive(buffer, 3, Buffer.alloc(8192, "x"));
  expect(chunk?.bytes.toString("latin1")).toBe("\x01\0\0\0\0\0\0\x05first");
});

test("a packet of no known stream, or without payload, is nothing", () => {
  const buffer = new PacketBuffer();
  receive(buffer, 9, Buffer.from("x"));
  receive(buffer, 2, Buffer.alloc(0));
  expect(buffer.take()).toEqual([]);
});
