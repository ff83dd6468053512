import type { EnvInstruction, Instruction, LabelInstruction } from "../dockerfile/index.ts";
import type { CheckContext } from "./context.ts";
import { removeLine, replaceWord } from "./edits.ts";
import type { Remark, Rule } from "./finding.ts";

const page = (name: string) => `https://docs.docker.com/go/dockerfile/rule/${name}/`;
const isLower = (word: string) => word === word.toLowerCase();
const isUpper = (word: string) => word === word.toUpperCase();

/** BuildKit's checks of how a file is written. */
export const formRules: readonly Rule<CheckContext>[] = [
  {
    name: "StageNameCasing",
    reason: "Stage names should be lowercase",
    url: page("stage-name-casing"),
    find: ({ dockerfile, stages }) =>
      stages.flatMap(({ stage: { from } }) => {
        const name = from.nameAsWritten;
        if (name === undefined || isLower(name)) return [];
        const fix = replaceWord(dockerfile, from.location, name, name.toLowerCase());
        return [{ location: from.location, message: `Stage name '${name}' should be lowercase`, fix }];
      }),
  },
  {
    name: "FromAsCasing",
    reason: "The 'as' keyword should match the case of the 'from' keyword",
    url: page("from-as-casing"),
    find: ({ dockerfile, stages }) =>
      stages.flatMap(({ stage: { from } }) => {
        const { keyword, asKeyword } = from;
        if (asKeyword === undefined || (!isLower(keyword) && !isUpper(keyword))) return [];
        const wanted = isLower(keyword) ? asKeyword.toLowerCase() : asKeyword.toUpperCase();
        if (wanted === asKeyword) return [];
        const fix = replaceWord(dockerfile, from.location, asKeyword, wanted);
        return [
          { location: from.location, message: `'${asKeyword}' and '${keyword}' keywords' casing do not match`, fix },
        ];
      }),
  },
  {
    name: "NoEmptyContinuation",
    reason: "Empty continuation lines will become errors in a future release",
    url: page("no-empty-continuation"),
    find: ({ dockerfile }) =>
      dockerfile.emptyContinuations.map((line) => ({
        location: { startLine: line, startColumn: 1, endLine: line, endColumn: 1 },
        message: "Empty continuation line",
        fix: removeLine(line),
      })),
  },
  {
    name: "ConsistentInstructionCasing",
    reason: "All commands within the Dockerfile should use the same casing (either upper or lower)",
    url: page("consistent-instruction-casing"),
    find: inconsistentCasing,
  },
  {
    name: "JSONArgsRecommended",
    reason: "A shell in front does not hand on signals: stopping the container waits and then kills it",
    url: page("json-args-recommended"),
    find: ({ stages }) =>
      stages.flatMap(({ stage: { instructions } }) => {
        // A SHELL of one's own shows that the shell is meant.
        if (instructions.some(({ kind }) => kind === "shell")) return [];
        return instructions.flatMap((instruction) => {
          if (instruction.kind !== "cmd" && instruction.kind !== "entrypoint") return [];
          if (!instruction.command.shell || instruction.command.words.length === 0) return [];
          const name = instruction.kind.toUpperCase();
          return [
            {
              location: instruction.location,
              message: `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`,
              suggestion: asJson(name, instruction.command.words[0] ?? ""),
            },
          ];
        });
      }),
  },
  {
    name: "MaintainerDeprecated",
    reason: "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
    url: page("maintainer-deprecated"),
    find: (context) =>
      instructionsOf(context).flatMap((instruction) =>
        instruction.kind === "maintainer"
          ? [
              {
                location: instruction.location,
                message: "Maintainer instruction is deprecated in favor of using label",
                suggestion: `LABEL org.opencontainers.image.authors=${JSON.stringify(instruction.maintainer)}`,
              },
            ]
          : [],
      ),
  },
  {
    name: "LegacyKeyValueFormat",
    reason: "Legacy key/value format with whitespace separator should not be used",
    url: page("legacy-key-value-format"),
    find: (context) =>
      instructionsOf(context).flatMap((instruction) =>
        instruction.kind === "env" || instruction.kind === "label" ? legacyPair(context, instruction) : [],
      ),
  },
  {
    name: "InvalidDefinitionDescription",
    reason: "A comment right above a stage or argument is taken as its description and should begin with its name",
    url: page("invalid-definition-description"),
    experimental: true,
    find: ({ dockerfile }) => dockerfile.instructions.flatMap(wrongDescription),
  },
];

/** Every instruction of every stage. */
export const instructionsOf = ({ stages }: CheckContext) => stages.flatMap(({ stage }) => stage.instructions);

function inconsistentCasing(context: CheckContext): Remark[] {
  const all = context.stages.flatMap(({ stage }): Instruction[] => [stage.from, ...stage.instructions]);
  const lower = all.filter(({ keyword }) => isLower(keyword)).length;
  const upper = all.filter(({ keyword }) => !isLower(keyword) && isUpper(keyword)).length;
  const wantLower = lower > upper;
  return all.flatMap(({ keyword, location }) => {
    const wanted = wantLower ? keyword.toLowerCase() : keyword.toUpperCase();
    if (wanted === keyword) return [];
    const casing = wantLower ? "lowercase" : "uppercase";
    const message = `Command '${keyword}' should match the case of the command majority (${casing})`;
    return [{ location, message, fix: replaceWord(context.dockerfile, location, keyword, wanted) }];
  });
}

/** The exec form of a command that needs no shell. */
function asJson(name: string, command: string): string | undefined {
  if (!/^[\w@%+=:,./ -]+$/.test(command)) return undefined;
  return `${name} ${JSON.stringify(command.split(/ +/)).replaceAll('","', '", "')}`;
}

function legacyPair({ dockerfile }: CheckContext, instruction: EnvInstruction | LabelInstruction): Remark[] {
  const [pair] = instruction.pairs;
  if (pair === undefined || !pair.legacy) return [];
  const name = instruction.kind.toUpperCase();
  const message = `"${name} key=value" should be used instead of legacy "${name} key value" format`;
  const { location } = instruction;
  if (/['"\\`]/.test(pair.value) && /\s/.test(pair.value)) return [{ location, message }];
  const text = `${instruction.keyword} ${pair.key}=${/\s/.test(pair.value) ? `"${pair.value}"` : pair.value}`;
  const source = dockerfile.lines[location.startLine - 1] ?? "";
  if (location.startLine !== location.endLine) return [{ location, message, suggestion: text }];
  const end = source.trimEnd().length + 1;
  const edit = {
    line: location.startLine,
    column: location.startColumn,
    endLine: location.endLine,
    endColumn: end,
    text,
  };
  return [{ location, message, suggestion: text, fix: [edit] }];
}

function wrongDescription(instruction: Instruction): Remark[] {
  const comment = instruction.comments.at(-1);
  if (comment === undefined) return [];
  const names =
    instruction.kind === "from" ? (instruction.name === undefined ? [] : [instruction.name]) : argNames(instruction);
  const [first] = names;
  if (first === undefined || names.includes(comment.split(" ")[0] ?? "")) return [];
  const example = names.length > 1 ? "<arg_key>" : first;
  const message = `Comment for ${instruction.kind.toUpperCase()} should follow the format: \`# ${example} <description>\``;
  return [{ location: instruction.location, message }];
}

const argNames = (instruction: Instruction) =>
  instruction.kind === "arg" ? instruction.args.map(({ key }) => key) : [];
