import { trimStart } from "./characters.ts";
import { Complaint } from "./dockerfile-error.ts";
import type { Directives } from "./instruction.ts";

const DIRECTIVE = /^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S.*?)\s*$/s;
const KNOWN = new Set(["syntax", "escape", "check"]);

/** Reads parser directives line by line: they stand before everything else, each at most once. */
export class DirectiveReader {
  readonly #marker: "#" | "//";
  readonly #seen = new Map<string, string>();
  #done = false;

  constructor(marker: "#" | "//" = "#") {
    this.#marker = marker;
  }

  /** True when the line is a directive. After the first line that is none, no line is. Throws Complaint for a repeated one. */
  accept(line: string): boolean {
    if (this.#done) return false;
    const match = line.startsWith(this.#marker) ? DIRECTIVE.exec(trimStart(line.slice(this.#marker.length))) : null;
    const key = match?.[1]?.toLowerCase();
    if (key === undefined || !KNOWN.has(key)) {
      this.#done = true;
      return false;
    }
    if (this.#seen.has(key)) throw new Complaint(`only one ${key} parser directive can be used`);
    const value = match?.[2] ?? "";
    if (key === "escape" && value !== "\\" && value !== "`")
      throw new Complaint(`invalid escape token '${value}' does not match \` or \\`, { near: value });
    this.#seen.set(key, value);
    return true;
  }

  get escape(): "\\" | "`" {
    return this.#seen.get("escape") === "`" ? "`" : "\\";
  }

  get directives(): Directives {
    return { syntax: this.#seen.get("syntax"), escape: this.escape, check: this.#seen.get("check") };
  }
}

/**
 * The frontend that a file asks for: `# syntax=`, or where that is missing `// syntax=` or `{"syntax": …}`; a line
 * `#!…` before it is skipped.
 */
export function detectSyntax(lines: readonly string[]): string | undefined {
  const body = lines[0]?.startsWith("#!") === true ? lines.slice(1) : lines;
  return firstWord(syntaxBehind(body, "#") ?? syntaxBehind(body, "//") ?? syntaxInJson(body));
}

function syntaxBehind(lines: readonly string[], marker: "#" | "//"): string | undefined {
  const reader = new DirectiveReader(marker);
  try {
    for (const line of lines) if (!reader.accept(line)) break;
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
  }
  return reader.directives.syntax;
}

function syntaxInJson(lines: readonly string[]): string | undefined {
  if (lines[0]?.trimStart().startsWith("{") !== true) return undefined;
  try {
    const value: unknown = JSON.parse(lines.join("\n"));
    const syntax = typeof value === "object" && value !== null && "syntax" in value ? value.syntax : undefined;
    return typeof syntax === "string" ? syntax : undefined;
  } catch {
    return undefined;
  }
}

const firstWord = (value: string | undefined) => value?.split(" ")[0];
