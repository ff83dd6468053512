import { invalid } from "../errors.ts";
import { isNil, printed, typeName } from "./value.ts";

/** Go's `eq`: whether the first argument equals one of the others. */
export function equals(first: unknown, others: readonly unknown[]): boolean {
  if (others.length === 0) throw invalid("missing argument for comparison");
  return others.some((other) => equal(first, other));
}

/** Go's `lt`. Numbers and strings have an order, nothing else. */
export function isLess(a: unknown, b: unknown): boolean {
  if (basicKind(a) === undefined || basicKind(b) === undefined) throw invalid("invalid type for comparison");
  if (basicKind(a) !== basicKind(b)) throw invalid("incompatible types for comparison");
  if (typeof a === "boolean") throw invalid("invalid type for comparison");
  return (a as string | number) < (b as string | number);
}

function equal(a: unknown, b: unknown): boolean {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  const kind = basicKind(a);
  if (kind !== basicKind(b)) throw invalid("incompatible types for comparison");
  if (kind === undefined && a !== b) throw invalid(`non-comparable type ${printed(a)}: ${typeName(a)}`);
  if (kind === undefined) throw invalid(`non-comparable type ${printed(b)}: ${typeName(b)}`);
  return a === b;
}

function basicKind(value: unknown): "string" | "number" | "boolean" | undefined {
  const kind = typeof value;
  return kind === "string" || kind === "number" || kind === "boolean" ? kind : undefined;
}
