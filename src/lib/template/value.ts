import { formatShortest } from "../text/go-number.ts";

/**
 * Go's view of JavaScript values. Plain objects and Maps are maps, arrays are slices, integral numbers are ints. An
 * object of a class, or one marked by goStruct, is a struct whose functions are methods.
 */

const structs = new WeakMap<object, string>();

/** Marks an object as a struct of that Go type: it prints without keys, and a wrong field is an error that names the type. */
export function goStruct<T extends object>(type: string, object: T): T {
  structs.set(object, type);
  return object;
}

/** A nil that knows its type: it prints as Go prints that, is false, has no members, and is null in JSON. */
export class TypedNil {
  readonly text: "[]" | "map[]" | "<nil>";

  constructor(text: TypedNil["text"]) {
    this.text = text;
  }

  toJSON(): null {
    return null;
  }
}

export const nilSlice = new TypedNil("[]");
export const nilMap = new TypedNil("map[]");
export const nilPointer = new TypedNil("<nil>");

export type Method = (...args: unknown[]) => unknown;

export function isNil(value: unknown): value is null | undefined | TypedNil {
  return value === undefined || value === null || value instanceof TypedNil;
}

/** The name of a struct's type; undefined for everything else. */
export function structType(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || value instanceof TypedNil) return undefined;
  const marked = structs.get(value);
  if (marked !== undefined) return marked;
  if (Array.isArray(value) || value instanceof Map || isPlain(value)) return undefined;
  return `*${value.constructor?.name ?? "struct"}`;
}

export function isMap(value: unknown): value is Map<unknown, unknown> | Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !isNil(value) &&
    structType(value) === undefined
  );
}

/** A map's entries by sorted key, as Go walks it. */
export function mapEntries(value: Map<unknown, unknown> | Record<string, unknown>): [unknown, unknown][] {
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  return entries.sort(([a], [b]) => compareKeys(a, b));
}

/** A map's value, undefined where the key is missing. Inherited properties are not entries. */
export function mapGet(value: Map<unknown, unknown> | Record<string, unknown>, key: unknown): unknown {
  if (value instanceof Map) return value.get(key);
  return typeof key === "string" && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Whether a map is one of strings to strings, or empty: the type that labels and options have in Go. */
export function holdsStrings(value: Map<unknown, unknown> | Record<string, unknown>): boolean {
  const members = value instanceof Map ? [...value.values()] : Object.values(value);
  return members.every((member) => typeof member === "string");
}

/** A struct's exported member; functions are bound to it. Nothing is taken from Object.prototype. */
export function structMember(value: object, name: string): unknown {
  if (!/^\p{Lu}/u.test(name)) return undefined;
  for (
    let holder: object | null = value;
    holder !== null && holder !== Object.prototype;
    holder = Object.getPrototypeOf(holder)
  ) {
    if (!Object.hasOwn(holder, name)) continue;
    const member = Reflect.get(holder, name, value) as unknown;
    return typeof member === "function" ? (member as Method).bind(value) : member;
  }
  return undefined;
}

/** The type as Go's messages name it. */
export function typeName(value: unknown): string {
  const struct = structType(value);
  if (struct !== undefined) return struct;
  if (isNil(value)) return "<nil>";
  if (typeof value === "string" || typeof value === "bigint") return typeof value === "string" ? "string" : "int64";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  if (Array.isArray(value)) return "[]interface {}";
  return typeof value === "function" ? "func()" : "map[string]interface {}";
}

/** Whether `if` takes it for true: not false, zero, nil or empty. A struct always is. */
export function isTrue(value: unknown): boolean {
  if (isNil(value)) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return (value instanceof Map ? value.size : Object.keys(value).length) > 0;
  return typeof value === "object" || Boolean(value);
}

/** The value as Go's `%v` prints it; with `keys`, `%+v`. */
export function printed(value: unknown, keys = false): string {
  if (value instanceof TypedNil) return value.text;
  if (isNil(value)) return "<nil>";
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : formatShortest(value);
  if (typeof value !== "object") return typeof value === "function" ? "func" : String(value);
  if (Array.isArray(value)) return `[${value.map((member) => printed(member, keys)).join(" ")}]`;
  if (isMap(value))
    return `map[${mapEntries(value)
      .map(([key, member]) => `${printed(key)}:${printed(member, keys)}`)
      .join(" ")}]`;
  const members = Object.entries(value).map(([key, member]) => (keys ? `${key}:` : "") + printed(member, keys));
  return `{${members.join(" ")}}`;
}

/** What an action prints: as printed, but the untyped nil is "<no value>". */
export function shown(value: unknown): string {
  return value === undefined || value === null ? "<no value>" : printed(value);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}

function compareKeys(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
