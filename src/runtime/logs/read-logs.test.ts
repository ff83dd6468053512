import { appendFileSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDemuxer, deferred } from "../../lib/index.ts";
import type { ReadLogsOptions } from "./options.ts";
import { readLogs } from "./read-logs.ts";
import { shiftFiles } from "./rotation.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync("/dev/shm/berth-logs-");
  path = join(folder, "ctr.log");
});
afterEach(() => rmSync(folder, { recursive: true }));

const base = { tty: false, stdout: true, stderr: true, follow: false, timestamps: false };
const timeOf = (second: number) => `2026-11-20T22:00:${String(second).padStart(2, "0")}.000000000`;
const nanoseconds = (second: number) => BigInt(Date.parse(`${timeOf(second)}Z`)) * 1_000_000n;
const line = (second: number, text: string, stream = "stdout", flag = "F") =>
  `${timeOf(second)}+00:00 ${stream} ${flag} ${text}\n`;

/** Payload of all frames; each frame must be one message. */
function payload(bytes: Buffer): string {
  let text = "";
  const demuxer = createDemuxer((_, part) => {
    text += Buffer.from(part).toString();
  });
  demuxer.write(bytes);
  demuxer.end();
  return text;
}

async function logs(options: Partial<ReadLogsOptions> = {}): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of readLogs({ ...base, path, ...options })) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return options.tty === true ? bytes.toString() : payload(bytes);
}

test("a log that is not there is empty", async () => {
  expect(await logs()).toBe("");
  expect(await logs({ tail: 3 })).toBe("");
  expect(await logs({ path: join(folder, "no", "such", "folder") })).toBe("");
});

test("each line is a frame of its stream, as Docker sends it; a terminal's are raw", async () => {
  writeFileSync(path, line(1, "out") + line(2, "err", "stderr"));
  const [chunk] = await readLogs({ ...base, path }).toArray();
  expect((chunk as Buffer).toString("latin1")).toBe("\x01\0\0\0\0\0\0\x04out\n\x02\0\0\0\0\0\0\x04err\n");
  expect(await logs({ tty: true })).toBe("out\nerr\n");
});

describe("selection", () => {
  beforeEach(() => {
    writeFileSync(`${path}.2`, line(1, "a"));
    writeFileSync(`${path}.1`, line(2, "b") + line(3, "c", "stderr"));
    writeFileSync(path, line(4, "d") + line(5, "e"));
  });

  const cases: [Partial<ReadLogsOptions>, string][] = [
    [{}, "a\nb\nc\nd\ne\n"],
    [{ stdout: false }, "c\n"],
    [{ stderr: false }, "a\nb\nd\ne\n"],
    [{ timestamps: true, tail: 1 }, `${timeOf(5)}Z e\n`],
    [{ timestamps: true, tail: 1, prefix: "k=v " }, `${timeOf(5)}Z k=v e\n`],
    [{ since: nanoseconds(3) }, "c\nd\ne\n"],
    [{ since: nanoseconds(3) + 1n }, "d\ne\n"],
    [{ until: nanoseconds(3) }, "a\nb\nc\n"],
    [{ since: nanoseconds(2), until: nanoseconds(4) }, "b\nc\nd\n"],
    [{ since: -5n, until: 10n ** 30n }, "a\nb\nc\nd\ne\n"],
    [{ tail: 0 }, ""],
    [{ tail: 2 }, "d\ne\n"],
    [{ tail: 3 }, "c\nd\ne\n"],
    [{ tail: 4 }, "b\nc\nd\ne\n"],
    [{ tail: 100 }, "a\nb\nc\nd\ne\n"],
    [{ tail: 3, stdout: false }, "c\n"], // Docker counts before it looks at streams
    [{ tail: 2, since: nanoseconds(1) }, "d\ne\n"],
  ];
  test.each(cases)("%o", async (options, text) => {
    expect(await logs(options)).toBe(text);
  });
});

test("tail counts lines however long they are, over any number of windows and files", async () => {
  const all: string[] = [];
  for (let file = 3; file >= 0; file--) {
    let content = "";
    for (let index = 0; index < 400; index++) {
      const text = `${file}-${index}-${"x".repeat((index * 37) % 700)}`;
      const half = text.length >> 1;
      content +=
        index % 3 === 0 ? line(1, text.slice(0, half), "stdout", "P") + line(1, text.slice(half)) : line(1, text);
      all.push(`${text}\n`);
    }
    writeFileSync(file === 0 ? path : `${path}.${file}`, content);
  }
  for (const tail of [1, 2, 3, 10, 399, 400, 401, 555, 1599, 1600, 1700])
    expect(await logs({ tail })).toBe(all.slice(-tail).join(""));
});

