import { expect, test } from "vitest";
import { parseDockerfile } from "../../build/dockerfile/index.ts";
import type { BuildRequest, BuildStatus } from "../../spec/api/index.ts";
import { checkRequest, fixDockerfile } from "./check-request.ts";

const request: BuildRequest = { context: { kind: "empty" } };
const text = "FROM scratch as a\nENV b  c\nUSER 1\n";
const dockerfile = parseDockerfile(text, { file: "Dockerfile" });
const configOf = () => undefined;
const decode = (data: string | undefined) => Buffer.from(data ?? "", "base64").toString();

test("findings are a build's warnings, in BuildKit's form", () => {
  const { warnings, failure } = checkRequest({ request, dockerfile, vertex: "sha256:x", configOf });
  expect(failure).toBeUndefined();
  expect(warnings.map(({ short }) => decode(short))).toEqual([
    "FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)",
    'LegacyKeyValueFormat: "ENV key=value" should be used instead of legacy "ENV key value" format (line 2)',
  ]);
  const [, second] = warnings;
  expect(second?.detail.map(decode)).toEqual([
    "Legacy key/value format with whitespace separator should not be used",
    "Try: ENV b=c",
  ]);
  expect(second?.range?.[0]?.start).toEqual({ line: 2, character: 0 });
  expect(decode(second?.sourceInfo?.data)).toContain("ENV b  c");
});

test("options come from the build argument; safe fixes are made", () => {
  const strict = { ...request, buildArgs: { BUILDKIT_DOCKERFILE_CHECK: "skip=FromAsCasing;error=true" } };
  expect(checkRequest({ request: strict, dockerfile, vertex: "v", configOf }).failure).toBe(
    "lint violation found for rules: LegacyKeyValueFormat",
  );
  expect(fixDockerfile(text, { request, dockerfile, configOf })).toBe("FROM scratch AS a\nENV b=c\nUSER 1\n");
});

test("a check gives a result, a build goes on or ends with the findings", async () => {
  const { checkBuild } = await import("./check-build.ts");
  const store = { find: () => undefined } as never;
  const deps = { imageParts: { store }, trees: { diskUsage: async () => ({ bytes: 3e8, allocated: 0, entries: 1 }) } };
  const events: BuildStatus[] = [];
  const run = (more: Partial<BuildRequest>) =>
    checkBuild(deps, {
      request: { ...request, dockerfile: { name: "Dockerfile", data: Buffer.from(text).toString("base64") }, ...more },
      dockerfile,
      context: "/nowhere",
      emit: (status) => events.push(status),
      signal: new AbortController().signal,
    });
  expect(await run({})).toBeUndefined();
  expect(events[0]?.warnings).toHaveLength(2);
  expect(await run({ call: "check" })).toEqual({});
  expect(events[1]?.warnings).toHaveLength(3);
  expect(decode((await run({ call: "check", fix: true }))?.fixed)).toContain("ENV b=c");
  await expect(run({ buildArgs: { BUILDKIT_DOCKERFILE_CHECK: "error=true" } })).rejects.toThrow(
    /^lint violation found/,
  );
});
