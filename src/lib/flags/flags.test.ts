import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  boolFlag,
  bytesFlag,
  cpusFlag,
  durationFlag,
  editDistance,
  filterFlag,
  formatFlags,
  intFlag,
  listFlag,
  mapFlag,
  parseFlags,
  stringFlag,
  stringsFlag,
  suggest,
  swapBytesFlag,
  uint16Flag,
} from "./index.ts";

const flags = {
  interactive: boolFlag({ short: "i" }),
  tty: boolFlag({ short: "t" }),
  rm: boolFlag(),
  "sig-proxy": boolFlag({ default: true }),
  name: stringFlag(),
  "cpu-shares": intFlag({ short: "c" }),
  "blkio-weight": uint16Flag(),
  memory: bytesFlag({ short: "m" }),
  "memory-swap": swapBytesFlag(),
  cpus: cpusFlag(),
  "stop-after": durationFlag(),
  env: listFlag({ short: "e" }),
  platform: stringsFlag({ default: ["any"] }),
  opt: mapFlag({ short: "o" }),
  filter: filterFlag({ short: "f" }),
  "no-trunc": boolFlag(),
  pull: stringFlag({ noOptDefault: "always" }),
  link: stringFlag({ deprecated: "use networks" }),
};
const parse = (...argv: string[]) => parseFlags(flags, argv);
const run = (...argv: string[]) => parseFlags(flags, argv, { interspersed: false });

describe("pflag's rules", () => {
  test("groups of short flags, the last one with a value", () => {
    expect(parse("-it", "-eA=1", "-e", "B", "-e=C").values).toMatchObject({
      interactive: true,
      tty: true,
      env: ["A=1", "B", "C"],
    });
    expect(parse("-itm1g").values).toMatchObject({ interactive: true, tty: true, memory: 2 ** 30 });
    expect(parse("-it=false").values).toMatchObject({ interactive: true, tty: false });
    expect(parse("-c", "-5").values["cpu-shares"]).toBe(-5);
  });

  test("a bool takes its value only after an equals sign", () => {
    const { values, args } = parse("--rm", "false", "--sig-proxy=false");
    expect(values).toMatchObject({ rm: true, "sig-proxy": false });
    expect(args).toEqual(["false"]);
  });

  test("an optional value is given with = only", () => {
    expect(parse("--pull").values.pull).toBe("always");
    expect(parse("--pull=never", "x").values.pull).toBe("never");
    expect(parse("--pull", "never").args).toEqual(["never"]);
  });

  test("what comes after the first positional belongs to the command", () => {
    expect(run("--rm", "busybox", "ls", "--rm=no", "-l")).toMatchObject({
      args: ["busybox", "ls", "--rm=no", "-l"],
      values: { rm: true },
    });
    expect(parse("a", "--rm", "b")).toMatchObject({ args: ["a", "b"], values: { rm: true } });
  });

  test("-- ends the flags, - is an argument", () => {
    expect(parse("a", "--", "--rm", "-")).toMatchObject({ args: ["a", "--rm", "-"], argsBeforeDash: 1 });
    expect(run("a", "--", "b")).toMatchObject({ args: ["a", "--", "b"], argsBeforeDash: undefined });
    expect(parse("-").args).toEqual(["-"]);
  });

  test("empty values and values with equals signs", () => {
    expect(parse("--name=", "-e", "A=b=c", "").values).toMatchObject({ name: "", env: ["A=b=c"] });
    expect(parse("--name=").changed.has("name")).toBe(true);
    expect(parse().changed.size).toBe(0);
  });

  test("lists, maps and filters collect", () => {
    expect(parse("--platform", "a,b", "--platform", "c").values.platform).toEqual(["a", "b", "c"]);
    expect(parse("--platform", '"x,y",z').values.platform).toEqual(["x,y", "z"]);
    expect(parse().values.platform).toEqual(["any"]);
    expect(parse("-o", "a=1=2", "-o", "b", "-o", "a=3").values.opt).toEqual(new Map([["a", "3"], ["b", ""]])); // biome-ignore format: one line
    expect(parse("-f", "Label=a=b", "-f", "label=c", "-f", "").values.filter).toEqual(
      new Map([["label", ["a=b", "c"]]]),
    );
  });

  test("numbers in Go's notations", () => {
    const shares = (text: string) => parse("-c", text).values["cpu-shares"];
    expect(["0x1f", "0b11", "0o17", "017", "1_000", "+7", "-0x1"].map(shares)).toEqual([31, 3, 15, 15, 1000, 7, -1]);
    expect(parse("--cpus", "1.5").values.cpus).toBe(1_500_000_000);
    expect(parse("--cpus", "1/2").values.cpus).toBe(500_000_000);
    expect(parse("--memory-swap", "-1").values["memory-swap"]).toBe(-1);
    expect(parse("--stop-after", "1m").values["stop-after"]).toBe(60e9);
  });

  test("help, also as -h where no flag has that letter", () => {
    expect(parse("--help", "--nonsense").help).toBe(true);
    expect(parse("-h").help).toBe(true);
    expect(run("busybox", "--help").help).toBe(false);
    const own = parseFlags({ hostname: stringFlag({ short: "h" }) }, ["-h", "x"]);
    expect(own).toMatchObject({ help: false, values: { hostname: "x" } });
  });

  test("deprecated flags work and warn, once", () => {
    expect(parse("--link", "x", "--link", "y").warnings).toEqual(["Flag --link has been deprecated, use networks"]);
    const short = { help: boolFlag({ short: "h", shortDeprecated: "use --help" }) };
    expect(parseFlags(short, ["-h"]).warnings).toEqual(["Flag shorthand -h has been deprecated, use --help"]);
  });
});