test("text that no newline ended is shown once the container has ended, and not before", async () => {
  writeFileSync(path, line(1, "whole") + line(2, "prompt> ", "stdout", "P"));
  expect(await logs({ ended: new Promise(() => {}) })).toBe("whole\n");
  expect(await logs()).toBe("whole\nprompt> ");
  expect(await logs({ tail: 1 })).toBe("prompt> ");
});

test("a file that grows while it is read does not keep a reader that does not follow", async () => {
  writeFileSync(path, line(1, "x").repeat(20_000));
  const reader = readLogs({ ...base, path });
  let bytes = 0;
  for await (const chunk of reader) {
    bytes += chunk.length;
    appendFileSync(path, line(1, "x").repeat(20_000));
  }
  expect(bytes).toBe(20_000 * 10);
});

describe("follow", () => {
  /** Collects what a following reader gives; `until` waits for a text. */
  function following(options: Partial<ReadLogsOptions> = {}, signal?: AbortSignal) {
    const ended = deferred();
    let text = "";
    const reader = readLogs({ ...base, path, tty: true, follow: true, ended: ended.promise, ...options }, signal);
    reader.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    const over = new Promise((resolve) => reader.on("close", resolve));
    return {
      reader,
      ended,
      over,
      text: () => text,
      until: async (wanted: string) => {
        while (!text.endsWith(wanted)) await new Promise((resolve) => setTimeout(resolve, 2));
      },
    };
  }

  test("gives what is written, joins pieces, and ends when the container has", async () => {
    const log = following();
    await new Promise((resolve) => setTimeout(resolve, 5));
    appendFileSync(path, line(1, "first"));
    await log.until("first\n");
    appendFileSync(path, line(2, "be", "stdout", "P"));
    appendFileSync(path, line(3, "gun") + line(4, "never ended", "stdout", "P"));
    await log.until("begun\n");
    log.ended.resolve();
    await log.over;
    expect(log.text()).toBe("first\nbegun\nnever ended");
  });

  test("no line is lost or doubled over rotations, even several between two looks", async () => {
    writeFileSync(path, "");
    const log = following();
    const wanted: string[] = [];
    let number = 0;
    const write = (file: string) => {
      const text = `line ${number++}`;
      wanted.push(`${text}\n`);
      appendFileSync(file, line(1, text));
    };
    for (let round = 0; round < 60; round++) {
      for (let index = 0; index < 20; index++) write(path);
      shiftFiles({ path, maxFile: 1000 });
      write(`${path}.1`); // conmon goes on with the renamed file until it reopens
      writeFileSync(`${path}.tmp`, "");
      renameSync(`${path}.tmp`, path);
      if (round % 4 === 0) await log.until(wanted.at(-1) ?? "");
    }
    log.ended.resolve();
    await log.over;
    expect(log.text()).toBe(wanted.join(""));
  });

  test("ends at `until`, on abort, and when nobody reads any more; nothing stays open", async () => {
    writeFileSync(path, line(1, "x"));
    const before = readdirSync("/proc/self/fd").length;
    const soon = BigInt(Date.now() + 30) * 1_000_000n;
    await following({ until: soon }).over;
    const stop = new AbortController();
    const aborted = following({}, stop.signal);
    await aborted.until("x\n");
    stop.abort();
    await aborted.over;
    const left = following();
    await left.until("x\n");
    left.reader.destroy();
    await left.over;
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before + 1); // libuv's one inotify descriptor
  });
});

test("a slow reader holds little: the file is read as it is asked for", async () => {
  writeFileSync(path, line(1, "y".repeat(1000)).repeat(20_000));
  const reader = readLogs({ ...base, path });
  await new Promise((resolve) => reader.once("readable", resolve));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(reader.readableLength).toBeLessThan(1024 * 1024);
  reader.destroy();
});

describe("a file is dropped that ends in the middle of lines", () => {
  const piece = (second: number, text: string, stream = "stdout") => line(second, text, stream, "P");
  beforeEach(() => {
    writeFileSync(`${path}.1`, line(1, "a") + piece(2, "ou") + piece(2, "er", "stderr"));
    writeFileSync(path, piece(3, "t-") + line(3, "r", "stderr") + line(3, "rest") + line(4, "b") + piece(5, "c"));
    shiftFiles({ path, maxFile: 2 });
  });

  test("their ends go with it, and the log begins with a whole line", async () => {
    writeFileSync(path, line(6, "d"));
    expect(await logs()).toBe("b\ncd\n");
    expect(await logs({ tail: 2 })).toBe("b\ncd\n");
    expect(await logs({ tail: 100 })).toBe("b\ncd\n");
  });

  test("a file that ends with whole lines leaves the next one alone", async () => {
    writeFileSync(path, line(6, "d"));
    shiftFiles({ path, maxFile: 3 });
    writeFileSync(path, line(7, "e"));
    expect(await logs()).toBe("b\ncd\ne\n");
    shiftFiles({ path, maxFile: 2 });
    expect(await logs()).toBe("e\n");
  });
});
