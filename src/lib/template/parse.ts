import { type BerthError, invalid } from "../errors.ts";
import { goQuote } from "../text/go-quote.ts";
import { lex, type Token } from "./lex.ts";
import { parseNumber, unquote } from "./literal.ts";
import type { Branch, Command, Invocation, Operand, Pipeline, Statement } from "./node.ts";

/** A template and those that it defines, by name. */
export interface ParsedTemplate {
  readonly body: readonly Statement[];
  readonly defined: ReadonlyMap<string, readonly Statement[]>;
}

const deepest = 200;
const operandStart = new Set([
  "bool",
  "nil",
  "number",
  "string",
  "field",
  "dot",
  "variable",
  "identifier",
  "leftParen",
]);

/** Parses a Go template. `functions` are the names that may be called. Throws "invalid" with Go's texts. */
export function parseTemplate(text: string, name: string, functions: ReadonlySet<string>): ParsedTemplate {
  const parser = new Parser(text, name, functions);
  const { body, stop } = parser.statements();
  if (stop !== undefined) throw parser.fail(`unexpected {{${stop}}}`);
  return { body, defined: parser.defined };
}

class Parser {
  readonly defined = new Map<string, readonly Statement[]>();
  readonly #text: string;
  readonly #name: string;
  readonly #functions: ReadonlySet<string>;
  readonly #tokens: Token[];
  #next = 0;
  #variables: string[] = ["$"];
  #rangeDepth = 0;
  #depth = 0;

  constructor(text: string, name: string, functions: ReadonlySet<string>) {
    this.#text = text;
    this.#name = name;
    this.#functions = functions;
    this.#tokens = lex(text);
  }

  /** Statements up to the end of the template, or to `{{end}}` or `{{else`, which is then `stop`. */
  statements(): { body: Statement[]; stop: "end" | "else" | undefined } {
    const body: Statement[] = [];
    for (;;) {
      const token = this.#take();
      if (token.type === "end") return { body, stop: undefined };
      if (token.type === "text") body.push({ type: "text", at: token.at, text: token.text });
      else {
        const keyword = this.#peek();
        if (keyword.type === "keyword" && (keyword.text === "end" || keyword.text === "else")) {
          this.#take();
          if (keyword.text === "end") this.#expect("close", "end");
          return { body, stop: keyword.text };
        }
        body.push(...this.#action());
      }
    }
  }

  fail(message: string): BerthError {
    const at = this.#tokens[Math.max(0, this.#next - 1)]?.at ?? 0;
    const line = this.#text.slice(0, at).split("\n").length;
    return invalid(`template: ${this.#name}:${line}: ${message}`);
  }

  #action(): Statement[] {
    const token = this.#peek();
    if (token.type !== "keyword") {
      const pipeline = this.#pipeline("command", "close");
      return [{ type: "action", at: pipeline.at, pipeline }];
    }
    this.#take();
    switch (token.text) {
      case "if":
      case "with":
      case "range":
        return [this.#branch(token.text, token.at)];
      case "define":
        return this.#define();
      case "block":
        return [this.#block()];
      case "template":
        return [this.#invocation()];
      default:
        return [this.#jump(token)];
    }
  }

  #jump(token: Token): Statement {
    const type = token.text === "break" ? "break" : "continue";
    this.#expect("close", `{{${type}}}`);
    if (this.#rangeDepth === 0) throw this.fail(`{{${type}}} outside {{range}}`);
    return { type, at: token.at };
  }

  #branch(type: Branch["type"], at: number): Branch {
    return this.#nested(() => {
      const known = this.#variables.length;
      const pipeline = this.#pipeline(type, "close");
      if (type === "range") this.#rangeDepth++;
      const { body: then, stop } = this.statements();
      if (type === "range") this.#rangeDepth--;
      if (stop === undefined) throw this.fail("unexpected EOF");
      const otherwise = stop === "else" ? this.#otherwise(type) : [];
      this.#variables.length = known;
      return { type, at, pipeline, then, otherwise };
    });
  }

  #otherwise(type: Branch["type"]): readonly Statement[] {
    const chained = this.#peek();
    if (type !== "range" && chained.type === "keyword" && chained.text === type) {
      this.#take();
      return [this.#branch(type, chained.at)];
    }
    this.#expect("close", "else");
    const { body, stop } = this.statements();
    if (stop === undefined) throw this.fail("unexpected EOF");
    if (stop === "else") throw this.fail("expected end; found {{else}}");
    return body;
  }

  #define(): [] {
    const { value } = this.#quotedName("define clause");
    this.#expect("close", "define clause");
    this.#definition(value);
    return [];
  }

  #definition(name: string): void {
    const outer = { variables: this.#variables, rangeDepth: this.#rangeDepth };
    this.#variables = ["$"];
    this.#rangeDepth = 0;
    const { body, stop } = this.#nested(() => this.statements());
    if (stop !== "end") throw this.fail(stop === undefined ? "unexpected EOF" : "unexpected {{else}} in define clause");
    this.#variables = outer.variables;
    this.#rangeDepth = outer.rangeDepth;
    this.defined.set(name, body);
  }

