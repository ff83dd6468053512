import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BuildStatus } from "../../../spec/api/index.ts";
import { fixedSize } from "./fixed-size.ts";
import { coveredTime } from "./intervals.ts";
import { LogText, stampOf, visibleLine } from "./log-text.ts";
import { PlainPrinter } from "./plain.ts";
import { drawScreen } from "./screen.ts";
import { colorsOf, TerminalDisplay } from "./terminal-display.ts";
import { Trace } from "./trace.ts";

/** Streams of events as BuildKit 0.13 sent them (`--progress rawjson`), with shorter digests. */
const recorded = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, "recorded", `${name}.json`), "utf8")) as BuildStatus[];

const utf8 = (bytes: string) => Buffer.from(bytes, "latin1").toString("utf8");

function plain(events: readonly BuildStatus[], batch = Number.POSITIVE_INFINITY): string {
  const trace = new Trace();
  const printer = new PlainPrinter();
  let text = "";
  events.forEach((event, index) => {
    trace.apply(event, 0);
    if (index % batch === batch - 1) text += printer.print(trace, 0);
  });
  return utf8(text + printer.print(trace, 0) + printer.failures(trace));
}

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
const log = (vertex: string, seconds: number, data: string) => ({
  vertex,
  stream: 1 as const,
  data: Buffer.from(data).toString("base64"),
  timestamp: at(seconds),
});

describe("plain", () => {
  test("a build of BuildKit's own", () => {
    expect(plain(recorded("five-steps"))).toBe(`#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 249B done
#1 DONE 0.0s

#2 [internal] load metadata for docker.io/library/berth-bench-busybox:latest
#2 DONE 0.0s

#3 [internal] load .dockerignore
#3 transferring context: 2B done
#3 DONE 0.0s

#4 [base 1/5] FROM docker.io/library/berth-bench-busybox:latest
#4 CACHED

#5 [internal] load build context
#5 transferring context: 13.05kB 0.0s done
#5 DONE 0.0s

#6 [base 2/5] RUN echo hello && echo err >&2 && sleep 1 && printf 'no newline'
#6 0.170 err
#6 0.170 hello
#6 1.172 no newline
#6 DONE 1.2s

#7 [base 3/5] WORKDIR /work
#7 DONE 0.0s

#8 [base 4/5] COPY . .
#8 DONE 0.0s

#9 [base 5/5] RUN sleep 0.3; echo two
#9 0.409 two
#9 DONE 0.4s

#10 [stage-1 1/1] COPY --from=base /work /w2
#10 DONE 0.0s

#11 exporting to image
#11 exporting layers 0.0s done
#11 writing image sha256:0011fe8a24a835d30ad8f13ea80f843f48e73310574ff56330a20fdfc6dcc984 done
#11 DONE 0.0s
`);
  });

  test("a step that fails is reported with its last lines", () => {
    expect(plain(recorded("failing-step"), 1)).toMatch(
      /#6 ERROR: process "\/bin\/sh -c echo out; {3}echo out2 >&2; {3}exit 3" did not complete successfully: exit code: 3\n------\n > \[3\/3\] RUN echo out; {3}echo out2 >&2; {3}exit 3:\n\d\.\d{3} out\n\d\.\d{3} out2\n------\n$/,
    );
  });

  test("however the events are batched, every line comes once", () => {
    const lines = (text: string) =>
      text
        .split("\n")
        .filter((line) => / \d\.\d{3} /.test(line))
        .map((line) => line.replace(/^#\d+/, ""))
        .sort();
    const whole = lines(plain(recorded("five-steps")));
    for (const batch of [1, 2, 3, 5]) expect(lines(plain(recorded("five-steps"), batch))).toEqual(whole);
  });

  test("steps that run at once take turns, and a line without its end is told again after another spoke", () => {
    const trace = new Trace();
    const printer = new PlainPrinter();
    trace.apply(
      {
        vertexes: [
          { digest: "a", name: "A", started: at(0) },
          { digest: "b", name: "B", started: at(0) },
        ],
      },
      0,
    );
    trace.apply({ logs: [log("a", 0.5, "half")] }, 0);
    let text = printer.print(trace, 0);
    trace.apply({ logs: [log("a", 0.6, " a line\nnext")] }, 0);
    text += printer.print(trace, 0);
    trace.apply(
      { vertexes: [{ digest: "b", name: "B", started: at(0), completed: at(2), error: "context canceled" }] },
      0,
    );
    text += printer.print(trace, 0);
    trace.apply({ vertexes: [{ digest: "a", name: "A", started: at(0), completed: at(12) }] }, 0);
    text += printer.print(trace, 0);
    expect(text).toBe(
      "#1 A\n#1 0.500 half a line\n#1 0.600 next\n#1 ...\n\n#2 B\n#2 CANCELED\n\n#1 A\n#1 0.600 next\n#1 DONE 12.0s\n",
    );
  });
});

describe("a terminal's picture", () => {
  const picture = (width: number, height: number, final = true) => {
    const trace = new Trace();
    for (const event of recorded("failing-step")) trace.apply(event, 0);
    const now = (trace.startTime ?? 0) + 1800;
    return drawScreen(trace, { width, height, now, builder: "berth:default", final });
  };

  test("in buildx's layout", () => {
    const rows = picture(80, 24);
    expect(rows.map(({ text }) => text.replace(/\d\.\ds$/, "N.Ns"))).toEqual([
      "[+] Building 1.8s (6/6) FINISHED                                  berth:default",
      " => [internal] load build definition from Bad                              N.Ns",
      " => => transferring dockerfile: 118B                                       N.Ns",
      " => [internal] load metadata for docker.io/library/berth-bench-busybox:la  N.Ns",
      " => [internal] load .dockerignore                                          N.Ns",
      " => => transferring context: 2B                                            N.Ns",
      " => CACHED [1/3] FROM docker.io/library/berth-bench-busybox:latest         N.Ns",
      " => [2/3] RUN echo one                                                     N.Ns",
      " => ERROR [3/3] RUN echo out;   echo out2 >&2;   exit 3                    N.Ns",
    ]);
    expect(rows.at(-1)?.tone).toBe("error");
  });

  test("no row is wider than the window, and no picture higher", () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 200 }), fc.integer({ min: 4, max: 50 }), (width, height) => {
        const rows = picture(width, height, false);
        expect(rows.length).toBeLessThan(height);
        for (const { text } of rows) expect(text.length).toBeLessThan(width);
      }),
    );
  });

  test("a redraw goes up as many lines as the last one takes now", () => {
    const trace = new Trace();
    for (const event of recorded("five-steps")) trace.apply(event, 0);
    let width = 80;
    const colors = colorsOf({ NO_COLOR: "1" });
    const display = new TerminalDisplay({ builder: "berth:default", colors, size: () => ({ width, height: 50 }) });
    const first = display.frame(trace, 0);
    const rows = first.split("\n").length - 1;
    expect(first).not.toMatch(/\u001b\[\d*m/);
    expect(display.frame(trace, 0)).toContain(`\u001b[${rows}A\r`);
    width = 40;
    expect(display.frame(trace, 0)).toContain(`\u001b[${rows * 2}A\r`);
  });

  test("colours can be chosen", () => {
    expect(colorsOf({ BUILDKIT_COLORS: "run=green:error=255,0,10:nope=red:cancel=nope" })).toMatchObject({
      done: "\u001b[32m",
      error: "\u001b[38;2;255;0;10m",
      cancel: "\u001b[33m",
    });
  });
});

