import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { parseFlags } from "../../lib/flags/index.ts";
import { CONTAINER_FLAGS } from "./container-flags.ts";
import { createBody } from "./create-body.ts";

/** Requests that docker 28.2.2 sent for these words: the first whole, the others by what differs from it. */
interface Recorded {
  base: Record<string, unknown> & { HostConfig: object; NetworkingConfig: { EndpointsConfig: object } };
  cases: { args: string; config?: object; host?: object; endpoints?: object }[];
}

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, "create-bodies.json"), "utf8")) as Recorded;
let folder = "";

const words = (text: string) =>
  [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) =>
    (quoted ?? plain ?? "").replace(
      /^(seccomp=)?(vars|labels|seccomp\.json)$/,
      (_, option = "", file) => `${option}${folder}/${file}`,
    ),
  );

function bodyOf(args: string): unknown {
  const parsed = parseFlags(CONTAINER_FLAGS, words(args), { interspersed: false });
  const [image = "", ...command] = parsed.args;
  const changed = (name: string) => parsed.changed.has(name);
  const body = createBody({ flags: parsed.values, changed, image, command, extraEnv: [] });
  // What JSON leaves out counts as left out.
  return JSON.parse(JSON.stringify(body));
}

beforeAll(() => {
  folder = mkdtempSync("/var/tmp/berth-cli-");
  writeFileSync(join(folder, "vars"), "# comment\n\n  A=1\nHOME\nB=x y \nNOVAR\n");
  writeFileSync(join(folder, "labels"), "x=1\ny\n");
  writeFileSync(join(folder, "seccomp.json"), '{"defaultAction": "SCMP_ACT_ALLOW"}\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  vi.stubEnv("HOME", "/home/user");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the create body is the one that docker sends", () => {
  test("busybox", () => expect(bodyOf("busybox")).toEqual(recorded.base));
  for (const { args, config, host, endpoints } of recorded.cases) {
    test(args, () => {
      const { HostConfig, NetworkingConfig, ...rest } = recorded.base;
      expect(bodyOf(args)).toEqual({
        ...rest,
        ...config,
        HostConfig: { ...HostConfig, ...host },
        NetworkingConfig: endpoints === undefined ? NetworkingConfig : { EndpointsConfig: endpoints },
      });
    });
  }
});

describe("what contradicts itself or is malformed is refused in docker's words", () => {
  const cases: [string, string][] = [
    ["--mount type=foo img", 'invalid argument "type=foo" for "--mount" flag: target is required'],
    ["--mount foo img", 'invalid argument "foo" for "--mount" flag: invalid field \'foo\' must be a key=value pair'],
    ["--mount type=bind,volume-nocopy,dst=/b img", "cannot mix 'volume-*' options with mount type 'bind'"],
    ["--ulimit nofile=3:2 img", "ulimit soft limit must be less than or equal to hard limit: 3 > 2"],
    ["--ulimit foo=1 img", "invalid ulimit type: foo"],
    ["-e =x img", 'invalid argument "=x" for "-e, --env" flag: invalid environment variable: =x'],
    ["-m abc img", 'invalid argument "abc" for "-m, --memory" flag: invalid size: \'abc\''],
    ["--rm --restart always img", "conflicting options: cannot specify both --restart and --rm"],
    ["--restart on-failure:x img", "invalid restart policy format: maximum retry count must be an integer"],
    ["-p foo img", "invalid containerPort: foo"],
    ["-p 80-81:90-95 img", "invalid ranges specified for container and host Ports"],
    ["--expose 1:2 img", "invalid port format for --expose: 1:2"],
    ["--device foo img", "foo is not an absolute path"],
    ["--network a --network a img", 'network "a" is specified multiple times'],
    [
      "--security-opt seccomp=/nope img",
      "opening seccomp profile (/nope) failed: open /nope: no such file or directory",
    ],
    ["--cpu-count 3 img", '"--cpu-count" flag: it is only supported on a daemon running on Windows'],
    ["--isolation hyperv img", '"--isolation" flag: container isolation technologies'],
    ["--use-api-socket img", '"--use-api-socket" flag: '],
    ["--health-interval -1s img", "--health-interval cannot be negative"],
    ["--no-healthcheck --health-cmd x img", "--no-healthcheck conflicts with --health-* options"],
    ["--env-file /nope img", "ENOENT"],
  ];
  test.each(cases)("%s", (args, message) => expect(() => bodyOf(args)).toThrow(message));
});
