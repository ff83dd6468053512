import { describe, expect, test } from "vitest";
import { parseDockerfile } from "../dockerfile/index.ts";
import { type BaseImage, type PlanInput, planBuild, printGraph } from "./index.ts";

const platform = { os: "linux", architecture: "amd64" };
const image = (name: string, config: object = {}): BaseImage => ({
  name: `docker.io/library/${name}:latest`,
  id: `sha256:${"1".repeat(64)}`,
  layers: [],
  config: {
    architecture: "amd64",
    os: "linux",
    created: "2024-01-01T00:00:00.5Z",
    config: { Env: ["PATH=/bin"], Cmd: ["sh"], ...config },
    rootfs: { type: "layers", diff_ids: [] },
    history: [],
  },
});

function plan(source: string, options: Partial<PlanInput> = {}) {
  return planBuild({
    dockerfile: parseDockerfile(source, { file: "Dockerfile" }),
    target: "",
    buildArgs: new Map(),
    platform,
    buildPlatform: platform,
    severalPlatforms: false,
    contexts: new Map(),
    noCache: false,
    noCacheFilter: [],
    sourceDateEpoch: undefined,
    image: ({ reference }) => image(reference),
    ...options,
  });
}

function graphOf(source: string, options: Partial<PlanInput> = {}) {
  const planned = plan(source, options);
  if (!("graph" in planned)) throw new Error(`missing ${JSON.stringify(planned.missing)}`);
  return planned.graph;
}

const names = (source: string, options: Partial<PlanInput> = {}) =>
  [...graphOf(source, options).vertices.values()].map(({ name }) => name);

describe("the graph", () => {
  test("has what the target needs, and prints itself", () => {
    const source = `FROM alpine AS build
ARG V=1
RUN make $V
FROM alpine AS unused
RUN never
FROM scratch
COPY --from=build /out /
CMD ["/out"]
`;
    expect(printGraph(graphOf(source))).toBe(`#1 [build 1/2] FROM docker.io/library/alpine:latest
#2 [build 2/2] RUN make $V <- #1
   ["/bin/sh","-c","make $V"] env ["PATH=/bin","V=1"] cwd / user root
#3 [stage-2 1/1] COPY --from=build /out / <- #2
image #3 linux/amd64
{"WorkingDir":"/","Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":["/out"],"ArgsEscaped":true}
+ COPY /out / # buildkit
- CMD ["/out"]
`);
  });

  test("names a target by name, in any case, or number; another one gets the nearest name", () => {
    const source = "FROM a AS First\nFROM b AS second\nRUN x\n";
    expect(names(source, { target: "first" })).toEqual(["[First 1/1] FROM docker.io/library/a:latest"]);
    expect(names(source, { target: "0" })).toEqual(names(source, { target: "FIRST" }));
    expect(() => plan(source, { target: "secnd" })).toThrow(
      'target stage "secnd" could not be found (did you mean second?)',
    );
  });

  test("asks for the images that it does not know, all that can be told at once", () => {
    const source = "FROM one AS a\nFROM two\nCOPY --from=a / /\nCOPY --from=three / /\n";
    const planned = plan(source, { image: () => undefined });
    expect("missing" in planned && planned.missing.map(({ reference }) => reference).sort()).toEqual([
      "one",
      "three",
      "two",
    ]);
  });

  test("the base image's triggers come first, once", () => {
    const triggered = (need: { reference: string }) =>
      image(need.reference, need.reference === "on" ? { OnBuild: ["COPY . /app", "RUN build"] } : {});
    const { vertices, result } = graphOf("FROM on\nRUN own\n", { image: triggered });
    expect([...vertices.values()].map(({ name }) => name)).toEqual([
      "[1/4] FROM docker.io/library/on:latest",
      "[internal] load build context",
      "[2/4] COPY . /app",
      "[3/4] RUN build",
      "[4/4] RUN own",
    ]);
    expect(result.config.OnBuild).toEqual([]);
  });

  test("arguments: build arguments, defaults, global ones; ENV after ARG wins, as ARG after ENV does", () => {
    const source = `ARG G=global
FROM a
ARG G
ARG D=default
ARG N
ENV D=env
ARG E=\${G}-\${D}
RUN x
`;
    const { vertices, result } = graphOf(source, { buildArgs: new Map([["N", "given"]]) });
    const run = [...vertices.values()].find(({ kind }) => kind === "run");
    expect(run?.kind === "run" && run.env).toEqual(["PATH=/bin", "G=global", "D=env", "N=given", "E=global-env"]);
    expect(result.config.Env).toEqual(["PATH=/bin", "D=env"]);
    expect(result.history.at(-1)?.createdBy).toBe(
      "RUN |4 G=global D=default N=given E=global-env /bin/sh -c x # buildkit",
    );
  });

  test("heredocs become the shell's text, a script of their own, or input", () => {
    const run = (source: string) => {
      const vertex = [...graphOf(`FROM a\n${source}`).vertices.values()].find(({ kind }) => kind === "run");
      return vertex?.kind === "run" ? { args: vertex.args, script: vertex.script?.name, name: vertex.name } : undefined;
    };
    expect(run("RUN <<E\na\nb\nE\n")).toEqual({
      args: ["/bin/sh", "-c", "a\nb\n"],
      script: undefined,
      name: "[2/2] RUN <<E (a...)",
    });
    expect(run("RUN cat <<E\na\nE\n")?.args).toEqual(["/bin/sh", "-c", "cat <<E\na\nE"]);
    expect(run("RUN <<E\n#!/usr/bin/env python\nE\n")?.script).toBe("E");
  });

  test("times are those of the base image, unless the user names one", () => {
    expect(graphOf("FROM a").result.epoch).toBe(1_704_067_200_000_000_000n);
    expect(graphOf("FROM scratch").result.epoch).toBe(0n);
    expect(graphOf("FROM a", { sourceDateEpoch: 5 }).result.epoch).toBe(5_000_000_000n);
  });

  test("ENTRYPOINT forgets the base's command, not its own", () => {
    expect(graphOf('FROM a\nENTRYPOINT ["e"]').result.config.Cmd).toBeNull();
    expect(graphOf('FROM a\nCMD ["c"]\nENTRYPOINT ["e"]').result.config.Cmd).toEqual(["c"]);
  });
});