test("sizes, stamps and intervals", () => {
  expect([0, 999, 12_710, 2_000_000, 5e9].map(fixedSize)).toEqual(["0B", "999B", "12.71kB", "2.00MB", "5.00GB"]);
  expect([338, 12_400, 104_200].map(stampOf)).toEqual(["0.338", "12.40", "104.2"]);
  const some = [
    { start: 0, end: 10 },
    { start: 5, end: 12 },
    { start: 20, end: undefined },
    { start: 6, end: 7 },
  ];
  expect(coveredTime(some, 25)).toBe(17);
});

test("what output would do to a terminal is left out of its picture", () => {
  expect(visibleLine("10%\r50%\r100%\r")).toBe("100%");
  expect(visibleLine("\u001b[31mred\u001b[0m \u001b]0;title\u0007x\u0000\ty")).toBe("red x y");
  expect(visibleLine(Buffer.from("hé\u202elo").toString("latin1"))).toBe("hélo");
});

test("output is the same however it is cut", () => {
  const piece = fc.constantFrom("a", "\n", "bc", "\n\n", "\r");
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const cut = new LogText();
      const whole = new LogText();
      for (const each of pieces) cut.append(each, 0);
      whole.append(pieces.join(""), 0);
      expect(cut.lines).toEqual(whole.lines);
      expect(cut.partial).toBe(whole.partial);
    }),
  );
});