test.each([
  [["--nope"], "unknown flag: --nope"],
  [["--nope=x"], "unknown flag: --nope"],
  [["--constructor"], "unknown flag: --constructor"],
  [["-Z"], "unknown shorthand flag: 'Z' in -Z"],
  [["-itZx"], "unknown shorthand flag: 'Z' in -Zx"],
  [["-i="], "unknown shorthand flag: '=' in -="],
  [["-é"], "unknown shorthand flag: 'é' in -é"],
  [["---x"], "bad flag syntax: ---x"],
  [["--=x"], "bad flag syntax: --=x"],
  [["--name"], "flag needs an argument: --name"],
  [["-itc"], "flag needs an argument: 'c' in -c"],
  [["-i=x"], 'invalid argument "x" for "-i, --interactive" flag: strconv.ParseBool: parsing "x": invalid syntax'],
  [["--rm=maybe"], 'invalid argument "maybe" for "--rm" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
  [["-c", "x"], 'invalid argument "x" for "-c, --cpu-shares" flag: strconv.ParseInt: parsing "x": invalid syntax'],
  [
    ["-c", "9223372036854775808"],
    'invalid argument "9223372036854775808" for "-c, --cpu-shares" flag: strconv.ParseInt: parsing "9223372036854775808": value out of range',
  ],
  [
    ["--blkio-weight", "70000"],
    'invalid argument "70000" for "--blkio-weight" flag: strconv.ParseUint: parsing "70000": value out of range',
  ],
  [["-m", "1q"], 'invalid argument "1q" for "-m, --memory" flag: invalid suffix: \'q\''],
  [["--cpus", "x"], 'invalid argument "x" for "--cpus" flag: failed to parse x as a rational number'],
  [["--stop-after", "5"], 'invalid argument "5" for "--stop-after" flag: time: missing unit in duration "5"'],
  [["-f", "x"], 'invalid argument "x" for "-f, --filter" flag: bad format of filter (expected name=value)'],
  [["--rm=\u001b"], 'invalid argument "\\x1b" for "--rm" flag: strconv.ParseBool: parsing "\\x1b": invalid syntax'],
])("refuses %j", (argv, message) => {
  expect(() => parse(...argv)).toThrow(expect.objectContaining({ message, kind: "invalid", exitCode: 125 }));
});

test("a nearly right flag gets a hint", () => {
  expect(() => parse("--no-truc")).toThrow(expect.objectContaining({ hint: "did you mean --no-trunc?" }));
  expect(() => parse("--completely-else")).toThrow(expect.objectContaining({ hint: undefined }));
});

describe("properties", () => {
  const argument = fc.oneof(
    fc.string(),
    fc.stringMatching(/^-{0,3}[a-z]{0,8}(=[a-z0-9]{0,4})?$/),
    fc.constantFrom("-it", "--rm", "--", "-", "-e", "--env", "--name=x", "-c", "5", "--help", "--__proto__"),
  );

  test("any arguments parse or are refused as invalid", () => {
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 8 }), fc.boolean(), (argv, interspersed) => {
        try {
          const { args, values } = parseFlags(flags, argv, { interspersed });
          expect(args.every((arg) => argv.includes(arg))).toBe(true);
          expect(Object.keys(values)).toEqual(Object.keys(flags));
        } catch (error) {
          expect(error).toMatchObject({ kind: "invalid", exitCode: 125 });
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("arguments after -- come out unchanged", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 8 }), (argv) => {
        expect(parse("-it", "--", ...argv).args).toEqual(argv);
      }),
    );
  });

  test("--name=value and --name value are the same for any value", () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(parse(`--name=${value}`).values.name).toBe(value);
        expect(parse("--name", value).values.name).toBe(value);
        expect(parse("--env", value, `--env=${value}`).values.env).toEqual([value, value]);
      }),
    );
  });

  test("integers of 32 bits are read as they were written", () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(2, 8, 10, 16), (value, radix) => {
        const prefix = { 2: "0b", 8: "0o", 10: "", 16: "0x" }[radix] ?? "";
        const text = `${value < 0 ? "-" : ""}${prefix}${Math.abs(value).toString(radix)}`;
        expect(parse("-c", text).values["cpu-shares"]).toBe(value);
      }),
    );
  });
});

