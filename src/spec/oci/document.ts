import { BerthError, invalid } from "../../lib/index.ts";

/** A parsed JSON object whose members have not been looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Bytes that a JSON document may have here, 4 MiB: what registries and clients agree on for a manifest. */
export const documentLimit = 4 * 1024 * 1024;

/** Parses bytes to a JSON object. `what` names the document in errors ("manifest"). Kind "invalid", over the limit "exhausted". */
export function parseObject(bytes: Uint8Array, what: string, limit = documentLimit): JsonObject {
  if (bytes.byteLength > limit)
    throw new BerthError("exhausted", `${what} is larger than ${limit} bytes (${bytes.byteLength})`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid(`${what} is not valid JSON`, { cause: error });
  }
  return asObject(value, what);
}

export function asObject(value: unknown, at: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${at} must be an object`);
  return value as JsonObject;
}

/** A member that may be missing or null, which are the same here as in Go. */
export function optional<T>(
  object: JsonObject,
  key: string,
  at: string,
  read: (value: unknown, at: string) => T,
): T | undefined {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return value === undefined || value === null ? undefined : read(value, `${at}.${key}`);
}

export function required<T>(object: JsonObject, key: string, at: string, read: (value: unknown, at: string) => T): T {
  const value = optional(object, key, at, read);
  if (value === undefined) throw invalid(`${at}.${key} is missing`);
  return value;
}

export function asString(value: unknown, at: string): string {
  if (typeof value !== "string") throw invalid(`${at} must be a string`);
  return value;
}

export function asBoolean(value: unknown, at: string): boolean {
  if (typeof value !== "boolean") throw invalid(`${at} must be true or false`);
  return value;
}

export function asInteger(value: unknown, at: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw invalid(`${at} must be an integer`);
  return value;
}

/** An integer of zero or more. */
export function asSize(value: unknown, at: string): number {
  const size = asInteger(value, at);
  if (size < 0) throw invalid(`${at} must not be negative`);
  return size;
}

/** A reader of lists with at most `limit` members. */
export function listOf<T>(read: (value: unknown, at: string) => T, limit: number) {
  return (value: unknown, at: string): T[] => {
    if (!Array.isArray(value)) throw invalid(`${at} must be a list`);
    if (value.length > limit) throw invalid(`${at} has ${value.length} members, more than ${limit}`);
    return value.map((member, index) => read(member, `${at}[${index}]`));
  };
}

/** A reader of objects used as maps, with at most `limit` members. A key "__proto__" is a key as any other. */
export function mapOf<T>(read: (value: unknown, at: string) => T, limit: number) {
  return (value: unknown, at: string): Record<string, T> => {
    const entries = Object.entries(asObject(value, at));
    if (entries.length > limit) throw invalid(`${at} has ${entries.length} members, more than ${limit}`);
    return Object.fromEntries(entries.map(([key, member]) => [key, read(member, `${at}[${JSON.stringify(key)}]`)]));
  };
}

/** The same object without its undefined members, typed so that they are optional. */
export function compact<T extends object>(object: T): Compact<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Compact<T>;
}

type UndefinedKeys<T> = { [K in keyof T]: undefined extends T[K] ? K : never }[keyof T];
type Compact<T> = Omit<T, UndefinedKeys<T>> & { [K in UndefinedKeys<T>]?: Exclude<T[K], undefined> };
