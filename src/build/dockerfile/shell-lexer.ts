import { isSpace } from "./characters.ts";
import { Complaint } from "./dockerfile-error.ts";
import { LIMITS } from "./limits.ts";
import { replaceMatches, trimPrefix, trimSuffix } from "./shell-pattern.ts";

/** The value of a variable, or undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface LexOptions {
  readonly escape: string;
  readonly lookup: Lookup;
  /** Called with each name that was not set. */
  readonly onUnset?: ((name: string) => void) | undefined;
  /** Quotes stay in the result. */
  readonly rawQuotes?: boolean;
  /** Escapes stay in the result. */
  readonly rawEscapes?: boolean;
  /** Quotes are characters like others: for the text of a heredoc. */
  readonly plainQuotes?: boolean;
  /** Names that are not set stay as they are written. */
  readonly keepUnset?: boolean;
}

export interface Lexed {
  readonly text: string;
  readonly words: readonly string[];
}

/** Expands variables and removes quotes by BuildKit's shell rules. Throws Complaint. */
export function lexShell(word: string, options: LexOptions): Lexed {
  try {
    return new ShellLexer(word, options).run();
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    throw new Complaint(`failed to process ${quoteGo(word)}: ${error.message}`, { near: word });
  }
}

function quoteGo(word: string): string {
  return JSON.stringify(word.length > 200 ? `${word.slice(0, 200)}…` : word);
}

/** Collects words between white space; quoted and raw text never splits. */
class WordList {
  readonly words: string[] = [];
  #current = "";

  addSplitting(text: string): void {
    for (const character of text) {
      if (!isSpace(character)) this.#current += character;
      else this.#end();
    }
  }

  addRaw(text: string): void {
    this.#current += text;
  }

  finish(): readonly string[] {
    this.#end();
    return this.words;
  }

  #end(): void {
    if (this.#current !== "") this.words.push(this.#current);
    this.#current = "";
  }
}

class ShellLexer {
  readonly #characters: readonly string[];
  readonly #options: LexOptions;
  #at = 0;
  #depth = 0;
  #size = 0;
  #rawEscapes: boolean;

  constructor(word: string, options: LexOptions) {
    this.#characters = [...word];
    this.#options = options;
    this.#rawEscapes = options.rawEscapes === true;
  }

  run(): Lexed {
    return this.#until(undefined);
  }

