import { invalid } from "../errors.ts";
import { equals, isLess } from "./compare.ts";
import { sprintf } from "./printf.ts";
import { holdsStrings, isMap, isNil, isTrue, mapGet, printed, TypedNil, typeName } from "./value.ts";

export type ParameterType = "string" | "int" | "any" | "[]string";

/** A function that templates can call. What `call` throws is reported as "error calling <name>: …". */
export interface TemplateFunction {
  readonly parameters: readonly ParameterType[];
  /** Type of any number of further arguments. */
  readonly more?: ParameterType;
  // biome-ignore lint/suspicious/noExplicitAny: arguments were checked against `parameters` before the call
  readonly call: (...args: any[]) => unknown;
}

export type TemplateFunctions = Readonly<Record<string, TemplateFunction>>;

/** The functions of Go's text/template. The evaluator gives `and` and `or` no argument after the one that decides. */
export const builtinFunctions: TemplateFunctions = {
  and: { parameters: ["any"], more: "any", call: (...args: unknown[]) => args.at(-1) },
  or: { parameters: ["any"], more: "any", call: (...args: unknown[]) => args.at(-1) },
  not: { parameters: ["any"], call: (arg: unknown) => !isTrue(arg) },
  len: { parameters: ["any"], call: length },
  index: { parameters: ["any"], more: "any", call: (item: unknown, ...keys: unknown[]) => keys.reduce(indexed, item) },
  slice: { parameters: ["any"], more: "any", call: sliced },
  print: { parameters: [], more: "any", call: (...args: unknown[]) => joinedPrint(args) },
  println: {
    parameters: [],
    more: "any",
    call: (...args: unknown[]) => `${args.map((arg) => printed(arg)).join(" ")}\n`,
  },
  printf: { parameters: ["string"], more: "any", call: (format: string, ...args: unknown[]) => sprintf(format, args) },
  eq: { parameters: ["any"], more: "any", call: (first: unknown, ...others: unknown[]) => equals(first, others) },
  ne: { parameters: ["any", "any"], call: (a: unknown, b: unknown) => !equals(a, [b]) },
  lt: { parameters: ["any", "any"], call: isLess },
  le: { parameters: ["any", "any"], call: (a: unknown, b: unknown) => isLess(a, b) || equals(a, [b]) },
  gt: { parameters: ["any", "any"], call: (a: unknown, b: unknown) => !isLess(a, b) && !equals(a, [b]) },
  ge: { parameters: ["any", "any"], call: (a: unknown, b: unknown) => !isLess(a, b) },
  html: { parameters: [], more: "any", call: (...args: unknown[]) => html(joinedPrint(args)) },
  js: { parameters: [], more: "any", call: (...args: unknown[]) => javascript(joinedPrint(args)) },
  urlquery: { parameters: [], more: "any", call: (...args: unknown[]) => query(joinedPrint(args)) },
};

