import { Complaint } from "./dockerfile-error.ts";
import type { CopyFields, Instruction, KeyValue, RunInstruction } from "./instruction.ts";
import { parseMount } from "./parse-mount.ts";
import { type Lookup, lexShell } from "./shell-lexer.ts";

export interface ExpandOptions {
  /** The file's escape character. */
  readonly escape: string;
  readonly lookup: Lookup;
  /** Called with each name that is used but not set. */
  readonly onUnset?: (name: string) => void;
}

/**
 * One word with its variables filled in and its quotes and escapes removed: `$a ${a} ${a:-x} ${a-x} ${a:+x} ${a+x}
 * ${a:?x} ${a?x} ${a#p} ${a##p} ${a%p} ${a%%p} ${a/p/r} ${a//p/r}`. Throws Complaint (see `inInstruction`).
 */
export function expandWord(word: string, options: ExpandOptions): string {
  return needsNone(word, options) ? word : lexShell(word, options).text;
}

/** As `expandWord`, then split at blanks that are neither quoted nor escaped. */
export function expandWords(word: string, options: ExpandOptions): readonly string[] {
  return lexShell(word, options).words;
}

/** Most words hold nothing to expand. */
function needsNone(word: string, options: ExpandOptions): boolean {
  return !/[$'"<]/.test(word) && !word.includes(options.escape);
}

/**
 * The instruction with those fields expanded that BuildKit expands, and RUN's mounts filled in. FROM takes only
 * global ARGs: give it their lookup. ARG is expanded argument by argument by `ArgScope`, RUN, CMD, ENTRYPOINT,
 * HEALTHCHECK, SHELL, ONBUILD and MAINTAINER keep their words for the shell. Throws Complaint.
 */
export function expandInstruction<T extends Instruction>(instruction: T, options: ExpandOptions): T;
export function expandInstruction(instruction: Instruction, options: ExpandOptions): Instruction {
  const expand = (word: string) => expandWord(word, options);
  switch (instruction.kind) {
    case "from":
      return { ...instruction, base: expand(instruction.base), platform: maybe(instruction.platform, expand) };
    case "env":
    case "label":
      return { ...instruction, pairs: instruction.pairs.map((pair) => expandPair(pair, expand)) };
    case "workdir":
      return { ...instruction, path: expand(instruction.path) };
    case "user":
      return { ...instruction, user: expand(instruction.user) };
    case "volume":
      return { ...instruction, volumes: instruction.volumes.map(expand) };
    case "stopsignal":
      return { ...instruction, signal: expand(instruction.signal) };
    case "expose":
      return { ...instruction, ports: instruction.ports.flatMap((port) => expandWords(port, options)) };
    case "copy":
      return { ...instruction, ...expandFiles(instruction, options) };
    case "add":
      return { ...instruction, ...expandFiles(instruction, options), checksum: maybe(instruction.checksum, expand) };
    case "run":
      return expandRun(instruction, expand);
    default:
      return instruction;
  }
}

const maybe = (word: string | undefined, expand: (word: string) => string) =>
  word === undefined ? undefined : expand(word) || undefined;

const expandPair = (pair: KeyValue, expand: (word: string) => string): KeyValue => ({
  ...pair,
  key: expand(pair.key),
  value: expand(pair.value),
});

function expandFiles(fields: CopyFields, options: ExpandOptions): CopyFields {
  const expand = (word: string) => expandWord(word, options);
  return {
    sources: fields.sources.map(expand),
    inlineFiles: fields.inlineFiles.map((file) =>
      file.expand ? { ...file, data: heredocText(file.data, options) } : file,
    ),
    destination: expand(fields.destination),
    chown: maybe(fields.chown, expand),
    chmod: maybe(fields.chmod, expand),
    link: fields.link,
    exclude: fields.exclude,
  };
}

/** A heredoc's text: variables are filled in, quotes are text; its escape is always a backslash. */
function heredocText(data: string, { lookup, onUnset }: ExpandOptions): string {
  return lexShell(data, { escape: "\\", lookup, onUnset, plainQuotes: true }).text;
}

function expandRun(instruction: RunInstruction, expand: (word: string) => string): RunInstruction {
  const mounts = instruction.mountFlags.map((flag) => {
    try {
      return parseMount(flag, expand);
    } catch (error) {
      if (!(error instanceof Complaint) || error.near !== undefined) throw error;
      throw new Complaint(error.message, { near: flag });
    }
  });
  return { ...instruction, mounts };
}
