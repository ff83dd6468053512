import { invalid } from "../../lib/index.ts";

/**
 * What a JSON body may hold, as data. A body is read as Go's encoding/json would read it (names match without regard
 * to case, null means absent) and checked harder: a member that is set, and that the engine would ignore, is refused.
 */
export type Shape =
  | { readonly is: "string" | "bool" }
  | { readonly is: "int"; readonly bits: 16 | 32 | 64; readonly signed: boolean }
  | { readonly is: "list"; readonly of: Shape; readonly orOne?: boolean }
  | { readonly is: "map"; readonly of: Shape }
  | { readonly is: "struct"; readonly name: string; readonly fields: Fields };

/** Refused: may be sent empty, as clients do that print every field of a struct, but not set to anything. */
export interface Refused {
  readonly is: "refused";
  readonly why: string;
}

/** Accepted and dropped, because it says nothing that the engine could act on. */
export interface Ignored {
  readonly is: "ignored";
}

export type Fields = Readonly<Record<string, Shape | Refused | Ignored>>;

export const text: Shape = { is: "string" };
export const flag: Shape = { is: "bool" };
export const int: Shape = { is: "int", bits: 64, signed: true };
export const uint16: Shape = { is: "int", bits: 16, signed: false };
export const uint32: Shape = { is: "int", bits: 32, signed: false };
export const uint: Shape = { is: "int", bits: 64, signed: false };
export const listOf = (of: Shape): Shape => ({ is: "list", of });
/** A list, or a single value in its place. */
export const listOrOne = (of: Shape): Shape => ({ is: "list", of, orOne: true });
export const mapOf = (of: Shape): Shape => ({ is: "map", of });
export const struct = (name: string, fields: Fields): Shape => ({ is: "struct", name, fields });
export const refused = (why: string): Refused => ({ is: "refused", why });
export const ignored: Ignored = { is: "ignored" };

/** Whether a value is what Go's zero value prints as, or empty: sending it asks for nothing. */
export function isUnset(value: unknown, depth = 0): boolean {
  if (value === null || value === undefined || value === "" || value === 0 || value === false) return true;
  if (typeof value !== "object" || depth > 8) return false;
  return Object.values(value).every((item) => isUnset(item, depth + 1));
}

/**
 * The value in the shape's own spelling, without nulls. `undefined` gives undefined. Fails "invalid" naming the member
 * that has the wrong type, that is refused, or that the API does not know.
 */
export function readShape(shape: Shape, value: unknown, path: string): unknown {
  if (value === null || value === undefined) return undefined;
  switch (shape.is) {
    case "string":
      return typeof value === "string" ? value : mismatch(value, path, shape);
    case "bool":
      return typeof value === "boolean" ? value : mismatch(value, path, shape);
    case "int":
      return readInt(shape, value, path);
    case "list":
      return readList(shape, value, path);
    case "map":
      return readMap(shape, value, path);
    case "struct":
      return readStruct(shape, value, path);
  }
}

function readInt(shape: Shape & { is: "int" }, value: unknown, path: string): number {
  if (typeof value !== "number" || !Number.isInteger(value)) return mismatch(value, path, shape);
  const limit = 2 ** (shape.signed ? shape.bits - 1 : shape.bits);
  // the largest int64 and uint64 are printed by clients for "no limit"; as doubles they equal the bound itself
  if (value > limit || (shape.bits < 64 && value === limit) || value < (shape.signed ? -limit : 0))
    return mismatch(value, path, shape);
  return value;
}

function readList(shape: Shape & { is: "list" }, value: unknown, path: string): unknown[] {
  if (shape.orOne === true && !Array.isArray(value)) return [readShape(shape.of, value, path)];
  if (!Array.isArray(value)) return mismatch(value, path, shape);
  return value.map((item: unknown) => readShape(shape.of, item, path) ?? zeroOf(shape.of));
}

function readMap(shape: Shape & { is: "map" }, value: unknown, path: string): object {
  if (!isRecord(value)) return mismatch(value, path, shape);
  // no prototype: a label may well be called "__proto__"
  const out = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value)) {
    out[key] = readShape(shape.of, item, path) ?? (shape.of.is === "list" ? null : zeroOf(shape.of));
  }
  return out;
}

function readStruct(shape: Shape & { is: "struct" }, value: unknown, path: string): object {
  if (!isRecord(value)) return mismatch(value, path, shape);
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const name = Object.hasOwn(shape.fields, key) ? key : sameButCase(shape.fields, key);
    const field = name === undefined ? undefined : shape.fields[name];
    const member = `${path}.${name ?? key}`;
    if (field === undefined || name === undefined) {
      if (!isUnset(item)) throw invalid(`${shown(member)} is not a field of this API: remove it`);
    } else if (field.is === "refused") {
      if (!isUnset(item)) throw invalid(`${shown(member)} is not supported: ${field.why}`);
    } else if (field.is !== "ignored") {
      const read = readShape(field, item, member);
      if (read !== undefined) out[name] = read;
    }
  }
  return out;
}

function sameButCase(fields: Fields, key: string): string | undefined {
  const lower = key.toLowerCase();
  return Object.keys(fields).find((name) => name.toLowerCase() === lower);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What Go puts in a list for null. */
function zeroOf(shape: Shape): unknown {
  switch (shape.is) {
    case "string":
      return "";
    case "bool":
      return false;
    case "int":
      return 0;
    case "list":
      return [];
    default:
      return {};
  }
}

/** The member as a user writes it: without the body's own name in front. */
const shown = (path: string) => path.slice(path.indexOf(".") + 1);

function mismatch(value: unknown, path: string, shape: Shape): never {
  const got = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  // Go names the number where a number was wanted
  const what = got === "number" && shape.is === "int" ? `number ${String(value)}` : got;
  const where = path.includes(".") ? `Go struct field ${path}` : "Go value";
  throw invalid(`invalid JSON: json: cannot unmarshal ${what} into ${where} of type ${goType(shape)}`);
}

function goType(shape: Shape): string {
  switch (shape.is) {
    case "int":
      return `${shape.signed ? "" : "u"}int${shape.bits}`;
    case "list":
      return `[]${goType(shape.of)}`;
    case "map":
      return `map[string]${goType(shape.of)}`;
    case "struct":
      return shape.name;
    default:
      return shape.is;
  }
}
