import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  alignTabs,
  bytesSize,
  dockerTable,
  ellipsis,
  escapeForTerminal,
  formatG,
  formatGoDuration,
  formatShortest,
  humanDuration,
  humanSize,
  parseGoDuration,
  parseRfc3339,
  parseSize,
  parseTimestamp,
  randomName,
  rfc3339Nano,
  shortId,
  table,
} from "./index.ts";

describe("sizes", () => {
  test.each([
    [0, "0B"],
    [999, "999B"],
    [1000, "1kB"],
    [1234567, "1.235MB"],
    [4_490_000, "4.49MB"],
    [1e30, "1e+06YB"],
  ])("humanSize(%d) is %s", (bytes, text) => expect(humanSize(bytes)).toBe(text));

  test("precision 3 rounds up to go-units' odd 1e+03", () => {
    expect(humanSize(999_950, 3)).toBe("1e+03kB");
    expect(humanSize(4_421_246, 3)).toBe("4.42MB");
  });

  test("bytesSize counts in steps of 1024", () => {
    expect([bytesSize(1024), bytesSize(1536 * 1024), bytesSize(8 * 2 ** 30)]).toEqual(["1KiB", "1.5MiB", "8GiB"]);
  });

  test.each([
    ["32", 32],
    ["32b", 32],
    ["32k", 32768],
    ["32 KB", 32768],
    ["32KiB", 32768],
    ["1.5m", 1572864],
    ["10g", 10 * 2 ** 30],
    [".5k", 512],
    ["1p", 2 ** 50],
  ])("parseSize(%s) is %d", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each([
    ["", "invalid size: ''"],
    ["hello", "invalid size: 'hello'"],
    ["-32", "invalid size: '-32'"],
    [" 32", 'strconv.ParseFloat: parsing " 32": invalid syntax'],
    ["32 mm", "invalid suffix: 'mm'"],
    ["32bm", "invalid suffix: 'bm'"],
    ["32 k b", 'strconv.ParseFloat: parsing "32 k": invalid syntax'],
    ["1x", "invalid suffix: 'x'"],
    ["999999999999p", "invalid size: '999999999999p'"],
  ])("parseSize refuses %j", (text, message) => {
    expect(() => parseSize(text)).toThrow(expect.objectContaining({ message, kind: "invalid" }));
  });
});

describe("durations", () => {
  const minute = 60_000;
  const hour = 60 * minute;
  test.each([
    [999, "Less than a second"],
    [1000, "1 second"],
    [59_999, "59 seconds"],
    [minute, "About a minute"],
    [2 * minute, "2 minutes"],
    [59 * minute, "59 minutes"],
    [hour, "About an hour"],
    [1.5 * hour, "2 hours"],
    [47 * hour, "47 hours"],
    [48 * hour, "2 days"],
    [15 * 24 * hour, "2 weeks"],
    [60 * 24 * hour, "2 months"],
    [800 * 24 * hour, "2 years"],
  ])("humanDuration(%d) is %s", (milliseconds, text) => expect(humanDuration(milliseconds)).toBe(text));

  test.each([
    ["0", 0],
    ["1s", 1e9],
    ["1h30m", 5.4e12],
    ["-1.5s", -1.5e9],
    [".5ms", 5e5],
    ["1.s", 1e9],
    ["1µs2ns", 1002],
  ])("parseGoDuration(%s)", (text, nanoseconds) => expect(parseGoDuration(text)).toBe(nanoseconds));

  test.each([
    ["", 'time: invalid duration ""'],
    ["1", 'time: missing unit in duration "1"'],
    [".s", 'time: invalid duration ".s"'],
    ["1x", 'time: unknown unit "x" in duration "1x"'],
    ["1constructor", 'time: unknown unit "constructor" in duration "1constructor"'],
    ["- 1s", 'time: invalid duration "- 1s"'],
    ["99999999999999999999h", 'time: invalid duration "99999999999999999999h"'],
  ])("parseGoDuration refuses %j", (text, message) => {
    expect(() => parseGoDuration(text)).toThrow(expect.objectContaining({ message, kind: "invalid" }));
  });

  test("formatGoDuration is read back by parseGoDuration", () => {
    expect(formatGoDuration(5_400_000_000_000)).toBe("1h30m0s");
    expect(formatGoDuration(1_500_000)).toBe("1.5ms");
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), (nanoseconds) => {
        expect(parseGoDuration(formatGoDuration(nanoseconds))).toBe(nanoseconds);
      }),
    );
  });
});

