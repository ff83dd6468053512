import { cutBlanks, isSpace, trimSpace, trimStart } from "./characters.ts";
import { DirectiveReader, detectSyntax } from "./directives.ts";
import { Complaint, DockerfileError } from "./dockerfile-error.ts";
import { type HeredocWord, heredocsOf } from "./heredoc.ts";
import type { Directives } from "./instruction.ts";
import { LIMITS } from "./limits.ts";
import type { Location } from "./location.ts";
import type { Source } from "./source.ts";
import { jsonWords, takeFlags } from "./words.ts";

/** A heredoc with its body as it stands in the file. */
export interface RawHeredoc extends HeredocWord {
  readonly content: string;
}

/** Which column of which line a part of a logical line came from. */
interface Piece {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** An instruction's text: continuations joined, comments between them taken out. */
export interface LogicalLine {
  readonly text: string;
  readonly pieces: readonly Piece[];
  readonly heredocs: readonly RawHeredoc[];
  readonly comments: readonly string[];
  readonly location: Location;
  /** Lines that are blank inside a continuation. */
  readonly emptyContinuations: readonly number[];
}

export interface LogicalLines {
  readonly directives: Directives;
  readonly lines: readonly LogicalLine[];
}

/** Splits a Dockerfile into logical lines. Throws DockerfileError. */
export function readLogicalLines(source: Source): LogicalLines {
  return new LineReader(source).read();
}

const isComment = (line: string) => trimStart(line).startsWith("#");

class LineReader {
  readonly #source: Source;
  readonly #directives = new DirectiveReader();
  #next = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  read(): LogicalLines {
    const lines: LogicalLine[] = [];
    let comments: string[] = [];
    for (let raw = this.#take(); raw !== undefined; raw = this.#take()) {
      const line = trimStart(raw);
      if (this.#isDirective(line)) continue;
      if (isComment(line)) {
        const comment = trimSpace(line.slice(1));
        comments = comment === "" ? [] : [...comments.slice(-LIMITS.keptComments), comment];
        continue;
      }
      if (line === "") continue;
      const startColumn = raw.length - line.length + 1;
      lines.push(this.#logicalLine(line, startColumn, comments));
      comments = [];
      if (lines.length > LIMITS.instructions)
        throw this.#error(`dockerfile has more than the limit of ${LIMITS.instructions} instructions`, this.#next);
    }
    if (lines.length === 0) throw this.#error("file with no instructions", Math.max(1, this.#next));
    const { syntax: _, ...rest } = this.#directives.directives;
    return { directives: { syntax: detectSyntax(this.#source.lines), ...rest }, lines };
  }

  #take(): string | undefined {
    const line = this.#source.lines[this.#next];
    if (line === undefined) return undefined;
    this.#next++;
    return line;
  }

  #isDirective(line: string): boolean {
    try {
      return this.#directives.accept(line);
    } catch (error) {
      if (!(error instanceof Complaint)) throw error;
      const column = error.near === undefined ? 1 : line.lastIndexOf(error.near) + 1;
      throw this.#error(error.message, this.#next, column);
    }
  }

  #logicalLine(first: string, startColumn: number, comments: readonly string[]): LogicalLine {
    const startLine = this.#next;
    const pieces: Piece[] = [{ offset: 0, line: startLine, column: startColumn }];
    const emptyContinuations: number[] = [];
    const parts: string[] = [];
    let { text, more } = this.#withoutContinuation(first);
    parts.push(text);
    let offset = text.length;
    let endLine = startLine;
    while (more) {
      const raw = this.#take();
      if (raw === undefined) break;
      if (isComment(raw)) continue;
      if (trimStart(raw) === "") {
        emptyContinuations.push(this.#next);
        continue;
      }
      ({ text, more } = this.#withoutContinuation(raw));
      pieces.push({ offset, line: this.#next, column: 1 });
      parts.push(text);
      offset += text.length;
      endLine = this.#next;
    }
    const whole = parts.join("");
    const heredocs = this.#heredocs(whole, startLine);
    if (heredocs.length > 0) endLine = this.#next;
    const endColumn = (this.#source.lines[endLine - 1]?.length ?? 0) + 1;
    const location = { startLine, startColumn, endLine, endColumn };
    return { text: whole, pieces, heredocs, comments, location, emptyContinuations };
  }

  /** An escape at the end of a line, not itself escaped, continues it; blanks may follow it. */
  #withoutContinuation(line: string): { text: string; more: boolean } {
    const token = this.#directives.escape;
    let end = line.length;
    while (end > 0 && (line.charAt(end - 1) === " " || line.charAt(end - 1) === "\t")) end--;
    if (line.charAt(end - 1) !== token) return { text: line, more: false };
    if (end > 1 && line.charAt(end - 2) === token) return { text: line, more: false };
    return { text: line.slice(0, end - 1), more: true };
  }

  #heredocs(text: string, startLine: number): RawHeredoc[] {
    if (!text.includes("<<") || !mayHoldHeredoc(text, this.#directives.escape)) return [];
    try {
      return heredocsOf(text).map((word) => ({ ...word, content: this.#body(word, startLine) }));
    } catch (error) {
      if (error instanceof Complaint) throw this.#error(error.message, startLine);
      throw error;
    }
  }

  #body(word: HeredocWord, startLine: number): string {
    const start = this.#next;
    for (let line = this.#take(); line !== undefined; line = this.#take()) {
      const end = line.replace(/\r+$/, "");
      if ((word.chomp ? end.replace(/^\t+/, "") : end) === word.name) {
        const body = this.#source.lines.slice(start, this.#next - 1);
        return body.map((bodyLine, index) => bodyLine + this.#source.endings(start + index)).join("");
      }
    }
    throw this.#error("unterminated heredoc", startLine, undefined, `expected a line that is only ${word.name}`);
  }

  #error(reason: string, line: number, column = 1, hint?: string): DockerfileError {
    const length = this.#source.lines[line - 1]?.length ?? 0;
    const location = { startLine: line, startColumn: column, endLine: line, endColumn: length + 1 };
    return new DockerfileError(reason, { ...this.#source, location }, hint);
  }
}

/** RUN, COPY and ADD, also behind ONBUILD, unless their arguments are JSON. */
function mayHoldHeredoc(text: string, token: string): boolean {
  const [keyword, rest = ""] = cutBlanks(trimSpace(text));
  const name = keyword.toUpperCase();
  const args = takeFlags(rest, token).rest;
  if (name === "ONBUILD") return !/^onbuild(?:$|[\t\v\f\r ])/i.test(args) && mayHoldHeredoc(args, token);
  if (name !== "RUN" && name !== "COPY" && name !== "ADD") return false;
  try {
    return jsonWords(trimSpace(args)) === undefined;
  } catch {
    return false;
  }
}

/** Where in the file a place of a logical line stands; blanks in front of it are passed over. */
export function placeOf(line: LogicalLine, offset: number): { line: number; column: number } {
  let at = offset;
  while (at < line.text.length && isSpace(line.text.charAt(at))) at++;
  let found = line.pieces[0];
  for (const piece of line.pieces) {
    if (piece.offset > at) break;
    found = piece;
  }
  return { line: found?.line ?? 1, column: (found?.column ?? 1) + at - (found?.offset ?? 0) };
}
