import fc from "fast-check";
import { expect, test } from "vitest";
import { createDemuxer, frameHeader, type StreamNumber } from "./stdcopy.ts";

const frame = fc.record({
  stream: fc.constantFrom<StreamNumber>(0, 1, 2, 3),
  payload: fc.uint8Array({ maxLength: 40 }),
});
const encode = (frames: { stream: StreamNumber; payload: Uint8Array }[]) =>
  Buffer.concat(frames.flatMap(({ stream, payload }) => [frameHeader(stream, payload.length), payload]));

test("whatever the stream is cut into, each stream's bytes come out in order", () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.nat(9)), (frames, cuts) => {
      const wire = encode(frames);
      const output: [number, number][] = [];
      const demuxer = createDemuxer((stream, payload) => {
        expect(payload.length).toBeGreaterThan(0);
        for (const byte of payload) output.push([stream, byte]);
      });
      let offset = 0;
      for (const cut of cuts) {
        demuxer.write(wire.subarray(offset, offset + cut));
        offset += cut;
      }
      demuxer.write(wire.subarray(offset));
      demuxer.end();
      expect(output).toEqual(frames.flatMap(({ stream, payload }) => [...payload].map((byte) => [stream, byte])));
    }),
  );
});

test("arbitrary bytes are frames or corrupt, and no payload is held back", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 20 }), (chunks) => {
      let out = 0;
      const demuxer = createDemuxer((_, payload) => {
        out += payload.length;
      });
      try {
        for (const chunk of chunks) demuxer.write(chunk);
        demuxer.end();
      } catch (error) {
        expect(error).toMatchObject({ kind: "corrupt" });
      }
      expect(out).toBeLessThanOrEqual(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    }),
  );
});

test("a stream number that does not exist is refused, for good", () => {
  const demuxer = createDemuxer(() => {});
  expect(() => demuxer.write(Buffer.from([4, 0, 0, 0, 0, 0, 0, 1, 65]))).toThrow("Unrecognized input header: 4");
  expect(() => demuxer.write(frameHeader(1, 0))).toThrow("Unrecognized input header: 4");
});

test("an end inside a frame is an error, between frames it is not", () => {
  const demuxer = createDemuxer(() => {});
  demuxer.write(encode([{ stream: 1, payload: Buffer.from("abc") }]));
  demuxer.end();
  demuxer.write(frameHeader(2, 5).subarray(0, 3));
  expect(() => demuxer.end()).toThrow("inside a frame");
});

test("a header that announces 4 GiB costs no memory", () => {
  const pieces: number[] = [];
  const demuxer = createDemuxer((_, payload) => pieces.push(payload.length));
  demuxer.write(frameHeader(1, 0xffff_ffff));
  demuxer.write(Buffer.alloc(100));
  expect(pieces).toEqual([100]);
  expect(() => frameHeader(1, 2 ** 32)).toThrow(RangeError);
});