describe("instants", () => {
  const at = 1_136_073_600_000_000_000n;
  test("are printed with the digits that say something, or all nine", () => {
    expect(rfc3339Nano(at)).toBe("2006-01-01T00:00:00Z");
    expect(rfc3339Nano(at + 120n)).toBe("2006-01-01T00:00:00.00000012Z");
    expect(rfc3339Nano(at, { fixed: true })).toBe("2006-01-01T00:00:00.000000000Z");
    expect(rfc3339Nano(new Date(1500))).toBe("1970-01-01T00:00:01.5Z");
    expect(rfc3339Nano(-1n)).toBe("1969-12-31T23:59:59.999999999Z");
  });

  test.each([
    ["2006-01-01T00:00:00Z", at],
    ["2006-01-01T00:00:00.000000001Z", at + 1n],
    ["2006-01-01T01:00:00+01:00", at],
    ["2006-01-01T00:00Z", at],
    ["1136073600", at],
    ["1136073600.000000001", at + 1n],
    ["0", 0n],
    ["10m", 1_000_000_000_000n - 600_000_000_000n],
    ["1.5s", 998_000_000_000n],
  ])("parseTimestamp(%s)", (text, expected) => expect(parseTimestamp(text, 1_000_000_000_000n)).toBe(expected));

  test.each(["", "yesterday", "2006-13-01T00:00:00Z", "2006-02-30", "10:00", "1.2.3", "9".repeat(40)])(
    "parseTimestamp refuses %j",
    (text) => expect(() => parseTimestamp(text)).toThrow(expect.objectContaining({ kind: "invalid" })),
  );

  test("what is printed is read back to the nanosecond", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -62_135_596_800n * 10n ** 9n, max: 253_402_300_799n * 10n ** 9n }), (instant) => {
        expect(parseRfc3339(rfc3339Nano(instant))).toBe(instant);
      }),
    );
  });
});

describe("tables", () => {
  test("columns are as wide as their widest cell and three spaces, at least ten", () => {
    expect(
      table(
        [
          ["busybox", "latest", "65ad0d468eb1"],
          ["a-long-repository", "1", "x"],
        ],
        ["REPOSITORY", "TAG", "IMAGE ID"],
      ),
    ).toBe(
      "REPOSITORY          TAG       IMAGE ID\nbusybox             latest    65ad0d468eb1\na-long-repository   1         x\n",
    );
  });

  test("a line without the cell ends the column, as in Go's tabwriter", () => {
    expect(alignTabs("aaaaaaaaaa\tb\nplain\nc\td", dockerTable)).toBe("aaaaaaaaaa   b\nplain\nc         d");
  });

  test("no text is lost in alignment", () => {
    const cell = fc.stringMatching(/^[a-z.]{0,12}$/);
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 6 }), (rows) => {
        const text = rows.map((row) => row.join("\t")).join("\n");
        expect(alignTabs(text, dockerTable).replaceAll(" ", "")).toBe(text.replaceAll("\t", ""));
      }),
    );
  });
});

test("ellipsis counts terminal columns", () => {
  expect(ellipsis("short", 20)).toBe("short");
  expect(ellipsis("a long command line", 10)).toBe("a long co…");
  expect(ellipsis("日本語テキスト", 7)).toBe("日本語…");
  expect([ellipsis("ab", 1), ellipsis("ab", 0)]).toEqual(["a", ""]);
});

test("escapeForTerminal leaves no control or direction character", () => {
  expect(escapeForTerminal("a\u001b]0;x\u0007b\n\u202ec")).toBe("a\\x1b]0;x\\x07b\\n\\u202ec");
  expect(escapeForTerminal("a\n\tb\r", { lines: true })).toBe("a\n\tb\\x0d");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(escapeForTerminal(text)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test("numbers as Go prints them", () => {
  expect([formatG(1234.5, 3), formatG(0.00001, 4), formatG(100, 4), formatG(1.5, 4)]).toEqual([
    "1.23e+03",
    "1e-05",
    "100",
    "1.5",
  ]);
  expect([0.1, 1e21, 123456.5, 1234567.5, 0.0001, 1e-5, -0].map(formatShortest)).toEqual([
    "0.1",
    "1e+21",
    "123456.5",
    "1.2345675e+06",
    "0.0001",
    "1e-05",
    "-0",
  ]);
});

test("ids and names", () => {
  expect(shortId(`sha256:${"ab".repeat(32)}`)).toBe("abababababab");
  expect(shortId("cd".repeat(32))).toBe("cdcdcdcdcdcd");
  expect(randomName()).toMatch(/^[a-z]+_[a-z]+$/);
  expect(randomName(1)).toMatch(/^[a-z]+_[a-z]+[0-9]$/);
});
