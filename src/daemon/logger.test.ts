import fc from "fast-check";
import { expect, it } from "vitest";
import { createLogger } from "./logger.ts";

function logged(format: "text" | "json", run: (log: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  const now = () => new Date("2026-11-20T22:45:10.5Z");
  run(createLogger({ level: "info", format, now, write: (line) => void lines.push(line) }));
  return lines.join("");
}

it("prints lines as dockerd does", () => {
  const out = logged("text", (log) => log.warn("it is so", { path: "/x", why: new Error("a b"), none: undefined }));
  expect(out).toBe('time="2026-11-20T22:45:10.500000000Z" level=warning msg="it is so" path=/x why="a b"\n');
});

it("prints JSON where that is asked for", () => {
  expect(JSON.parse(logged("json", (log) => log.info("x", { count: 3n })))).toEqual({
    time: "2026-11-20T22:45:10.500000000Z",
    level: "info",
    msg: "x",
    count: "3",
  });
});

it("keeps to its level, and to a new one", () => {
  const out = logged("text", (log) => {
    log.debug("one");
    log.setLevel("debug");
    log.debug("two");
  });
  expect(out).toContain("two");
  expect(out).not.toContain("one");
});

it("whatever is logged stays in one line and controls no terminal", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (message, value) => {
      const out = logged("text", (log) => log.error(message, { value }));
      expect(out.indexOf("\n")).toBe(out.length - 1);
      expect(out.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }),
  );
});
