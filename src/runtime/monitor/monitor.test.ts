import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { containerArguments, execArguments, stdinMode } from "./arguments.ts";
import { parseSyncMessage, syncPipe } from "./sync-pipe.ts";

const runtime = { name: "crun", path: "/usr/bin/crun", args: ["--debug", "--root=/x"], stateRoot: "/x" };
const options = { id: "c", bundle: "/b", terminal: false, stdin: false, stdinOnce: false, cgroupPath: "/berth/c" };
const after = (args: string[], flag: string) => args[args.indexOf(flag) + 1];

test("each way of having a stdin has its flags: a client that leaves ends it only where that was asked for", () => {
  const flags = (terminal: boolean, stdin: boolean, stdinOnce: boolean) =>
    containerArguments({ ...options, terminal, stdin, stdinOnce }, runtime).filter((flag) =>
      /stdin|terminal/.test(flag),
    );
  expect(flags(false, false, false)).toEqual([]);
  expect(flags(false, true, true)).toEqual(["--stdin"]);
  expect(flags(false, true, false)).toEqual(["--stdin", "--leave-stdin-open"]);
  expect(flags(true, true, true)).toEqual(["--terminal", "--stdin", "--leave-stdin-open"]);
  expect(stdinMode({ terminal: true, stdin: false, stdinOnce: true })).toBe("none");
});

test("the log goes to its file or nowhere; a path that conmon would cut is refused", () => {
  expect(after(containerArguments(options, runtime), "--log-path")).toBe("none");
  expect(after(containerArguments({ ...options, log: { path: "/l" } }, runtime), "--log-path")).toBe("k8s-file:/l");
  expect(() => containerArguments({ ...options, log: { path: "/a:b" } }, runtime)).toThrow("colon");
});

test("the runtime's arguments reach it one by one", () => {
  const args = execArguments({ ...options, container: "c", folder: "/f", attach: true }, runtime);
  expect(args.filter((_, index) => args[index - 1] === "--runtime-arg")).toEqual(runtime.args);
  expect(after(args, "--exec-process-spec")).toBe("/f/process.json");
  expect(args).toContain("--exec-attach");
});

describe("sync pipe", () => {
  test("messages arrive whole, however they are cut, and then its end", async () => {
    const stream = new PassThrough();
    const pipe = syncPipe(stream);
    const first = pipe.next();
    for (const piece of ['{"da', 'ta": 12}\n{"data": -1, "message": "x', '\\ny"}\n']) stream.write(piece);
    expect(await first).toEqual({ data: 12 });
    expect(await pipe.next()).toEqual({ data: -1, message: "x\ny" });
    const last = pipe.next();
    stream.end();
    expect(await last).toBeUndefined();
    expect(await pipe.next()).toBeUndefined();
  });

  test("endless text without a message ends it", async () => {
    const stream = new PassThrough();
    const pipe = syncPipe(stream);
    for (let index = 0; index < 100; index++) stream.write("x".repeat(8192));
    expect(await pipe.next()).toBeUndefined();
  });

  test("a message with characters that JSON forbids is read all the same", () => {
    expect(parseSyncMessage('{"data": -1, "message": "a\u001fb"}')).toEqual({ data: -1, message: "a\u001fb" });
  });

  test("any line is a message or nothing", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        const message = parseSyncMessage(line);
        expect(message === undefined || typeof message.data === "number").toBe(true);
      }),
    );
  });
});
