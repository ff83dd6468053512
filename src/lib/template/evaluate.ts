import { type BerthError, invalid, messageOf } from "../errors.ts";
import { goQuote } from "../text/go-quote.ts";
import { isLiteral, literalProblem, valueProblem } from "./arguments.ts";
import type { ParameterType, TemplateFunction, TemplateFunctions } from "./functions.ts";
import {
  type Branch,
  type Command,
  type Invocation,
  nodeText,
  type Operand,
  type Pipeline,
  type Statement,
} from "./node.ts";
import type { ParsedTemplate } from "./parse.ts";
import {
  holdsStrings,
  isMap,
  isNil,
  isTrue,
  type Method,
  mapEntries,
  mapGet,
  printed,
  shown,
  structMember,
  structType,
  TypedNil,
  typeName,
} from "./value.ts";

/**
 * What a field that a map does not have gives: no value, or an error. "error" spares maps of strings, such as labels:
 * what is missing there is no value to Docker's inspect either.
 */
export type MissingKey = "default" | "error";

export interface Evaluation {
  readonly text: string;
  readonly name: string;
  readonly template: ParsedTemplate;
  readonly functions: TemplateFunctions;
  readonly missingKey: MissingKey;
  /** What actions print goes through it. */
  readonly visible?: ((text: string) => string) | undefined;
}

const deepest = 500;
const longestOutput = 64 * 1024 * 1024;

/** Runs a parsed template on data. Throws "invalid" with Go's texts, which point at the place in the template. */
export function evaluate(evaluation: Evaluation, data: unknown): string {
  const run = new Run(evaluation);
  run.invoke(evaluation.template.body, data);
  return run.output.join("");
}

type Jump = "break" | "continue" | undefined;
type Located = Operand | Command | Invocation | { readonly type: "text"; readonly at: number };

class Run {
  readonly output: string[] = [];
  readonly #of: Evaluation;
  #variables: { name: string; value: unknown }[] = [];
  /** What is being evaluated: where an error points. */
  #node: Located = { type: "text", at: 0 };
  #depth = 0;
  #length = 0;

  constructor(of: Evaluation) {
    this.#of = of;
  }

  invoke(body: readonly Statement[], data: unknown): void {
    const outer = this.#variables;
    this.#variables = [{ name: "$", value: data }];
    this.#walk(body, data);
    this.#variables = outer;
  }

