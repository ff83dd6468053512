import { createIgnoreMatcher } from "../../lib/ignore/index.ts";
import { parsePlatform, parseReference } from "../../spec/index.ts";
import { didYouMean, expandWord, type Instruction, type StageInstruction } from "../dockerfile/index.ts";
import { instructionsOf } from "./buildkit-form.ts";
import type { CheckContext, CheckedStage } from "./context.ts";
import { replaceWord } from "./edits.ts";
import type { Remark, Rule } from "./finding.ts";

const page = (name: string) => `https://docs.docker.com/go/dockerfile/rule/${name}/`;

/** BuildKit's checks of what a file means. */
export const meaningRules: readonly Rule<CheckContext>[] = [
  {
    name: "DuplicateStageName",
    reason: "Stage names should be unique: a reference finds only the last",
    url: page("duplicate-stage-name"),
    find: ({ stages }) =>
      stages.flatMap(({ stage: { from, name } }, index) =>
        name !== undefined && stages.slice(0, index).some(({ stage }) => stage.name === name)
          ? [
              {
                location: from.location,
                message: `Duplicate stage name ${JSON.stringify(name)}, stage names should be unique`,
              },
            ]
          : [],
      ),
  },
  {
    name: "ReservedStageName",
    reason: "Reserved words should not be used as stage names",
    url: page("reserved-stage-name"),
    find: ({ stages }) =>
      stages.flatMap(({ stage: { from, name } }) =>
        name === "scratch" || name === "context"
          ? [
              {
                location: from.location,
                message: `Stage name should not use the same name as reserved stage ${JSON.stringify(name)}`,
              },
            ]
          : [],
      ),
  },
  {
    name: "UndefinedArgInFrom",
    reason: "FROM command must use declared ARGs",
    url: page("undefined-arg-in-from"),
    find: ({ stages, global }) =>
      stages.flatMap(({ unset }) =>
        unset.flatMap(({ instruction, name }) =>
          instruction.kind === "from"
            ? [
                {
                  location: instruction.location,
                  message: `FROM argument '${name}' is not declared${didYouMean(name, global.keys())}`,
                  suggestion: `ARG ${name} before the first FROM`,
                },
              ]
            : [],
        ),
      ),
  },
  {
    name: "UndefinedVar",
    reason: "Variables should be defined before their use",
    url: page("undefined-var"),
    find: ({ stages }) => stages.flatMap(undefinedVariables),
  },
  {
    name: "WorkdirRelativePath",
    reason: "A relative workdir without an absolute one before it depends on the base image",
    url: page("workdir-relative-path"),
    find: ({ stages }) => stages.flatMap(relativeWorkdirs),
  },
  {
    name: "MultipleInstructionsDisallowed",
    reason: "Only the last instruction of this kind in a stage counts",
    url: page("multiple-instructions-disallowed"),
    find: ({ stages }) =>
      stages.flatMap(({ stage }) =>
        (["cmd", "entrypoint", "healthcheck"] as const).flatMap((kind) =>
          stage.instructions
            .filter((instruction) => instruction.kind === kind)
            .slice(0, -1)
            .map(({ location, keyword }) => ({
              location,
              message: `Multiple ${keyword.toUpperCase()} instructions should not be used in the same stage because only the last one will be used`,
            })),
        ),
      ),
  },
  {
    name: "RedundantTargetPlatform",
    reason: "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
    url: page("redundant-target-platform"),
    find: ({ dockerfile, stages }) =>
      stages.flatMap(({ stage: { from } }) => {
        const platform = from.platform ?? "";
        if (platform !== "$TARGETPLATFORM" && platform !== `\${TARGETPLATFORM}`) return [];
        const message = `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`;
        const source = dockerfile.lines[from.location.startLine - 1] ?? "";
        const flag = /--platform=\S+\s+/.exec(source);
        const fix =
          flag === null ? undefined : replacement(from.location.startLine, flag.index + 1, flag[0].length, "");
        return [{ location: from.location, message, fix }];
      }),
  },
  {
    name: "FromPlatformFlagConstDisallowed",
    reason: "FROM --platform flag should not use a constant value: the image then builds for that platform only",
    url: page("from-platform-flag-const-disallowed"),
    find: ({ stages }) => stages.flatMap(constantPlatform),
  },
  {
    name: "SecretsUsedInArgOrEnv",
    reason: "ARG and ENV stay in the image's config and history, where everyone who has the image reads them",
    url: page("secrets-used-in-arg-or-env"),
    find: (context) => instructionsOf(context).flatMap(secretNames),
  },
  {
    name: "InvalidDefaultArgInFrom",
    reason: "Default value for global ARG results in an empty or invalid base image name",
    url: page("invalid-default-arg-in-from"),
    find: invalidDefaults,
  },
  {
    name: "CopyIgnoredFile",
    reason: "The ignore file keeps this from the build: it will not be found",
    url: page("copy-ignored-file"),
    experimental: true,
    find: copiedButIgnored,
  },
  {
    name: "ExposeProtoCasing",
    reason: "Protocol in EXPOSE instruction should be lowercase",
    url: page("expose-proto-casing"),
    find: ({ dockerfile, stages }) =>
      exposed(stages).flatMap(({ instruction, port }) => {
        const protocol = port.split("/")[1] ?? "";
        if (protocol === protocol.toLowerCase()) return [];
        const lower = port.toLowerCase();
        return [
          {
            location: instruction.location,
            message: `Defined protocol '${port}' in EXPOSE instruction should be lowercase`,
            suggestion: `EXPOSE ${lower}`,
            fix: replaceWord(dockerfile, instruction.location, port, lower),
          },
        ];
      }),
  },
  {
    name: "ExposeInvalidFormat",
    reason:
      "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
    url: page("expose-invalid-format"),
    find: ({ stages }) =>
      exposed(stages).flatMap(({ instruction, port }) =>
        port.includes(":")
          ? [
              {
                location: instruction.location,
                message: `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
                suggestion: `EXPOSE ${port.slice(port.lastIndexOf(":") + 1)}`,
              },
            ]
          : [],
      ),
  },
];

const replacement = (line: number, column: number, length: number, text: string) => [
  { line, column, endLine: line, endColumn: column + length, text },
];

const exposed = (stages: readonly CheckedStage[]) =>
  stages.flatMap(({ instructions }) =>
    instructions.flatMap((instruction) =>
      instruction.kind === "expose" ? instruction.ports.map((port) => ({ instruction, port })) : [],
    ),
  );

/** What an unknown base image may set is not reported, unless a name that is set is nearly the same. */
function undefinedVariables({ unset, unknownBase }: CheckedStage): Remark[] {
  return unset.flatMap(({ instruction, name, known }) => {
    if (instruction.kind === "from") return [];
    const meant = didYouMean(name, known).replace("mean ", "mean $");
    if (unknownBase && meant === "") return [];
    return [{ location: instruction.location, message: `Usage of undefined variable '$${name}'${meant}` }];
  });
}

function relativeWorkdirs({ instructions, parent, image }: CheckedStage): Remark[] {
  const inherited = parent?.instructions.some(({ kind }) => kind === "workdir") === true || Boolean(image?.workdir);
  let absolute = inherited && (image?.workdir ?? "") !== "/";
  return instructions.flatMap((instruction) => {
    if (instruction.kind !== "workdir") return [];
    if (instruction.path.startsWith("/")) absolute = true;
    if (absolute) return [];
    const message = `Relative workdir ${JSON.stringify(instruction.path)} can have unexpected results if the base image changes`;
    return [
      { location: instruction.location, message, suggestion: `WORKDIR /${instruction.path.replace(/^(?:\.\/)+/, "")}` },
    ];
  });
}

function constantPlatform({ stage: { from, name } }: CheckedStage): Remark[] {
  if (from.platform === undefined || from.platform.includes("$")) return [];
  try {
    const { os, architecture } = parsePlatform(from.platform);
    if (name?.includes(os) === true || name?.includes(architecture) === true) return [];
  } catch {
    return [];
  }
  const message = `FROM --platform flag should not use constant value ${JSON.stringify(from.platform)}`;
  return [{ location: from.location, message, suggestion: "build with --platform, or --platform=$BUILDPLATFORM" }];
}

const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const NO_SECRET = /(?:_|^)(?:public|file|version)(?:_|$)/i;

function secretNames(instruction: StageInstruction): Remark[] {
  const keys =
    instruction.kind === "env"
      ? instruction.pairs.map(({ key }) => key)
      : instruction.kind === "arg"
        ? instruction.args.map(({ key }) => key)
        : [];
  return keys
    .filter((key) => SECRET.test(key) && !NO_SECRET.test(key))
    .map((key) => ({
      location: instruction.location,
      message: `Do not use ARG or ENV instructions for sensitive data (${instruction.kind.toUpperCase()} ${JSON.stringify(key)})`,
      suggestion: `RUN --mount=type=secret,id=${key.toLowerCase()},env=${key} …`,
    }));
}

function invalidDefaults({ stages, defaults, dockerfile }: CheckContext): Remark[] {
  return stages.flatMap(({ stage: { from } }) => {
    if (!from.base.includes("$")) return [];
    const lookup = (name: string) => defaults.get(name);
    try {
      parseReference(expandWord(from.base, { escape: dockerfile.directives.escape, lookup }));
      return [];
    } catch {
      const message = `Default value for ARG ${from.base} results in empty or invalid base image name`;
      return [{ location: from.location, message, suggestion: "give the ARG a default that is an image" }];
    }
  });
}

function copiedButIgnored({ stages, facts }: CheckContext): Remark[] {
  const patterns = facts.ignorePatterns ?? [];
  if (patterns.length === 0 || patterns.some((pattern) => pattern.startsWith("!"))) return [];
  const matcher = createIgnoreMatcher(patterns);
  const all = patterns.some((pattern) => pattern === "*" || pattern === "**" || pattern === "**/*");
  return stages.flatMap(({ instructions }) =>
    instructions.flatMap((instruction) =>
      contextSources(instruction)
        .filter((source) => (source === "" ? all : matcher.ignores(source)))
        .map((source) => {
          const verb = instruction.kind === "add" ? "Add" : "Copy";
          const message = `Attempting to ${verb} file ${JSON.stringify(source || ".")} that is excluded by .dockerignore`;
          return { location: instruction.location, message };
        }),
    ),
  );
}

/** Paths in the build context that COPY or ADD takes, clean and without a slash in front; "" is the whole of it. */
export function contextSources(instruction: Instruction): string[] {
  if (instruction.kind !== "copy" && instruction.kind !== "add") return [];
  if (instruction.kind === "copy" && instruction.from !== undefined) return [];
  return instruction.sources
    .filter((source) => !/^(?:https?|git|ssh):\/\/|^git@/.test(source))
    .map((source) => source.replace(/^(?:\.?\/)+|\/+$/g, "").replace(/^\.$/, ""));
}