  get #next(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(): string | undefined {
    return this.#characters[this.#at++];
  }

  /** Reads up to the stop character (which is consumed) or, without one, to the end. */
  #until(stop: string | undefined): Lexed {
    const parts: string[] = [];
    const words = new WordList();
    for (let next = this.#next; next !== undefined; next = this.#next) {
      if (next === stop) {
        this.#at++;
        return { text: parts.join(""), words: words.finish() };
      }
      const special = this.#special(next);
      if (special !== undefined) {
        parts.push(special);
        if (next === "$") words.addSplitting(special);
        else words.addRaw(special);
      } else this.#plain(parts, words);
    }
    if (stop !== undefined) throw new Complaint(`unexpected end of statement while looking for matching ${stop}`);
    return { text: parts.join(""), words: words.finish() };
  }

  #special(character: string): string | undefined {
    if (character === "$") return this.#dollar();
    if (character === "<") return this.#angle();
    if (this.#options.plainQuotes === true) return undefined;
    if (character === "'") return this.#singleQuoted();
    return character === '"' ? this.#doubleQuoted() : undefined;
  }

  #plain(parts: string[], words: WordList): void {
    const character = this.#take() ?? "";
    if (character !== this.#options.escape) {
      parts.push(character);
      words.addSplitting(character);
      return;
    }
    if (this.#rawEscapes) {
      parts.push(character);
      words.addRaw(character);
    }
    const escaped = this.#take();
    if (escaped === undefined) return;
    parts.push(escaped);
    words.addRaw(escaped);
  }

  #singleQuoted(): string {
    const quote = this.#options.rawQuotes === true ? "'" : "";
    this.#at++;
    const end = this.#characters.indexOf("'", this.#at);
    if (end < 0) throw new Complaint("unexpected end of statement while looking for matching single-quote");
    const body = this.#characters.slice(this.#at, end).join("");
    this.#at = end + 1;
    return `${quote}${body}${quote}`;
  }

  #doubleQuoted(): string {
    const quote = this.#options.rawQuotes === true ? '"' : "";
    const token = this.#options.escape;
    this.#at++;
    const parts = [quote];
    for (;;) {
      const next = this.#next;
      if (next === undefined)
        throw new Complaint("unexpected end of statement while looking for matching double-quote");
      if (next === "$") {
        parts.push(this.#dollar());
        continue;
      }
      this.#at++;
      if (next === '"') return parts.join("") + quote;
      if (next !== token) {
        parts.push(next);
        continue;
      }
      if (this.#rawEscapes) parts.push(next);
      const escaped = this.#next;
      if (escaped === undefined) continue;
      if (escaped === '"' || escaped === "$" || escaped === token) {
        this.#at++;
        parts.push(escaped);
      } else parts.push(next);
    }
  }

  /** `<<` with the blanks behind it, so that a heredoc's word is not split from it. */
  #angle(): string {
    this.#at++;
    if (this.#characters[this.#at] !== "<") return "<";
    this.#at++;
    return `<<${this.#while(/^[\t\r ]$/)}`;
  }

  #dollar(): string {
    this.#at++;
    if (this.#next !== "{") {
      const name = this.#name();
      if (name === "") return "$";
      const value = this.#value(name);
      return value === undefined ? (this.#options.keepUnset === true ? `$${name}` : "") : this.#counted(value);
    }
    this.#at++;
    if (++this.#depth > LIMITS.nesting)
      throw new Complaint(`substitutions are nested more than ${LIMITS.nesting} deep`);
    const result = this.#braced();
    this.#depth--;
    return this.#counted(result);
  }

  #braced(): string {
    const next = this.#next;
    if (next === undefined) throw new Complaint("syntax error: missing '}'");
    if (next === "{" || next === "}" || next === ":") throw new Complaint("syntax error: bad substitution");
    const name = this.#name();
    const operator = this.#take();
    if (operator === "}") {
      const value = this.#value(name);
      return value ?? (this.#options.keepUnset === true ? `\${${name}}` : "");
    }
    if (operator === "/") return this.#replaced(name);
    if (operator === ":") {
      const second = this.#take();
      if (second === undefined || !"+-?#%".includes(second)) throw unsupported(`:${second ?? ""}`);
      if (second === "#" || second === "%") throw unsupported(`:${second}`);
      return this.#modified(name, second, true);
    }
    if (operator === undefined || !"+-?#%".includes(operator)) {
      // The end of the text reads as Go's end-of-file rune does: an operator nobody knows.
      throw operator === undefined ? new Complaint("syntax error: missing '}'") : unsupported(operator);
    }
    return this.#modified(name, operator, false);
  }

  #modified(name: string, operator: string, emptyIsUnset: boolean): string {
    const pattern = operator === "#" || operator === "%";
    const word = this.#part("}", pattern, "syntax error: missing '}'");
    const value = this.#value(name);
    if (value === undefined && this.#options.keepUnset === true)
      return `\${${name}${emptyIsUnset ? ":" : ""}${operator}${word}}`;
    const missing = value === undefined || (emptyIsUnset && value === "");
    switch (operator) {
      case "-":
        return missing ? word : (value ?? "");
      case "+":
        return missing ? "" : word;
      case "?":
        if (!missing) return value ?? "";
        throw new Complaint(
          `${name}: ${word === "" ? `is not allowed to be ${value === undefined ? "unset" : "empty"}` : word}`,
        );
      default: {
        const longest = word.startsWith(operator);
        const trim = operator === "%" ? trimSuffix : trimPrefix;
        return trim(value ?? "", longest ? word.slice(1) : word, longest);
      }
    }
  }

  #replaced(name: string): string {
    const all = this.#next === "/";
    if (all) this.#at++;
    // biome-ignore lint/suspicious/noTemplateCurlyInString: BuildKit's words
    const pattern = this.#part("/", true, "syntax error: missing '/' in ${}");
    const replacement = this.#part("}", true, "syntax error: missing '}'");
    const value = this.#value(name);
    if (value === undefined && this.#options.keepUnset === true) return `\${${name}/${pattern}/${replacement}}`;
    return replaceMatches(value ?? "", pattern, replacement, all);
  }

  /** The text of an operand. */
  #part(stop: string, rawEscapes: boolean, missing: string): string {
    const before = this.#rawEscapes;
    this.#rawEscapes = rawEscapes;
    try {
      return this.#until(stop).text;
    } catch (error) {
      if (error instanceof Complaint && this.#at >= this.#characters.length) throw new Complaint(missing);
      throw error;
    } finally {
      this.#rawEscapes = before;
    }
  }

  /** A name, a number or one of the shell's special parameters; empty when none stands here. */
  #name(): string {
    const first = this.#next;
    if (first === undefined) return "";
    if (/^\p{Nd}$/u.test(first)) return this.#while(/^\p{Nd}$/u);
    if ("@*#?-$!".includes(first)) {
      this.#at++;
      return first;
    }
    return this.#while(/^[\p{L}\p{Nd}_]$/u);
  }

  #while(accepted: RegExp): string {
    const start = this.#at;
    while (this.#next !== undefined && accepted.test(this.#next)) this.#at++;
    return this.#characters.slice(start, this.#at).join("");
  }

  #value(name: string): string | undefined {
    const value = this.#options.lookup(name);
    if (value === undefined) this.#options.onUnset?.(name);
    return value;
  }

  #counted(text: string): string {
    this.#size += text.length;
    if (this.#size > LIMITS.expandedWord) throw new Complaint("expanded word is too long");
    return text;
  }
}

const unsupported = (operator: string) => new Complaint(`unsupported modifier (${operator}) in substitution`);