/** What the Docker CLI adds for --format. */
export const dockerFunctions: TemplateFunctions = {
  json: { parameters: ["any"], call: goJson },
  split: { parameters: ["string", "string"], call: (text: string, separator: string) => text.split(separator) },
  join: {
    parameters: ["[]string", "string"],
    call: (list: unknown, separator: string) => listOf(list).join(separator),
  },
  title: {
    parameters: ["string"],
    call: (text: string) => text.replace(/(?<![\p{L}\p{N}_'])\p{L}/gu, (letter) => letter.toUpperCase()),
  },
  lower: { parameters: ["string"], call: (text: string) => text.toLowerCase() },
  upper: { parameters: ["string"], call: (text: string) => text.toUpperCase() },
  pad: { parameters: ["string", "int", "int"], call: pad },
  truncate: {
    parameters: ["string", "int"],
    call: (text: string, length: number) => text.slice(0, Math.max(0, length)),
  },
};

/** In their place while the header of a table is made: each leaves a column's name as it is. */
export const headerFunctions: TemplateFunctions = {
  ...Object.fromEntries(
    Object.entries(dockerFunctions).map(([name, { parameters }]) => [
      name,
      { parameters: ["any", ...parameters.slice(1)] as const, call: (text: unknown) => text },
    ]),
  ),
  pad: { parameters: ["string", "int", "int"], call: pad },
};

/** JSON as the CLI prints it: nothing escaped for HTML, undefined as null. */
export function goJson(value: unknown): string {
  const text = JSON.stringify(value, (_, member: unknown) =>
    member instanceof Map ? Object.fromEntries(member) : member,
  );
  return (text ?? "null").replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

function listOf(list: unknown): unknown[] {
  return Array.isArray(list) ? list : [];
}

function pad(text: string, before: number, after: number): string {
  const spaces = (count: number) => " ".repeat(Math.min(Math.max(count, 0), 10_000));
  return text === "" ? "" : spaces(before) + text + spaces(after);
}

function length(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return value instanceof Map ? value.size : Object.keys(value).length;
  if (value instanceof TypedNil && value.text !== "<nil>") return 0;
  throw invalid(isNil(value) ? "len of nil pointer" : `len of type ${typeName(value)}`);
}

function indexed(item: unknown, key: unknown): unknown {
  if (isMap(item)) return mapIndexed(item, key);
  if (typeof item !== "string" && !Array.isArray(item)) {
    if (item instanceof TypedNil && item.text === "map[]") return undefined;
    if (item instanceof TypedNil && item.text === "[]") throw invalid(`index out of range: ${printed(key)}`);
    throw invalid(isNil(item) ? "index of untyped nil" : `can't index item of type ${typeName(item)}`);
  }
  if (typeof key !== "number")
    throw invalid(
      isNil(key) ? "cannot index slice/array with nil" : `cannot index slice/array with type ${typeName(key)}`,
    );
  const list = typeof item === "string" ? Buffer.from(item) : item;
  if (!Number.isInteger(key) || key < 0 || key >= list.length) throw invalid(`index out of range: ${printed(key)}`);
  return list[key];
}

function mapIndexed(map: Map<unknown, unknown> | Record<string, unknown>, key: unknown): unknown {
  if (isNil(key)) throw invalid("value is nil; should be of type string");
  if (!(map instanceof Map) && typeof key !== "string")
    throw invalid(`value has type ${typeName(key)}; should be string`);
  const value = mapGet(map, key);
  if (value !== undefined) return value;
  return holdsStrings(map) ? "" : undefined;
}

function sliced(item: unknown, ...bounds: unknown[]): unknown {
  if (typeof item !== "string" && !Array.isArray(item))
    throw invalid(isNil(item) ? "slice of untyped nil" : `can't slice item of type ${typeName(item)}`);
  const most = typeof item === "string" ? 2 : 3;
  if (bounds.length > 3) throw invalid(`too many slice indexes: ${bounds.length}`);
  if (bounds.length > most) throw invalid("cannot 3-index slice a string");
  const bytes = typeof item === "string" ? Buffer.from(item) : item;
  const limits = bounds.map((bound) => {
    if (typeof bound !== "number") throw invalid(`cannot index slice/array with type ${typeName(bound)}`);
    if (bound < 0 || bound > bytes.length) throw invalid(`index out of range: ${bound}`);
    return bound;
  });
  const [from = 0, to = bytes.length, cap = bytes.length] = limits;
  if (from > to) throw invalid(`invalid slice index: ${from} > ${to}`);
  if (to > cap) throw invalid(`invalid slice index: ${to} > ${cap}`);
  const part = bytes.slice(from, to);
  return Buffer.isBuffer(part) ? part.toString() : part;
}

/** Go's fmt.Sprint: a space between operands of which neither is a string. */
function joinedPrint(args: readonly unknown[]): string {
  let out = "";
  args.forEach((arg, place) => {
    const before = args[place - 1];
    if (place > 0 && typeof arg !== "string" && typeof before !== "string") out += " ";
    out += printed(arg);
  });
  return out;
}

const entities: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  '"': "&#34;",
  "'": "&#39;",
  "\u0000": "\ufffd",
};

function html(text: string): string {
  return text.replace(/[<>&"'\u0000]/g, (character) => entities[character] ?? character);
}

function javascript(text: string): string {
  return text.replace(/[\\'"<>&=\u0000-\u001f]/g, (character) => {
    if ("\\'\"".includes(character)) return `\\${character}`;
    return `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  });
}

function query(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
