import { describe, expect, it } from "vitest";
import { parseDockerfile } from "../dockerfile/index.ts";
import { applyFixes, type CheckFacts, checkDockerfile } from "./index.ts";

const QUIET = "FROM scratch\nUSER 1\n";
const check = (text: string, facts: CheckFacts & { options?: string } = {}) =>
  checkDockerfile(parseDockerfile(text, { file: "Dockerfile" }), facts);
const found = (text: string, facts?: CheckFacts) =>
  check(text, facts).findings.map(({ rule, line }) => `${rule}:${line}`);

/** File, and the findings as rule:line. */
const cases: [string, string[]][] = [
  [QUIET, []],
  ["FROM scratch AS Build\nUSER 1", ["StageNameCasing:1"]],
  ["FROM scratch as build\nUSER 1", ["FromAsCasing:1"]],
  ["from scratch AS build\nuser 1", ["FromAsCasing:1"]],
  ["FROM scratch\nRUN a \\\n\n  b\nUSER 1", ["NoEmptyContinuation:3"]],
  ["FROM scratch\nrun a\nRUN b\nUSER 1", ["ConsistentInstructionCasing:2"]],
  ["from scratch\nRun a\nuser 1", ["ConsistentInstructionCasing:2"]],
  ["FROM scratch AS a\nFROM scratch AS a\nUSER 1", ["DuplicateStageName:2"]],
  ["FROM scratch AS scratch\nFROM scratch AS context\nUSER 1", ["ReservedStageName:1", "ReservedStageName:2"]],
  [`${QUIET}CMD a b`, ["JSONArgsRecommended:3"]],
  [`${QUIET}ENTRYPOINT a b`, ["JSONArgsRecommended:3"]],
  [`${QUIET}SHELL ["a"]\nCMD a b`, []],
  [`${QUIET}CMD ["a"]`, []],
  [`${QUIET}MAINTAINER me`, ["MaintainerDeprecated:3"]],
  ["ARG A=x:1\nFROM $B\nUSER 1", ["UndefinedArgInFrom:2", "InvalidDefaultArgInFrom:2"]],
  ["ARG A\nFROM $A\nUSER 1", ["InvalidDefaultArgInFrom:2", "UndefinedArgInFrom:2"]],
  ["ARG A=x:1\nFROM $A\nUSER 1", []],
  [`${QUIET}WORKDIR a`, ["WorkdirRelativePath:3"]],
  [`${QUIET}WORKDIR /a\nWORKDIR b`, []],
  [`${QUIET}ENV A=$B`, ["UndefinedVar:3"]],
  [`${QUIET}ARG B\nENV A=$B`, []],
  [`${QUIET}ENV A=$PATH`, []],
  [`${QUIET}ENV A=$HTTP_PROXY`, []],
  ["FROM x:1\nUSER 1\nENV A=$JAVA_HOME", []],
  ["FROM x:1\nUSER 1\nARG NAME=1\nENV A=$NAM", ["UndefinedVar:4"]],
  [
    `${QUIET}CMD ["a"]\nCMD ["b"]\nENTRYPOINT ["a"]\nENTRYPOINT ["b"]`,
    ["MultipleInstructionsDisallowed:3", "MultipleInstructionsDisallowed:5"],
  ],
  [`${QUIET}HEALTHCHECK NONE\nHEALTHCHECK NONE`, ["MultipleInstructionsDisallowed:3"]],
  [`${QUIET}ENV A b`, ["LegacyKeyValueFormat:3"]],
  [`${QUIET}LABEL A b`, ["LegacyKeyValueFormat:3"]],
  ["FROM --platform=$TARGETPLATFORM scratch\nUSER 1", ["RedundantTargetPlatform:1"]],
  ["FROM --platform=linux/amd64 scratch\nUSER 1", ["FromPlatformFlagConstDisallowed:1"]],
  ["FROM --platform=linux/amd64 scratch AS build-amd64\nUSER 1", []],
  ["FROM --platform=$BUILDPLATFORM scratch\nUSER 1", []],
  [
    `${QUIET}ARG API_TOKEN\nENV MY_PASSWORD=x PUBLIC_KEY=1 MONKEY=1`,
    ["SecretsUsedInArgOrEnv:3", "SecretsUsedInArgOrEnv:4"],
  ],
  ["FROM scratch\nEXPOSE 80/TCP\nUSER 1", ["ExposeProtoCasing:2"]],
  ["FROM scratch\nEXPOSE 127.0.0.1:80:80\nUSER 1", ["ExposeInvalidFormat:2"]],
  ["FROM scratch", ["RunsAsRoot:1"]],
  ["FROM scratch\nUSER 0:0", ["RunsAsRoot:2"]],
  ["FROM scratch\nUSER root\nUSER app", []],
  ["FROM scratch AS a\nUSER app\nFROM a", []],
  ["FROM gcr.io/distroless/base:1-nonroot", []],
  ["FROM debian\nUSER 1", ["UnpinnedBase:1"]],
  ["FROM debian:stable\nUSER 1", ["UnpinnedBase:1"]],
  ["FROM debian:latest\nUSER 1", ["LatestTag:1"]],
  ["FROM localhost:5000/debian\nUSER 1", ["UnpinnedBase:1"]],
  ["FROM debian:12\nUSER 1", []],
  [`FROM debian@sha256:${"0".repeat(64)}\nUSER 1`, []],
  ["FROM debian:12\nRUN apt-get update && apt-get install -y curl\nUSER 1", ["PackageListsLeft:2"]],
  ["FROM debian:12\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\nUSER 1", []],
  ["FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt apt-get install -y curl\nUSER 1", []],
  ["FROM debian:12\nRUN <<EOF\napt-get install -y curl\nEOF\nUSER 1", ["PackageListsLeft:2"]],
  ["FROM debian:12 AS a\nRUN apt-get install -y gcc\nFROM scratch\nCOPY --from=a /x /\nUSER 1", []],
  ["FROM alpine:3\nRUN apk add curl\nUSER 1", ["PackageListsLeft:2"]],
  ["FROM alpine:3\nRUN apk add --no-cache curl\nUSER 1", []],
  ["FROM fedora:40\nRUN dnf install -y curl\nUSER 1", ["PackageListsLeft:2"]],
  ["FROM python:3\nRUN pip install x\nUSER 1", ["PackageListsLeft:2"]],
  ["FROM python:3\nENV PIP_NO_CACHE_DIR=1\nRUN pip install x\nUSER 1", []],
  ["FROM debian:12\nRUN apt-get update\nRUN ls\nUSER 1", ["MergeRuns:2"]],
  ["FROM debian:12\nRUN a\nRUN b\nRUN c\nRUN d\nUSER 1", ["MergeRuns:2"]],
  ["FROM debian:12\nRUN a\nRUN b\nENV A=1\nRUN c\nRUN d\nUSER 1", []],
  ["FROM alpine:3\nRUN apk add --no-cache build-base\nUSER 1", ["ToolchainInFinalImage:2"]],
  ["FROM golang:1.22\nRUN go build ./...\nUSER 1", ["ToolchainInFinalImage:2"]],
  ["FROM golang:1.22 AS b\nRUN go build ./...\nFROM scratch\nUSER 1", []],
  ["FROM node:20\nCOPY . .\nRUN npm ci\nUSER 1", ["DependenciesAfterSources:3"]],
  ["FROM node:20\nCOPY package*.json .\nRUN npm ci\nCOPY . .\nUSER 1", []],
  ["FROM node:20\nCOPY --from=x . .\nRUN npm ci\nUSER 1", []],
  ["FROM nginx:1\nEXPOSE 80\nUSER 1", ["MissingHealthcheck:2"]],
  ["FROM nginx:1\nEXPOSE 80\nHEALTHCHECK CMD x\nUSER 1", []],
  [`${QUIET}ENV A=AKIAABCDEFGHIJKLMNOP`, ["SecretValue:3"]],
  [`${QUIET}RUN curl https://user:pass@host/x`, ["SecretValue:3"]],
  ["# check=skip=RunsAsRoot\nFROM scratch", []],
  ["# check=skip=all\nFROM scratch\nENV a b", []],
  [`${QUIET}# check=skip=LegacyKeyValueFormat\nENV a b\nENV c d`, ["LegacyKeyValueFormat:5"]],
  ["# nonsense\nARG A=1\nFROM scratch\nUSER 1", []],
  [
    "# check=experimental=InvalidDefinitionDescription\n# nonsense\nARG A=1\nFROM scratch\nUSER 1",
    ["InvalidDefinitionDescription:3"],
  ],
  ["# check=experimental=all\n# A the a\nARG A=1\nFROM scratch\nUSER 1", []],
];

