import { BerthError } from "../../lib/index.ts";
import type { Location } from "./location.ts";

/** Where in which text an error stands. */
export interface ErrorPlace {
  readonly file: string;
  readonly lines: readonly string[];
  /** The instruction. */
  readonly location: Location;
  /** The word in it that the error is about, where that is known. */
  readonly at?: { readonly line: number; readonly column: number } | undefined;
}

/** Lines shown around an error. */
const CONTEXT_LINES = 2;
const SHOWN_LINES = 10;
const SHOWN_COLUMNS = 160;

/**
 * An error in a Dockerfile (kind `invalid`). `message` is BuildKit's ("dockerfile parse error on line 3: unknown
 * instruction: RUNN (did you mean RUN?)"); `excerpt` shows the lines with a mark under the place.
 */
export class DockerfileError extends BerthError {
  readonly file: string;
  /** The whole file, for whoever shows another excerpt. */
  readonly lines: readonly string[];
  readonly location: Location;
  /** Where to look, counted from 1. */
  readonly line: number;
  readonly column: number;
  /** BuildKit's words without the line in front. */
  readonly reason: string;
  /** `file:line:column`, then the lines with numbers. */
  readonly excerpt: string;

  constructor(reason: string, place: ErrorPlace, hint?: string) {
    const message = `dockerfile parse error on line ${place.location.startLine}: ${reason}`;
    super("invalid", message, hint === undefined ? {} : { hint });
    this.name = "DockerfileError";
    this.reason = reason;
    this.file = place.file;
    this.lines = place.lines;
    this.location = place.location;
    this.line = place.at?.line ?? place.location.startLine;
    this.column = place.at?.column ?? place.location.startColumn;
    this.excerpt = excerptOf(place);
  }
}

/** The lines around a place with their numbers, `>>>` before those meant and a caret under the column. */
function excerptOf({ file, lines, location, at }: ErrorPlace): string {
  const mark = at ?? { line: location.startLine, column: location.startColumn };
  const first = Math.max(1, location.startLine - CONTEXT_LINES);
  const lastMeant = Math.min(location.endLine, location.startLine + SHOWN_LINES - 1);
  const last = Math.min(lines.length, lastMeant + CONTEXT_LINES);
  const width = String(last).length;
  const out = [`${file}:${mark.line}:${mark.column}`];
  for (let number = first; number <= last; number++) {
    const meant = number >= location.startLine && number <= lastMeant;
    const line = shown(lines[number - 1] ?? "");
    out.push(`${String(number).padStart(width)} |${meant ? ">>> " : "    "}${line}`.trimEnd());
    if (number === mark.line && mark.column > 1 && mark.column <= line.length)
      out.push(`${" ".repeat(width)} |    ${" ".repeat(mark.column - 1)}^`);
  }
  return out.join("\n");
}

/** A line fit for a terminal: no control characters, no endless line. Columns stay as they are. */
function shown(line: string): string {
  const plain = line.slice(0, SHOWN_COLUMNS).replace(/[\x00-\x1f\x7f-\x9f]/g, " ");
  return line.length > SHOWN_COLUMNS ? `${plain}…` : plain;
}

/** A failure inside an instruction before its place is known; `near` is the word that it is about. */
export class Complaint extends Error {
  readonly near: string | undefined;
  readonly hint: string | undefined;

  constructor(reason: string, options: { near?: string | undefined; hint?: string } = {}) {
    super(reason);
    this.near = options.near;
    this.hint = options.hint;
  }
}
