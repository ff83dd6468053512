import {
  argValue,
  DockerfileError,
  expandInstruction,
  globalArgs,
  type Instruction,
  inInstruction,
  parseDockerfile,
  stagesOf,
} from "../index.ts";

const LINUX = { os: "linux", architecture: "amd64" };

/** A Dockerfile as the graph takes it, a line for each instruction with its variables filled in, or its error. */
export function outline(text: string): string {
  try {
    return outlineOf(text).join("\n");
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    return `error ${error.line}:${error.column} ${error.reason}`;
  }
}

function outlineOf(text: string): string[] {
  const dockerfile = parseDockerfile(text, { file: "Dockerfile" });
  const { metaArgs, stages } = stagesOf(dockerfile);
  const token = dockerfile.directives.escape;
  const buildArgs = new Map<string, string>();
  const first = dockerfile.instructions[0] ?? { location: { startLine: 1, startColumn: 1, endLine: 1, endColumn: 1 } };
  const global = inInstruction(dockerfile, first, () =>
    globalArgs({ buildPlatform: LINUX, targetPlatform: LINUX, buildArgs, metaArgs, escape: token }),
  );
  const out = directivesOf(dockerfile.directives);
  for (const { from, index, instructions } of stages) {
    const env = new Map([["PATH", "/bin"]]);
    const options = { escape: token, lookup: (name: string) => env.get(name) };
    const base = inInstruction(dockerfile, from, () =>
      expandInstruction(from, { escape: token, lookup: (name) => global.get(name) }),
    );
    out.push(`stage ${index} ${show(base)}`);
    for (const instruction of instructions) {
      const expanded = inInstruction(dockerfile, instruction, () => expandInstruction(instruction, options));
      if (expanded.kind === "env") for (const { key, value } of expanded.pairs) env.set(key, value);
      if (expanded.kind !== "arg") {
        out.push(`${expanded.kind} ${show(expanded)}`);
        continue;
      }
      for (const arg of expanded.args) {
        const value = inInstruction(dockerfile, instruction, () => argValue(arg, { buildArgs, global }, options));
        if (value !== undefined) env.set(arg.key, value);
        out.push(`arg ${arg.key}${value === undefined ? "" : `=${JSON.stringify(value)}`}`);
      }
    }
  }
  return out;
}

function directivesOf({ syntax, escape: token, check }: ReturnType<typeof parseDockerfile>["directives"]): string[] {
  const given = { ...(syntax === undefined ? {} : { syntax }), ...(token === "\\" ? {} : { escape: token }), check };
  return JSON.stringify(given) === "{}" ? [] : [`directives ${JSON.stringify(given)}`];
}

const HIDDEN = new Set([
  "kind",
  "location",
  "original",
  "keyword",
  "comments",
  "mountFlags",
  "nameAsWritten",
  "asKeyword",
]);

/** The fields that say something. */
function show(instruction: Instruction): string {
  const fields = Object.entries(instruction).filter(([key]) => !HIDDEN.has(key));
  return JSON.stringify(Object.fromEntries(fields), (_, value: unknown) => (isPlain(value) ? undefined : value));
}

function isPlain(value: unknown): boolean {
  if (value === false || value === "default" || value === "sandbox" || value === 0) return true;
  return Array.isArray(value) && value.length === 0;
}
