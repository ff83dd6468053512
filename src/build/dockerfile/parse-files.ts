import { splitBlanks } from "./characters.ts";
import { Complaint } from "./dockerfile-error.ts";
import type { Flags } from "./flags.ts";
import { chompTabs, parseHeredocWord } from "./heredoc.ts";
import type { AddInstruction, CopyFields, CopyInstruction, FromInstruction, InlineFile } from "./instruction.ts";
import type { InstructionRequest } from "./request.ts";
import { jsonWords } from "./words.ts";

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

export function parseFrom(request: InstructionRequest): FromInstruction {
  const [base = "", asKeyword, written, ...more] = request.rest === "" ? [] : splitBlanks(request.rest);
  const named = asKeyword?.toLowerCase() === "as" && written !== undefined && more.length === 0;
  if (base === "" || (asKeyword !== undefined && !named))
    throw new Complaint("FROM requires either one or three arguments", { hint: "expected FROM image [AS name]" });
  const name = written?.toLowerCase();
  if (name !== undefined && !STAGE_NAME.test(name))
    throw new Complaint(
      `invalid name for build stage: ${JSON.stringify(written)}, name can't start with a number or contain symbols`,
      { near: written },
    );
  const platform = request.flags({ platform: "string" }).string("platform");
  return {
    ...request.base,
    kind: "from",
    base,
    name,
    nameAsWritten: written,
    asKeyword,
    platform: platform || undefined,
  };
}

export function parseCopy(request: InstructionRequest): CopyInstruction {
  const words = fileWords(request);
  const flags = request.flags({
    chown: "string",
    from: "string",
    chmod: "string",
    link: "boolean",
    exclude: "strings",
    parents: "boolean",
  });
  return {
    ...request.base,
    kind: "copy",
    ...copyFields(request, words, flags),
    from: flags.string("from") || undefined,
    parents: flags.boolean("parents") ?? false,
  };
}

export function parseAdd(request: InstructionRequest): AddInstruction {
  const words = fileWords(request);
  const flags = request.flags({
    chown: "string",
    chmod: "string",
    link: "boolean",
    "keep-git-dir": "boolean",
    checksum: "string",
    unpack: "boolean",
    exclude: "strings",
  });
  return {
    ...request.base,
    kind: "add",
    ...copyFields(request, words, flags),
    keepGitDir: flags.boolean("keep-git-dir"),
    checksum: flags.string("checksum") || undefined,
    unpack: flags.boolean("unpack"),
  };
}

function fileWords({ name, rest }: InstructionRequest): string[] {
  const words = jsonWords(rest) ?? (rest === "" ? [] : splitBlanks(rest));
  if (words.length < 2)
    throw new Complaint(
      `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
      { hint: `expected ${name} source… destination` },
    );
  return words;
}

function copyFields(request: InstructionRequest, words: readonly string[], flags: Flags): CopyFields {
  const destination = words.at(-1) ?? "";
  if (heredocOrNone(destination) !== undefined)
    throw new Complaint(`${request.name} cannot accept a heredoc as a destination`, { near: destination });
  const bodies = new Map(request.heredocs.map((heredoc) => [heredoc.name, heredoc.content]));
  const sources: string[] = [];
  const inlineFiles: InlineFile[] = [];
  for (const word of words.slice(0, -1)) {
    const heredoc = heredocOrNone(word);
    if (heredoc === undefined) sources.push(word);
    else {
      const content = bodies.get(heredoc.name) ?? "";
      const data = heredoc.chomp ? chompTabs(content) : content;
      inlineFiles.push({ path: heredoc.name, data, expand: heredoc.expand });
    }
  }
  return {
    sources,
    inlineFiles,
    destination,
    chown: flags.string("chown") || undefined,
    chmod: flags.string("chmod") || undefined,
    link: flags.boolean("link") ?? false,
    exclude: flags.strings("exclude"),
  };
}

function heredocOrNone(word: string) {
  if (!word.includes("<<")) return undefined;
  try {
    return parseHeredocWord(word);
  } catch (error) {
    if (error instanceof Complaint) return undefined;
    throw error;
  }
}
