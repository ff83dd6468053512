import type { ParameterType } from "./functions.ts";
import { nodeText, type Operand } from "./node.ts";
import { isNil, TypedNil, typeName } from "./value.ts";

export type Literal = Extract<Operand, { type: "bool" | "number" | "string" }>;

export function isLiteral(operand: Operand): operand is Literal {
  return operand.type === "bool" || operand.type === "number" || operand.type === "string";
}

/** Why a literal cannot be an argument of that type, in Go's words; undefined where it can. */
export function literalProblem(literal: Literal, type: ParameterType): string | undefined {
  if (type === "[]string") return `can't handle ${nodeText(literal)} for arg of type []string`;
  if (type === "string" && literal.type !== "string") return `expected string; found ${nodeText(literal)}`;
  if (type === "int" && !(literal.type === "number" && Number.isInteger(literal.value)))
    return `expected integer; found ${nodeText(literal)}`;
  return undefined;
}

/** Why a value cannot be one. `isData` says that it comes from the data: its numbers are json.Number to Docker. */
export function valueProblem(value: unknown, type: ParameterType, isData: boolean): string | undefined {
  if (type === "any") return undefined;
  if (type === "[]string" && value instanceof TypedNil && value.text === "[]") return undefined;
  if (isNil(value)) return `invalid value; expected ${type}`;
  if (type === "string" && typeof value === "string") return undefined;
  if (type === "int" && Number.isInteger(value)) return undefined;
  if (type === "[]string" && Array.isArray(value) && value.every((member) => typeof member === "string"))
    return undefined;
  const got = isData && typeof value === "number" ? "json.Number" : typeName(value);
  return `wrong type for value; expected ${type}; got ${got}`;
}