test("suggestions", () => {
  const commands = ["images", "inspect", "info", "run", "rm", "restart", "rename"];
  expect(suggest("imges", commands)[0]).toBe("images");
  expect(suggest("rnu", commands)[0]).toBe("run");
  expect(suggest("insp", commands)).toContain("inspect");
  expect(suggest("xyzzy", commands)).toEqual([]);
  expect(editDistance("kitten", "sitting")).toBe(3);
  expect(editDistance("ab", "ba")).toBe(1);
});

test("help is laid out as pflag lays it out", () => {
  const shown = {
    all: boolFlag({ short: "a", usage: "Show all containers (default shows just running)" }),
    filter: filterFlag({ short: "f", usage: "Filter output based on conditions provided" }),
    format: stringFlag({ usage: "Format output using a custom template:\n'json':             Print in JSON format" }),
    last: intFlag({ short: "n", default: -1, usage: "Show n last created containers (includes all states)" }),
    latest: boolFlag({ short: "l", usage: "Show the latest created container (includes all states)" }),
    secret: stringFlag({ hidden: true }),
  };
  // As `docker ps --help` prints these.
  expect(formatFlags(shown, { width: 79 })).toBe(
    [
      "  -a, --all             Show all containers (default shows just running)",
      "  -f, --filter filter   Filter output based on conditions provided",
      "      --format string   Format output using a custom template:",
      "                        'json':             Print in JSON format",
      "  -n, --last int        Show n last created containers (includes all",
      "                        states) (default -1)",
      "  -l, --latest          Show the latest created container (includes all",
      "                        states)",
      "",
    ].join("\n"),
  );
  expect(formatFlags({ keys: stringFlag({ default: "x", usage: "Keys" }) })).toBe(
    '      --keys string   Keys (default "x")\n',
  );
});
