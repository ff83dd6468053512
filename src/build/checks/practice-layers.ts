import type { RunInstruction, StageInstruction } from "../dockerfile/index.ts";
import { contextSources } from "./buildkit-meaning.ts";
import type { CheckContext, CheckedStage } from "./context.ts";
import type { Remark, Rule } from "./finding.ts";
import { type PackageManager, packageInstalls, removes, scriptOf, simpleCommands } from "./shell-commands.ts";

/** Berth's checks of what ends up in layers and how long a change takes to build. */
export const layerRules: readonly Rule<CheckContext>[] = [
  {
    name: "PackageListsLeft",
    reason: "What a layer holds stays in the image, even if a later layer deletes it",
    find: ({ final }) => final.flatMap(leftLists),
  },
  {
    name: "MergeRuns",
    reason: "Each RUN is a layer and a cache entry of its own: a stale one beside a fresh one breaks the build later",
    find: ({ stages }) => stages.flatMap(splitRuns),
  },
  {
    name: "ToolchainInFinalImage",
    reason: "A compiler in the image costs hundreds of megabytes and helps whoever breaks in",
    find: ({ final }) => final.flatMap(toolchains),
  },
  {
    name: "DependenciesAfterSources",
    reason: "Every change of a source file installs the dependencies again",
    find: ({ stages }) => stages.flatMap(lateDependencies),
  },
  {
    name: "MissingIgnoreFile",
    reason: "Everything in the folder is sent with every build, and a change of any of it may miss the cache",
    find: missingIgnoreFile,
  },
];

const runsOf = (instructions: readonly StageInstruction[]) =>
  instructions.filter((instruction): instruction is RunInstruction => instruction.kind === "run");

interface Leftover {
  readonly what: string;
  /** Whether the script takes care of it. */
  readonly avoided: (script: string) => boolean;
  /** A mount here, or below, keeps it out of the layer. */
  readonly cache: string;
  readonly suggestion: string;
}

const LEFT: Readonly<Record<PackageManager, Leftover>> = {
  apt: {
    what: "package lists in /var/lib/apt/lists",
    avoided: (script) => removes(script, "/apt") || removes(script, "/var/lib/"),
    cache: "/var/lib/apt",
    suggestion:
      "end the same RUN with && rm -rf /var/lib/apt/lists/*, or use RUN --mount=type=cache,target=/var/lib/apt",
  },
  apk: {
    what: "the package index in /var/cache/apk",
    avoided: (script) => script.includes("--no-cache") || removes(script, "/apk"),
    cache: "/var/cache/apk",
    suggestion: "apk add --no-cache",
  },
  dnf: {
    what: "package metadata in /var/cache",
    avoided: (script) => simpleCommands(script).some(cleansAll) || removes(script, "/var/cache"),
    cache: "/var/cache",
    suggestion: "end the same RUN with && dnf clean all",
  },
  pip: {
    what: "downloaded packages in ~/.cache/pip",
    avoided: (script) => /--no-cache-dir|PIP_NO_CACHE_DIR=/.test(script) || removes(script, ".cache"),
    cache: "/root/.cache",
    suggestion: "pip install --no-cache-dir, or RUN --mount=type=cache,target=/root/.cache/pip",
  },
};

function cleansAll(command: string): boolean {
  const words = command.split(/\s+/);
  return /^(?:dnf|yum|microdnf)$/.test(words[0] ?? "") && words.includes("clean") && words.includes("all");
}

function leftLists({ instructions, env }: CheckedStage): Remark[] {
  return runsOf(instructions).flatMap((run) => {
    const script = scriptOf(run);
    const managers = new Set(packageInstalls(script).map(({ manager }) => manager));
    return [...managers].flatMap((manager) => {
      const { what, avoided, cache, suggestion } = LEFT[manager];
      const mounted = run.mounts.some(({ target }) => target !== undefined && `${target}/`.startsWith(`${cache}/`));
      if (avoided(script) || mounted) return [];
      if (manager === "pip" && env.get("PIP_NO_CACHE_DIR") !== undefined) return [];
      return [{ location: run.location, message: `RUN leaves ${what} in the layer`, suggestion }];
    });
  });
}

const MANY = 4;

function splitRuns({ stage }: CheckedStage): Remark[] {
  const remarks: Remark[] = [];
  for (const group of neighbours(stage.instructions)) {
    const [first] = group;
    if (first === undefined) continue;
    const lonely = group.find((run) => isLonelyUpdate(scriptOf(run)));
    if (lonely !== undefined)
      remarks.push({
        location: lonely.location,
        message: "RUN updates the package lists apart from the installation that uses them",
        suggestion: "RUN apt-get update && apt-get install -y … in one instruction",
      });
    else if (group.length >= MANY && group.every((run) => run.command.shell && run.command.heredocs.length === 0))
      remarks.push({
        location: first.location,
        message: `${group.length} RUN instructions in a row make ${group.length} layers`,
        suggestion: "join those that change together with &&, or use RUN <<EOF",
      });
  }
  return remarks;
}

