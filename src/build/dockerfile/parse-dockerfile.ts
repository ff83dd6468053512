import { cutBlanks, trimSpace } from "./characters.ts";
import { Complaint, DockerfileError } from "./dockerfile-error.ts";
import { readFlags } from "./flags.ts";
import type { Dockerfile, Instruction } from "./instruction.ts";
import { KEYWORDS } from "./keywords.ts";
import { type LogicalLine, placeOf, readLogicalLines } from "./logical-line.ts";
import { didYouMean } from "./nearest-name.ts";
import { parseCmd, parseEntrypoint, parseHealthcheck, parseOnbuild, parseRun } from "./parse-commands.ts";
import { parseAdd, parseCopy, parseFrom } from "./parse-files.ts";
import {
  pairsOf,
  parseArg,
  parseEnv,
  parseExpose,
  parseLabel,
  parseMaintainer,
  parseShell,
  parseStopSignal,
  parseUser,
  parseVolume,
  parseWorkdir,
} from "./parse-values.ts";
import type { InstructionRequest } from "./request.ts";
import { readSource } from "./source.ts";
import { jsonWords, takeFlags } from "./words.ts";

const PARSERS: { readonly [kind in Instruction["kind"]]: (request: InstructionRequest) => Instruction } = {
  add: parseAdd,
  arg: parseArg,
  cmd: parseCmd,
  copy: parseCopy,
  entrypoint: parseEntrypoint,
  env: parseEnv,
  expose: parseExpose,
  from: parseFrom,
  healthcheck: parseHealthcheck,
  label: parseLabel,
  maintainer: parseMaintainer,
  onbuild: parseOnbuild,
  run: parseRun,
  shell: parseShell,
  stopsignal: parseStopSignal,
  user: parseUser,
  volume: parseVolume,
  workdir: parseWorkdir,
};

/** The name that errors use, and what the file is part of. */
export interface ParseOptions {
  readonly file: string;
}

/**
 * Reads a Dockerfile by the rules of Dockerfile syntax 1. Never reads a file, never takes long, and throws nothing but
 * DockerfileError, whatever the text.
 */
export function parseDockerfile(text: string | Uint8Array, { file }: ParseOptions): Dockerfile {
  const source = readSource(text, file);
  const { directives, lines } = readLogicalLines(source);
  const instructions = lines.map((line) => {
    try {
      return parseInstruction(line, directives.escape);
    } catch (error) {
      if (!(error instanceof Complaint)) throw error;
      const place = { file, lines: source.lines, location: line.location, at: locate(line, error.near) };
      throw new DockerfileError(error.message, place, error.hint);
    }
  });
  const emptyContinuations = lines.flatMap((line) => line.emptyContinuations);
  return { file, lines: source.lines, directives, instructions, emptyContinuations };
}

/** Types one logical line. Throws Complaint. */
function parseInstruction(line: LogicalLine, token: "\\" | "`"): Instruction {
  const original = trimSpace(line.text);
  const [keyword, behind = ""] = cutBlanks(original);
  const kind = KEYWORDS.get(keyword.toUpperCase());
  if (kind === undefined)
    throw new Complaint(`unknown instruction: ${keyword}${didYouMean(keyword, KEYWORDS.keys(), false)}`, {
      near: keyword,
    });
  const { flags, rest } = takeFlags(behind, token);
  const request: InstructionRequest = {
    name: kind.toUpperCase(),
    base: { location: line.location, original, keyword, comments: line.comments },
    rest: trimSpace(rest),
    escape: token,
    heredocs: line.heredocs,
    flags: (table) => readFlags(flags, table),
  };
  if (kind === "onbuild") checkTrigger(request);
  return PARSERS[kind](request);
}

/** What BuildKit's lexer refuses in a trigger already where the trigger is written. */
function checkTrigger({ rest, escape: token }: InstructionRequest): void {
  const [keyword, behind = ""] = cutBlanks(rest);
  const name = keyword.toUpperCase();
  const args = trimSpace(takeFlags(behind, token).rest);
  if ((name === "ENV" || name === "LABEL") && args !== "") pairsOf({ name, rest: args, escape: token });
  if (["ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"].includes(name)) jsonWords(args);
}

/** Where the word that an error is about stands. */
function locate(line: LogicalLine, near: string | undefined) {
  const at = near === undefined || near === "" ? -1 : line.text.indexOf(near);
  return at < 0 ? undefined : placeOf(line, at);
}
