import { invalid } from "../lib/index.ts";
import type { Filters } from "./engine.ts";

/** Values of one filter; empty where it was not given. */
export function valuesOf(filters: Filters, name: string): readonly string[] {
  return filters.get(name) ?? [];
}

/** Whether labels have every "key" and "key=value" of the list. */
export function matchesLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
  return wanted.every((text) => hasLabel(labels, text));
}

function hasLabel(labels: Readonly<Record<string, string>>, text: string): boolean {
  const equals = text.indexOf("=");
  if (equals < 0) return Object.hasOwn(labels, text);
  const key = text.slice(0, equals);
  return Object.hasOwn(labels, key) && labels[key] === text.slice(equals + 1);
}

/** Passes prune's `label` (all must be there) and `label!` (none may be there). */
export function passesLabelFilters(labels: Readonly<Record<string, string>>, filters: Filters): boolean {
  if (!matchesLabels(labels, valuesOf(filters, "label"))) return false;
  return !valuesOf(filters, "label!").some((text) => hasLabel(labels, text));
}

const TRUE = new Set(["1", "true"]);
const FALSE = new Set(["0", "false"]);

/** A filter that is true or false; undefined where it was not given. Throws "invalid" with Docker's text. */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const values = valuesOf(filters, name);
  if (values.length === 0) return undefined;
  const yes = values.some((value) => TRUE.has(value));
  const no = values.some((value) => FALSE.has(value));
  if (yes === no) throw invalid(`invalid filter '${name}=[${values.join(" ")}]'`);
  return yes;
}

/** Docker's match of ids and names: an unanchored regular expression, or the plain text where it is none. */
export function matchesPattern(text: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    if (pattern === text) return true;
    try {
      return safePattern(pattern).test(text);
    } catch {
      return false;
    }
  });
}

const compiled = new Map<string, RegExp>();

/**
 * Go's regular expressions run in linear time, JavaScript's do not: a pattern with nested repetition could hold the
 * daemon for minutes, so patterns are kept short and quantified groups are refused.
 */
function safePattern(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known) return known;
  if (pattern.length > 256) throw invalid("filter pattern is too long");
  if (/\)[*+{]/.test(pattern) || (pattern.match(/[*+{]/g)?.length ?? 0) > 8)
    throw invalid("filter pattern is too complex");
  const made = new RegExp(pattern);
  if (compiled.size > 100) compiled.clear();
  compiled.set(pattern, made);
  return made;
}
