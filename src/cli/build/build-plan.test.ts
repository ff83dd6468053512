import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseFlags } from "../../lib/flags/index.ts";
import { Context } from "../core/context.ts";
import { BUILD_FLAGS } from "./build-flags.ts";
import { planBuild } from "./build-plan.ts";
import { classicQuery } from "./classic-query.ts";

let folder = "";
const before = process.cwd();

beforeAll(() => {
  folder = mkdtempSync("/dev/shm/berth-plan-");
  process.chdir(folder);
  writeFileSync("Dockerfile", "FROM scratch\n");
  writeFileSync("big", Buffer.alloc(500 * 1024 + 1));
  writeFileSync("key", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
  symlinkSync("nowhere", "dangling");
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

const sink = { fd: -1, write: () => undefined };
const globals = {
  hosts: [],
  context: "",
  config: "",
  debug: false,
  tls: false,
  tlsVerify: undefined,
  tlsCa: "",
  tlsCert: "",
  tlsKey: "",
};

function plan(text: string, env: Record<string, string> = {}) {
  const parsed = parseFlags(
    BUILD_FLAGS,
    text.split(" ").filter((word) => word !== ""),
  );
  const program = { command: "berth", title: "Berth" };
  const context = new Context({
    program,
    out: sink,
    err: sink,
    env: { HOME: folder, ...env },
    globals: { ...globals, config: folder },
  });
  return planBuild(context, parsed.values, parsed.args[0] ?? ".", false);
}

/** Texts of buildx 0.13, but for those that speak of what Berth has not. */
test.each([
  ["--progress bogus", "invalid progress mode bogus"],
  ["--build-arg =x", 'invalid key-value pair "=x": empty key'],
  ["--label =x", 'invalid key-value pair "=x": empty key'],
  ["-t BAD:1", 'invalid tag "BAD:1": repository name must be lowercase'],
  ["-t a::b", 'invalid tag "a::b": invalid reference format'],
  ["--secret foo", "invalid field 'foo' must be a key=value pair"],
  ["--secret id=foo,src=nope", "failed to stat nope: stat nope: no such file or directory"],
  ["--secret id=foo,bar=nope", "unexpected key 'bar' in 'bar=nope'"],
  ["--secret id=foo,type=x", 'unsupported secret type "x"'],
  ["--secret src=Dockerfile", "secret missing ID"],
  ["--secret id=b,src=big", "invalid secret b: size 512001 exceeds the limit of 500 kB"],
  ["--ssh default", "invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set"],
  ["--ssh default=nope", "stat nope: no such file or directory"],
  ["--ssh default=Dockerfile", "failed to parse Dockerfile: ssh: no key found"],
  ["--build-context x", "invalid context value: x, expected key=value"],
  ["--build-context x=nope", "failed to get build context x: stat nope: no such file or directory"],
  ["-o type=foo", 'failed to solve: exporter "foo" could not be found'],
  ["-o type=local", "dest is required for local exporter"],
  ["-o type=local,foo", "invalid value foo"],
  ["-o type=local,dest=-", "dest cannot be stdout for local exporter"],
  ["-o type=tar,dest=/nope/x", "failed to open open /nope/x: no such file or directory"],
  ["-o type=tar,dest=/tmp", "destination file /tmp is a directory"],
  ["--platform foo", '"foo": unknown operating system or architecture: invalid argument'],
  ["--allow foo", "unknown entitlement foo"],
  ["--add-host foo", "invalid host foo"],
  ["--add-host foo=1", "invalid host foo=1"],
  ["--cache-from x=y", 'type required form> "x=y"'],
  ["--cache-to x=y", 'type required form> "x=y"'],
  ["--no-cache --no-cache-filter x", "--no-cache and --no-cache-filter cannot currently be used together"],
  ["-q --progress plain", "progress=plain and quiet cannot be used together"],
  ["-f - -", "invalid argument: can't use stdin for both build context and dockerfile"],
  ["--push", "tag is needed when pushing to registry"],
  ["--attest foo", "invalid value foo"],
  ["--builder nope", 'no builder "nope" found'],
  ["nodir", 'unable to prepare context: path "nodir" not found'],
])("%s", (text, message) => {
  expect(() => plan(text)).toThrow(expect.objectContaining({ message: `ERROR: ${message}`, exitCode: 1 }));
});

test("arguments and labels; a bare one has the environment's value, or is left out", () => {
  expect(plan("--build-arg A=1 --build-arg B --build-arg C --label x --label y=z=1", { B: "own" })).toMatchObject({
    buildArgs: { A: "1", B: "own" },
    labels: { x: "", y: "z=1" },
  });
});

test("secrets come from files and variables, by name where neither is given", () => {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  const { secrets } = plan(
    "--secret id=a,env=X --secret id=X --secret id=Dockerfile --secret id=e,type=env,src=X --secret id=none,env=NOPE",
    {
      X: "of x",
    },
  );
  expect(secrets).toEqual([
    { id: "a", data: encode("of x") },
    { id: "X", data: encode("of x") },
    { id: "Dockerfile", data: encode("FROM scratch\n") },
    { id: "e", data: encode("of x") },
    { id: "none", data: "" },
  ]);
});

test("outputs in every form", () => {
  expect(plan("-o out -o - --load --push -t a").outputs).toEqual([
    { type: "local", attributes: {}, destination: join(folder, "out") },
    { type: "tar", attributes: {}, destination: "-" },
    { type: "docker", attributes: {} },
    { type: "registry", attributes: {} },
  ]);
  expect(plan("-o type=oci,dest=x.tar,compression=gzip").outputs).toEqual([
    { type: "oci", attributes: { compression: "gzip" }, destination: join(folder, "x.tar") },
  ]);
});

test("caches, tags, platforms, agents", () => {
  expect(
    plan(
      "--cache-from user/app:cache --cache-from type=local,src=c --cache-to type=inline -t app -t r.io/x:2 --platform linux/amd64,linux/arm64 --ssh key=/dev/null".replace(
        "--ssh key=/dev/null",
        "--ssh a",
      ),
      {
        SSH_AUTH_SOCK: "/agent",
      },
    ),
  ).toMatchObject({
    cacheFrom: [
      { type: "registry", attributes: { ref: "user/app:cache" } },
      { type: "local", attributes: { src: join(folder, "c") } },
    ],
    cacheTo: [{ type: "inline", attributes: {} }],
    tags: ["app:latest", "r.io/x:2"],
    platforms: ["linux/amd64", "linux/arm64"],
    ssh: [{ id: "a", socket: "/agent" }],
  });
});

test("checks and the debugger", () => {
  expect(plan("--check")).toMatchObject({ call: "check", debug: undefined });
  expect(plan("--call=check --fix")).toMatchObject({ call: "check", flags: { fix: true } });
  expect(plan("--debug .")).toMatchObject({ debug: "on" });
  expect(plan("--debug=build:7 .")).toMatchObject({ debug: "build:7" });
  expect(() => plan("--fix")).toThrow("--fix needs --check");
  expect(plan("--sbom --isolation default").notes).toHaveLength(2);
  expect(plan("--provenance=false").notes).toEqual([]);
});

test("the classic endpoint's parameters", () => {
  const query = classicQuery(
    plan(
      "-t a -m 64m --memory-swap -1 --ulimit nofile=10:20 --add-host h:1.2.3.4 --rm=false --cache-from b --target t --no-cache --network none",
    ),
  );
  expect(query).toMatchObject({
    t: ["a:latest"],
    memory: 64 * 1024 * 1024,
    memswap: -1,
    ulimits: '[{"Name":"nofile","Hard":20,"Soft":10}]',
    extrahosts: ["h:1.2.3.4"],
    rm: "0",
    cachefrom: '["b"]',
    target: "t",
    nocache: true,
    networkmode: "none",
  });
});
