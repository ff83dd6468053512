import fc from "fast-check";
import { expect, test } from "vitest";
import { Joiner, pieceLength } from "./joiner.ts";

interface Message {
  stream: 1 | 2;
  time: string;
  text: string;
  newline: boolean;
}

/** A log as conmon writes it: `reads` are what it read at once from a stream, each with a time of its own. */
function conmonLog(reads: readonly { stream: 1 | 2; text: string }[]): { bytes: Buffer; times: string[] } {
  const times: string[] = [];
  const lines = reads.flatMap(({ stream, text }, index) => {
    const time = `2026-11-20T22:45:${String(index % 60).padStart(2, "0")}.${String(index).padStart(9, "0")}`;
    times.push(time);
    return text.split(/(?<=\n)/).map((part) => {
      const flag = part.endsWith("\n") ? "F" : "P";
      return `${time}+00:00 ${stream === 1 ? "stdout" : "stderr"} ${flag} ${part.replace(/\n$/, "")}\n`;
    });
  });
  return { bytes: Buffer.from(lines.join(""), "latin1"), times };
}

/** Docker's own copier (daemon/logger/copier.go): lines out of a buffer of 16 KiB, all pieces with the first one's time. */
function dockerMessages(reads: readonly { stream: 1 | 2; text: string }[], times: readonly string[]): Message[] {
  const messages: Message[] = [];
  for (const stream of [1, 2] as const) {
    let text = "";
    let first: string | undefined;
    let last = "";
    for (const [index, read] of reads.entries()) {
      if (read.stream !== stream) continue;
      last = times[index] ?? "";
      for (const character of read.text) {
        if (character === "\n") {
          messages.push({ stream, time: first ?? last, text, newline: true });
          text = "";
          first = undefined;
          continue;
        }
        text += character;
        if (text.length < pieceLength) continue;
        first ??= last;
        messages.push({ stream, time: first, text, newline: false });
        text = "";
      }
    }
    if (text !== "") messages.push({ stream, time: first ?? last, text, newline: false });
  }
  return messages;
}

/** Feeds the log cut at the given places, as a reader with a small buffer would. */
function joined(bytes: Buffer, cuts: readonly number[]): Message[] {
  const messages: Message[] = [];
  const joiner = new Joiner((stream, times, time, text, start, end, newline) => {
    messages.push({
      stream,
      time: times.toString("latin1", time, time + 29),
      text: text.toString("latin1", start, end),
      newline,
    });
  });
  let used = 0;
  for (const cut of [...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length])
    if (cut > used) used = joiner.feed(bytes.subarray(0, cut), used, cut);
  expect(used).toBe(bytes.length);
  joiner.finish();
  return messages;
}

const byStream = (messages: Message[]) =>
  [1, 2].map((stream) => messages.filter((message) => message.stream === stream));

const text = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.string({ unit: fc.constantFrom("a", "b", "\n", " ", "\0"), minLength: 1, maxLength: 30 }),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 8192 }).map((length) => "x".repeat(length)) },
  { weight: 1, arbitrary: fc.constant("y".repeat(8192)) },
);
const reads = fc.array(fc.record({ stream: fc.constantFrom<1 | 2>(1, 2), text }), { maxLength: 20 });

test("records give the messages that Docker would have logged, wherever the reader's buffer ends", () => {
  fc.assert(
    fc.property(reads, fc.array(fc.nat(), { maxLength: 8 }), (list, cuts) => {
      const { bytes, times } = conmonLog(list);
      expect(byStream(joined(bytes, cuts))).toEqual(byStream(dockerMessages(list, times)));
    }),
    { numRuns: 300 },
  );
});

test("a line of exactly 16 KiB is a piece and an empty end, as with Docker", () => {
  const half = "z".repeat(8192);
  const { bytes } = conmonLog([half, half, "\n"].map((part) => ({ stream: 1, text: part })));
  expect(joined(bytes, []).map(({ text: part, newline }) => [part.length, newline])).toEqual([
    [16384, false],
    [0, true],
  ]);
});

test("what is no record is skipped, and the records around it are not", () => {
  const good = "2026-11-20T22:45:00.000000000+00:00 stdout F ";
  const log = `${good}one\ngarbage\n\n${good}two\n${"-".repeat(60)}\n${good.replace("stdout", "stdin ")}no\n${good}three\n`;
  expect(joined(Buffer.from(log), []).map((message) => message.text)).toEqual(["one", "two", "three"]);
});

test("any bytes at all are survived", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
      const buffer = Buffer.from(bytes);
      const joiner = new Joiner(() => {});
      const used = joiner.feed(buffer, 0, buffer.length);
      expect(buffer.indexOf(10, used)).toBe(-1);
    }),
  );
});