/** Runs of RUNs with nothing between them. */
function neighbours(instructions: readonly StageInstruction[]): RunInstruction[][] {
  const groups: RunInstruction[][] = [[]];
  for (const instruction of instructions) {
    if (instruction.kind === "run") groups.at(-1)?.push(instruction);
    else groups.push([]);
  }
  return groups.filter((group) => group.length > 0);
}

function isLonelyUpdate(script: string): boolean {
  const commands = simpleCommands(script);
  return commands.length > 0 && commands.every((command) => /^(?:apt-get|apt|apk)\s+(?:-\S+\s+)*update$/.test(command));
}

const TOOLCHAIN =
  /^(?:build-essential|build-base|gcc|g\+\+|clang|make|cmake|golang(?:-go)?|go|rustc|cargo|maven|gradle|(?:default|openjdk-?\d+)-jdk(?:-headless)?|openjdk\d+|gcc-\d+|g\+\+-\d+)(?:[=~<>].*)?$/;

function toolchains({ instructions, base, image, parent }: CheckedStage): Remark[] {
  return runsOf(instructions).flatMap((run) => {
    const script = scriptOf(run);
    const installs = packageInstalls(script).filter(({ manager }) => manager !== "pip");
    const tools = installs.flatMap(({ packages }) => packages).filter((name) => TOOLCHAIN.test(name));
    if (tools.length > 0 && !/\b(?:purge|autoremove|remove|apk del)\b/.test(script))
      return [
        { location: run.location, message: `${tools.join(", ")} stays in the final image`, suggestion: SECOND_STAGE },
      ];
    if (parent === undefined && image?.hasHealthcheck !== true && compilesIn(base, script))
      return [
        {
          location: run.location,
          message: `The final image is the one that compiles: all of ${base} stays in it`,
          suggestion: SECOND_STAGE,
        },
      ];
    return [];
  });
}

const SECOND_STAGE = "compile in a stage of its own (FROM … AS build) and take the result with COPY --from=build";

const COMPILERS: readonly (readonly [image: RegExp, command: RegExp])[] = [
  [/(?:^|\/)golang\b/, /^go\s+(?:build|install)\b/],
  [/(?:^|\/)rust\b/, /^cargo\s+(?:build|install)\b/],
  [/(?:^|\/)gcc\b/, /^(?:gcc|g\+\+|cc|make|cmake)\b/],
  [/(?:^|\/)(?:maven|gradle)\b/, /^(?:mvn|gradle|\.\/gradlew|\.\/mvnw)\b/],
  [/dotnet\/sdk\b/, /^dotnet\s+(?:build|publish)\b/],
];

function compilesIn(base: string, script: string): boolean {
  return COMPILERS.some(
    ([image, command]) => image.test(base) && simpleCommands(script).some((simple) => command.test(simple)),
  );
}

const DEPENDENCIES =
  /^(?:npm\s+(?:ci|i|install)\b(?!\s+(?:-g|--global))|yarn(?:\s+install)?(?:\s+--\S+)*$|pnpm\s+(?:i|install)\b|(?:python3?\s+-m\s+)?pip3?\s+install\s.*(?:-r|--requirement)\b|poetry\s+install\b|uv\s+sync\b|pipenv\s+install\b|bundle\s+install\b|composer\s+install\b|go\s+mod\s+download\b|cargo\s+fetch\b|mvn\s.*dependency:|dotnet\s+restore\b|(?:apt-get|apt)\s(?:.*\s)?install\b|apk\s(?:.*\s)?add\b)/;

function lateDependencies({ instructions }: CheckedStage): Remark[] {
  const copied = instructions.findIndex((instruction) =>
    contextSources(instruction).some((source) => source === "" || source === "*"),
  );
  if (copied < 0) return [];
  return runsOf(instructions.slice(copied)).flatMap((run) => {
    const command = simpleCommands(scriptOf(run)).find((simple) => DEPENDENCIES.test(simple));
    if (command === undefined) return [];
    const line = instructions[copied]?.location.startLine ?? 0;
    return [
      {
        location: run.location,
        message: `"${command.slice(0, 60)}" runs after all sources were copied on line ${line}`,
        suggestion: "copy only the lists of dependencies first, install them, then copy the rest",
      },
    ];
  });
}

/** Bytes from which a missing ignore file is worth a word. */
const LARGE_CONTEXT = 100_000_000;

function missingIgnoreFile({ facts, stages }: CheckContext): Remark[] {
  const { contextBytes, ignorePatterns } = facts;
  if (contextBytes === undefined || contextBytes <= LARGE_CONTEXT || ignorePatterns !== undefined) return [];
  const used = stages.flatMap(({ instructions }) => instructions).find((one) => contextSources(one).length > 0);
  const location = used?.location ?? stages[0]?.stage.from.location;
  if (location === undefined) return [];
  const megabytes = Math.round(contextBytes / 1_000_000);
  const suggestion = "write a .dockerignore, for example with .git, node_modules and build results";
  return [{ location, message: `The context is ${megabytes} MB and there is no .dockerignore`, suggestion }];
}
