import fc from "fast-check";
import { expect, test } from "vitest";
import { applyChanges } from "./apply-changes.ts";

// Expectations were taken from Docker 26.1: `docker import -c … && docker inspect`.
const good: [string[], object][] = [
  [["CMD echo hi $HOME"], { Cmd: ["/bin/sh", "-c", "echo hi $HOME"] }],
  [['cmd ["a","b"]'], { Cmd: ["a", "b"] }],
  [['CMD ["a", b]'], { Cmd: ["/bin/sh", "-c", '["a", b]'] }],
  [["CMD"], { Cmd: ["/bin/sh", "-c"] }],
  [["ENTRYPOINT []"], { Entrypoint: null }],
  [["CMD y", "ENTRYPOINT z"], { Cmd: ["/bin/sh", "-c", "y"], Entrypoint: ["/bin/sh", "-c", "z"] }],
  [["ENV X hello world"], { Env: ["X=hello world"] }],
  [["ENV X=1", `ENV Y=$X/b Z="\${X:-q} \${NO:-w}" W='$X'`], { Env: ["X=1", "Y=1/b", "Z=1 w", "W=$X"] }],
  [["ENV A=1 A=2", "ENV B=$A"], { Env: ["A=2", "B=2"] }],
  [["ENV a=b \\\n c=d"], { Env: ["a=b", "c=d"] }],
  [['ENV "a b"=c'], { Env: ["a b=c"] }],
  [
    ["EXPOSE 80-81/tcp 90/udp 1000:2000"],
    { ExposedPorts: { "80/tcp": {}, "81/tcp": {}, "90/udp": {}, "2000/tcp": {} } },
  ],
  [["EXPOSE 80\nUSER 7"], { ExposedPorts: { "80/tcp": {} }, User: "7" }],
  [['LABEL a=1 "b c"="d e"', "LABEL z q r"], { Labels: { a: "1", "b c": "d e", z: "q r" } }],
  [['LABEL a="x\\"y" b=\\$q c=$PATH'], { Labels: { a: 'x"y', b: "$q", c: "" } }],
  [["USER a b"], { User: "a b" }],
  [['VOLUME ["/a","/b c"]', "VOLUME /x /y"], { Volumes: { "/a": {}, "/b c": {}, "/x": {}, "/y": {} } }],
  [["WORKDIR a", "WORKDIR b/../c"], { WorkingDir: "/a/c" }],
  [['WORKDIR "/a b"'], { WorkingDir: "/a b" }],
  [["ONBUILD run   a  b"], { OnBuild: ["run   a  b"] }],
  [["STOPSIGNAL SIGINT"], { StopSignal: "SIGINT" }],
  [["HEALTHCHECK NONE"], { Healthcheck: { Test: ["NONE"] } }],
  [["HEALTHCHECK --retries=0 CMD x y"], { Healthcheck: { Test: ["CMD-SHELL", "x y"] } }],
  [
    ['HEALTHCHECK --interval=1m --timeout=3s --start-period=2s --retries=4 --start-interval=1s CMD ["x","y"]'],
    {
      Healthcheck: {
        Test: ["CMD", "x", "y"],
        Interval: 60e9,
        Timeout: 3e9,
        StartPeriod: 2e9,
        StartInterval: 1e9,
        Retries: 4,
      },
    },
  ],
];
test.each(good)("%j", (changes, config) => {
  expect(applyChanges({}, changes)).toEqual(config);
});

const bad: [string, string][] = [
  ["ENV X", "ENV must have two arguments"],
  ["ENV =3", "ENV names can not be blank"],
  ["FOO a", "FOO is not a valid change command"],
  ["run a", "RUN is not a valid change command"],
  ["EXPOSE abc", "Invalid containerPort: abc"],
  ["EXPOSE 99999", "Invalid containerPort: 99999"],
  ["EXPOSE 80/foo", "Invalid proto: foo"],
  ["EXPOSE", "EXPOSE requires at least one argument"],
  ["LABEL z", "LABEL must have two arguments"],
  ["USER", "USER requires exactly one argument"],
  ["VOLUME []", "VOLUME requires at least one argument"],
  ['VOLUME "/a b', 'failed to process "\\"/a b": unexpected end of statement while looking for matching double-quote'],
  ["WORKDIR", "WORKDIR requires exactly one argument"],
  ["ONBUILD ONBUILD x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
  ["ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"],
  ["ONBUILD", "ONBUILD requires at least one argument"],
  ["HEALTHCHECK", "HEALTHCHECK requires at least one argument"],
  ["HEALTHCHECK FOO", 'Unknown type "FOO" in HEALTHCHECK (try CMD)'],
  ["HEALTHCHECK --interval=1 CMD x", 'time: missing unit in duration "1"'],
  ["HEALTHCHECK --interval=1ns CMD x", 'Interval "interval" cannot be less than 1ms'],
  ["HEALTHCHECK --foo=1 CMD x", "unknown flag: foo"],
  ["HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"],
  ["STOPSIGNAL FOO", "invalid signal: FOO"],
  ["# c", "file with no instructions"],
  ["", "file with no instructions"],
];
test.each(bad)("%j is refused with Docker's text", (change, message) => {
  expect(() => applyChanges({}, [change])).toThrow(message);
});

test("any text gives a config or one clear error, and never changes the given config", () => {
  const word = fc.constantFrom(
    "ENV",
    "LABEL",
    "CMD",
    "EXPOSE",
    "VOLUME",
    "HEALTHCHECK",
    "ONBUILD",
    "WORKDIR",
    "$",
    "${",
    '"',
    "'",
    "\\",
    "\n",
    " ",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 12 }), (parts) => {
      const config = { Env: ["A=1"], Labels: { a: "b" } };
      try {
        applyChanges(config, [parts.join("")]);
      } catch (error) {
        expect((error as { kind?: string }).kind).toBe("invalid");
      }
      expect(config).toEqual({ Env: ["A=1"], Labels: { a: "b" } });
    }),
  );
});