  #walk(statements: readonly Statement[], dot: unknown): Jump {
    for (const statement of statements) {
      const jump = this.#statement(statement, dot);
      if (jump !== undefined) return jump;
    }
    return undefined;
  }

  #statement(statement: Statement, dot: unknown): Jump {
    switch (statement.type) {
      case "text":
        this.#print(statement.text);
        return undefined;
      case "action": {
        const value = this.#pipeline(statement.pipeline, dot);
        if (statement.pipeline.variables.length === 0) this.#print(this.#of.visible?.(shown(value)) ?? shown(value));
        return undefined;
      }
      case "template":
        this.#template(statement, dot);
        return undefined;
      case "break":
      case "continue":
        return statement.type;
      default:
        return this.#scoped(() =>
          statement.type === "range" ? this.#range(statement, dot) : this.#branch(statement, dot),
        );
    }
  }

  #print(text: string): void {
    this.#length += text.length;
    if (this.#length > longestOutput) throw this.#fail("the output is too long");
    this.output.push(text);
  }

  #scoped<T>(work: () => T): T {
    const known = this.#variables.length;
    const result = work();
    this.#variables.length = known;
    return result;
  }

  #branch(branch: Branch, dot: unknown): Jump {
    const value = this.#pipeline(branch.pipeline, dot);
    if (!isTrue(value)) return this.#walk(branch.otherwise, dot);
    return this.#walk(branch.then, branch.type === "with" ? value : dot);
  }

  #range(branch: Branch, dot: unknown): Jump {
    const value = this.#pipeline({ ...branch.pipeline, variables: [] }, dot);
    const items = this.#items(value);
    if (items === undefined) throw this.#fail(`range can't iterate over ${printed(value)}`);
    let empty = true;
    for (const [key, item] of items) {
      empty = false;
      const jump = this.#scoped(() => {
        this.#bindRange(branch.pipeline, key, item);
        return this.#walk(branch.then, item);
      });
      if (jump === "break") break;
    }
    return empty ? this.#walk(branch.otherwise, dot) : undefined;
  }

  #items(value: unknown): Iterable<[unknown, unknown]> | undefined {
    if (isNil(value)) return [];
    if (Array.isArray(value)) return value.entries();
    if (isMap(value)) return mapEntries(value);
    return typeof value === "number" && Number.isInteger(value) ? counting(value) : undefined;
  }

  #bindRange({ variables, assigns }: Pipeline, key: unknown, item: unknown): void {
    const [first, second] = variables;
    if (first !== undefined) this.#bind(first, second === undefined ? item : key, assigns);
    if (second !== undefined) this.#bind(second, item, assigns);
  }

  #bind(name: string, value: unknown, assigns: boolean): void {
    if (!assigns) this.#variables.push({ name, value });
    else this.#variable(name).value = value;
  }

  #variable(name: string): { value: unknown } {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable === undefined) throw this.#fail(`undefined variable: ${name}`);
    return variable;
  }

  #template(invocation: Invocation, dot: unknown): void {
    this.#node = invocation;
    const body = this.#of.template.defined.get(invocation.name);
    if (body === undefined) throw this.#fail(`template ${goQuote(invocation.name)} not defined`);
    if (++this.#depth > deepest) throw this.#fail(`exceeded maximum template depth (${deepest})`);
    this.invoke(body, invocation.pipeline === undefined ? undefined : this.#pipeline(invocation.pipeline, dot));
    this.#depth--;
  }

  #pipeline(pipeline: Pipeline, dot: unknown): unknown {
    let value: unknown;
    let piped = false;
    for (const command of pipeline.commands) {
      value = this.#command(command, dot, piped ? [value] : []);
      piped = true;
    }
    for (const name of pipeline.variables) this.#bind(name, value, pipeline.assigns);
    return value;
  }

  /** `piped` holds the value of the stage before, which is the last argument. */
  #command(command: Command, dot: unknown, piped: readonly unknown[]): unknown {
    const [first, ...args] = command.args;
    const call: Call = { args, piped, dot };
    switch (first.type) {
      case "function":
        this.#node = first;
        return this.#function(first.name, command, call);
      case "field":
        return this.#fields(first, dot, first.names, call, rootType(dot));
      case "variable":
        return this.#variableFields(first, call);
      case "chain":
        return this.#chain(first, call);
      default:
        this.#node = first;
        if (args.length > 0 || piped.length > 0)
          throw this.#fail(`can't give argument to non-function ${nodeText(first)}`);
        if (first.type === "nil") throw this.#fail("nil is not a command");
        return this.#operand(first, dot);
    }
  }

  #operand(operand: Operand, dot: unknown): unknown {
    this.#node = operand;
    switch (operand.type) {
      case "dot":
        return dot;
      case "nil":
        return undefined;
      case "bool":
      case "number":
      case "string":
        return operand.value;
      case "pipeline":
        return this.#scoped(() => this.#pipeline(operand, dot));
      default:
        return this.#command({ type: "command", at: operand.at, args: [operand] }, dot, []);
    }
  }

  #variableFields(node: Extract<Operand, { type: "variable" }>, call: Call): unknown {
    this.#node = node;
    const { value } = this.#variable(node.name);
    if (node.names.length > 0) return this.#fields(node, value, node.names, call, rootType(value));
    if (call.args.length > 0 || call.piped.length > 0)
      throw this.#fail(`can't give argument to non-function ${nodeText(node)}`);
    return value;
  }

  #chain(node: Extract<Operand, { type: "chain" }>, call: Call): unknown {
    const value = this.#operand(node.of, call.dot);
    this.#node = node;
    return this.#fields(node, value, node.names, call, rootType(value));
  }

  /** Goes from field to field; only the last one takes the arguments. */
  #fields(node: Operand, from: unknown, names: readonly string[], call: Call, type: string): unknown {
    this.#node = node;
    let value = from;
    let staticType = type;
    names.forEach((name, place) => {
      const last = place === names.length - 1;
      const inMap = isMap(value) || Array.isArray(value);
      value = this.#field(node, value, name, last ? call : { args: [], piped: [], dot: call.dot }, staticType);
      // What a map or a slice holds has the type "interface {}" in Go until a function takes it.
      staticType = inMap && structType(value) === undefined ? "interface {}" : rootType(value);
    });
    return value;
  }

  #field(node: Operand, value: unknown, name: string, call: Call, type: string): unknown {
    this.#node = node;
    const hasArgs = call.args.length > 0 || call.piped.length > 0;
    if (value === undefined) {
      if (this.#of.missingKey === "error") throw this.#fail(`nil data; no entry for key ${goQuote(name)}`);
      return undefined;
    }
    if (value instanceof TypedNil && value.text === "map[]") return undefined;
    if (isNil(value)) throw this.#fail(`nil pointer evaluating ${type}.${name}`);
    if (isMap(value)) {
      if (hasArgs) throw this.#fail(`${name} is not a method but has arguments`);
      const entry = mapGet(value, name);
      if (entry === undefined && this.#of.missingKey === "error" && !holdsStrings(value))
        throw this.#fail(`map has no entry for key ${goQuote(name)}`);
      return entry;
    }
    const member = structType(value) === undefined ? undefined : structMember(value as object, name);
    if (member === undefined) throw this.#fail(`can't evaluate field ${name} in type ${type}`);
    if (typeof member === "function") return this.#method(node, name, member as Method, call);
    if (hasArgs) throw this.#fail(`${name} has arguments but cannot be invoked as function`);
    return member;
  }

  #method(node: Operand, name: string, method: Method, call: Call): unknown {
    const parameters = Array.from({ length: method.length }, () => "string" as const);
    return this.#call({ parameters, call: method }, name, node, call);
  }

  #function(name: string, command: Command, call: Call): unknown {
    const called = this.#of.functions[name];
    if (called === undefined) throw this.#fail(`${goQuote(name)} is not a defined function`);
    return this.#call(called, name, command, call);
  }

  #call(called: TemplateFunction, name: string, node: Operand | Command, { args, piped, dot }: Call): unknown {
    const count = args.length + piped.length;
    const { parameters, more } = called;
    if (count < parameters.length || (more === undefined && count > parameters.length))
      throw this.#fail(
        `wrong number of args for ${name}: want ${more === undefined ? "" : "at least "}${parameters.length} got ${count}`,
      );
    const typeAt = (place: number): ParameterType => parameters[place] ?? more ?? "any";
    const values: unknown[] = [];
    for (const [place, arg] of args.entries()) {
      values.push(this.#argument(arg, typeAt(place), dot));
      if (decides(name, values.at(-1))) return values.at(-1);
    }
    for (const value of piped) values.push(this.#checked(value, typeAt(values.length), false));
    try {
      return called.call(...values);
    } catch (error) {
      this.#node = node;
      throw this.#fail(`error calling ${name}: ${messageOf(error)}`);
    }
  }

  #argument(arg: Operand, type: ParameterType, dot: unknown): unknown {
    this.#node = arg;
    if (arg.type === "nil" && type !== "any") throw this.#fail(`cannot assign nil to ${type}`);
    if (!isLiteral(arg))
      return this.#checked(this.#operand(arg, dot), type, arg.type === "field" || arg.type === "variable");
    const problem = literalProblem(arg, type);
    if (problem !== undefined) throw this.#fail(problem);
    return arg.value;
  }

  #checked(value: unknown, type: ParameterType, isData: boolean): unknown {
    const problem = valueProblem(value, type, isData);
    if (problem !== undefined) throw this.#fail(problem);
    return value;
  }

  #fail(message: string): BerthError {
    const { name, text } = this.#of;
    const before = text.slice(0, this.#node.at);
    const line = before.split("\n").length;
    const column = Buffer.byteLength(before.slice(before.lastIndexOf("\n") + 1));
    const shownNode = this.#node.type === "text" ? "" : nodeText(this.#node);
    return invalid(`template: ${name}:${line}:${column}: executing ${goQuote(name)} at <${shownNode}>: ${message}`);
  }
}

interface Call {
  readonly args: readonly Operand[];
  readonly piped: readonly unknown[];
  readonly dot: unknown;
}

function decides(name: string, value: unknown): boolean {
  return (name === "and" && !isTrue(value)) || (name === "or" && isTrue(value));
}

function rootType(value: unknown): string {
  return value === null || value === undefined ? "interface {}" : typeName(value);
}

function* counting(to: number): Iterable<[unknown, unknown]> {
  for (let place = 0; place < to; place++) yield [place, place];
}