describe("checks", () => {
  it.each(cases)("%j", (text, expected) => {
    expect(found(text).sort()).toEqual([...expected].sort());
  });

  it("asks the facts", () => {
    const image = { env: ["JAVA_HOME=/j"], workdir: "/w", user: "app", hasHealthcheck: true, exposes: true };
    const base = (reference: string) => (reference === "x:1" ? image : undefined);
    expect(found("FROM x:1\nENV A=$JAVA_HOME B=$C\nWORKDIR d\nEXPOSE 80", { base })).toEqual(["UndefinedVar:2"]);
    expect(found(`${QUIET}COPY . /`, { contextBytes: 200_000_000 })).toEqual(["MissingIgnoreFile:3"]);
    expect(found(`${QUIET}COPY . /`, { contextBytes: 200_000_000, ignorePatterns: [] })).toEqual([]);
    const experimental = "# check=experimental=CopyIgnoredFile\n";
    expect(found(`${experimental}${QUIET}COPY a/b c /`, { ignorePatterns: ["a"] })).toEqual(["CopyIgnoredFile:4"]);
    expect(found("FROM ctx\nUSER 1", { contexts: new Set(["ctx"]) })).toEqual([]);
    expect(found("FROM scratch AS a\nFROM x:1", { target: "a" })).toEqual(["RunsAsRoot:1"]);
  });

  it("fails where the file asks for it, in BuildKit's words", () => {
    expect(check("# check=error=true\nFROM scratch").failure).toBe("lint violation found for rules: RunsAsRoot");
    expect(check("# check=error=true\nFROM scratch\nUSER 1").failure).toBeUndefined();
    expect(check("FROM scratch", { options: "skip=RunsAsRoot;error=true" }).failure).toBeUndefined();
    expect(() => check("# check=skp=x\nFROM scratch")).toThrow('line 1: invalid check option "skp"');
  });

  it("explains every finding and never repeats a secret", () => {
    for (const [text] of cases)
      for (const finding of check(text).findings) {
        expect(finding.reason).not.toBe("");
        expect(JSON.stringify(finding)).not.toContain("AKIAABCDEFGHIJKLMNOP");
      }
  });

  it.each([
    [
      "from scratch as Build\nRUN a \\\n\n b\nENV a  b c\nEXPOSE 80/TCP\nUSER 1\n",
      'FROM scratch AS build\nRUN a \\\n b\nENV a="b c"\nEXPOSE 80/tcp\nUSER 1\n',
    ],
    ["FROM --platform=$TARGETPLATFORM scratch\r\nLABEL a b\r\nUSER 1\r\n", "FROM scratch\r\nLABEL a=b\r\nUSER 1\r\n"],
    ["FROM scratch\nENV a 'b \"c'\nUSER 1", "FROM scratch\nENV a 'b \"c'\nUSER 1"],
  ])("fixes %j", (text, expected) => {
    let current = text;
    for (let round = 0; round < 3; round++) current = applyFixes(current, check(current).findings).text;
    expect(current).toBe(expected);
  });
});