  #block(): Invocation {
    const { value, token } = this.#quotedName("block clause");
    const pipeline = this.#pipeline("block clause", "close");
    this.#definition(value);
    return { type: "template", at: token.at, name: value, quoted: goQuote(value), pipeline };
  }

  #invocation(): Invocation {
    const { value, token } = this.#quotedName("template clause");
    const bare = this.#peek().type === "close";
    const pipeline = bare ? undefined : this.#pipeline("template clause", "close");
    if (bare) this.#take();
    return { type: "template", at: token.at, name: value, quoted: goQuote(value), pipeline };
  }

  #quotedName(context: string): { value: string; token: Token } {
    const token = this.#expect("string", context);
    return { value: this.#unquoted(token), token };
  }

  #pipeline(context: string, end: "close" | "rightParen"): Pipeline {
    const { at } = this.#peek();
    const { variables, assigns } = this.#declarations(context);
    const commands: Command[] = [];
    for (let token = this.#take(); token.type !== end; token = this.#take()) {
      if (!operandStart.has(token.type)) throw this.#unexpected(token, context);
      this.#next--;
      commands.push(this.#command());
    }
    if (commands.length === 0) throw this.fail(`missing value for ${context}`);
    const idle = commands.findIndex(
      ({ args: [first] }, stage) => stage > 0 && ["bool", "dot", "nil", "number", "string"].includes(first.type),
    );
    if (idle > 0) throw this.fail(`non executable command in pipeline stage ${idle + 1}`);
    return { type: "pipeline", at, variables, assigns, commands };
  }

  #declarations(context: string): { variables: string[]; assigns: boolean } {
    const variables: string[] = [];
    for (;;) {
      const [variable, sign] = [this.#peek(), this.#tokens[this.#next + 1]];
      const isComma = sign?.type === "char" && sign.text === ",";
      if (variable.type !== "variable" || !(sign?.type === "declare" || sign?.type === "assign" || isComma))
        return { variables, assigns: false };
      this.#next += 2;
      variables.push(variable.text);
      if (sign.type !== "assign") this.#variables.push(variable.text);
      if (!isComma) return { variables, assigns: sign.type === "assign" };
      if (context !== "range" || variables.length > 1) throw this.fail(`too many declarations in ${context}`);
      if (this.#peek().type !== "variable") throw this.fail("range can only initialize variables");
    }
  }

  #command(): Command {
    const { at } = this.#peek();
    const args: Operand[] = [];
    for (;;) {
      const token = this.#peek();
      if (operandStart.has(token.type) && (args.length === 0 || token.spaced)) args.push(this.#operand());
      else if (token.type === "pipe") {
        this.#take();
        break;
      } else if (token.type === "close" || token.type === "rightParen") break;
      else throw this.#unexpected(this.#take(), "operand");
    }
    const [first, ...rest] = args;
    if (first === undefined) throw this.fail("empty command");
    return { type: "command", at, args: [first, ...rest] };
  }

  #operand(): Operand {
    const node = this.#term();
    const names: string[] = [];
    let { at } = node;
    for (let token = this.#peek(); token.type === "field" && !token.spaced; token = this.#peek()) {
      if (names.length === 0) at = token.at;
      names.push(this.#take().text.slice(1));
    }
    if (names.length === 0) return node;
    if (node.type === "field" || node.type === "variable") return { ...node, at, names: [...node.names, ...names] };
    if (node.type === "function" || node.type === "pipeline" || node.type === "chain")
      return { type: "chain", at, of: node, names };
    throw this.fail(`unexpected . after term ${goQuote(this.#text.slice(node.at, at))}`);
  }

  #term(): Operand {
    const token = this.#take();
    const { at, text } = token;
    switch (token.type) {
      case "identifier":
        if (!this.#functions.has(text)) throw this.fail(`function ${goQuote(text)} not defined`);
        return { type: "function", at, name: text };
      case "dot":
      case "nil":
        return { type: token.type, at };
      case "bool":
        return { type: "bool", at, value: text === "true" };
      case "variable":
        if (!this.#variables.includes(text)) throw this.fail(`undefined variable ${goQuote(text)}`);
        return { type: "variable", at, name: text, names: [] };
      case "field":
        return { type: "field", at, names: [text.slice(1)] };
      case "string":
        return { type: "string", at, value: this.#unquoted(token), text };
      case "number": {
        const value = parseNumber(text);
        if (value === undefined) throw this.fail(`malformed character constant: ${text}`);
        return { type: "number", at, value, text };
      }
      default:
        return this.#nested(() => this.#pipeline("parenthesized pipeline", "rightParen"));
    }
  }

  #unquoted(token: Token): string {
    const value = unquote(token.text);
    if (value === undefined) throw this.fail("invalid syntax");
    return value;
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > deepest) throw this.fail("max expression depth exceeded");
    const result = parse();
    this.#depth--;
    return result;
  }

  #peek(): Token {
    const token = this.#tokens[this.#next] ?? { type: "end" as const, text: "", at: this.#text.length, spaced: false };
    if (token.type !== "error") return token;
    this.#next++;
    throw this.fail(token.text);
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #expect(type: Token["type"], context: string): Token {
    const token = this.#take();
    if (token.type !== type) throw this.#unexpected(token, context);
    return token;
  }

  #unexpected(token: Token, context: string): BerthError {
    if (token.type === "end") return this.fail("unexpected EOF");
    const shown = token.text.length > 10 ? `${goQuote(token.text.slice(0, 10))}...` : goQuote(token.text);
    return this.fail(`unexpected ${token.type === "keyword" ? `<${token.text}>` : shown} in ${context}`);
  }
}
