import { invalid } from "../errors.ts";

/**
 * One element of a compiled pattern: `run` is any characters but `/`, `rest` any at all, `folders` with the
 * `folders-loop` behind it any number of whole folders.
 */
type Element =
  | { readonly kind: "character"; readonly code: number }
  | { readonly kind: "any" | "run" | "rest" | "folders" | "folders-loop" }
  | { readonly kind: "class"; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] };

export interface CompiledPattern {
  readonly elements: readonly Element[];
  /** Text that every match begins with, and that it ends with. */
  readonly prefix: string;
  readonly suffix: string;
  /** How every match looks between slashes; undefined where a `**` or a negated class may cross them. */
  readonly segments: readonly CompiledPattern[] | undefined;
}

const SLASH = 47;

/** Compiles a cleaned pattern of moby's patternmatcher. Kind "invalid" for unclosed classes and a stray escape. */
export function compilePattern(pattern: string): CompiledPattern {
  const elements = elementsOf(pattern);
  const crosses = elements.some(({ kind }) => kind === "folders" || kind === "rest" || kind === "class");
  return { ...edgesOf(elements), elements, segments: crosses ? undefined : segmentsOf(elements) };
}

function elementsOf(pattern: string): Element[] {
  const elements: Element[] = [];
  let at = 0;
  while (at < pattern.length) {
    const character = pattern.charAt(at);
    if (character === "*" && pattern.charAt(at + 1) === "*") {
      const first = at === 0;
      at += 2;
      const slash = pattern.charAt(at) === "/";
      if (slash) at++;
      // `**foo` at the start matches any path that ends so, as moby's suffix match does.
      const suffix = first && !slash && !/[*?[\]\\]/.test(pattern.slice(at));
      if (at >= pattern.length || suffix) elements.push({ kind: "rest" });
      else elements.push({ kind: "folders" }, { kind: "folders-loop" });
    } else if (character === "[") at = addClass(pattern, at, elements);
    else {
      if (character === "*") elements.push({ kind: "run" });
      else if (character === "?") elements.push({ kind: "any" });
      else if (character !== "\\") elements.push({ kind: "character", code: pattern.charCodeAt(at) });
      else if (++at >= pattern.length) throw broken(pattern);
      else elements.push({ kind: "character", code: pattern.charCodeAt(at) });
      at++;
    }
  }
  return elements;
}

const broken = (pattern: string) =>
  invalid(`invalid ignore pattern ${JSON.stringify(pattern)}: syntax error in pattern`);

function addClass(pattern: string, start: number, elements: Element[]): number {
  let at = start + 1;
  const negated = pattern.charAt(at) === "^";
  if (negated) at++;
  const ranges: [number, number][] = [];
  const take = () => {
    if (pattern.charAt(at) === "\\") at++;
    if (at >= pattern.length) throw broken(pattern);
    return pattern.charCodeAt(at++);
  };
  while (pattern.charAt(at) !== "]" || ranges.length === 0) {
    if (pattern.charAt(at) === "-" || pattern.charAt(at) === "]") throw broken(pattern);
    const low = take();
    let high = low;
    if (pattern.charAt(at) === "-") {
      at++;
      if (pattern.charAt(at) === "]" || pattern.charAt(at) === "-") throw broken(pattern);
      high = take();
    }
    ranges.push([low, high]);
  }
  elements.push({ kind: "class", negated, ranges });
  return at + 1;
}

function edgesOf(elements: readonly Element[]): { prefix: string; suffix: string } {
  const literal = ({ kind }: Element) => kind === "character";
  const text = (part: readonly Element[]) =>
    part.map((element) => (element.kind === "character" ? String.fromCharCode(element.code) : "")).join("");
  const firstWild = elements.findIndex((element) => !literal(element));
  const lastWild = elements.findLastIndex((element) => !literal(element));
  return {
    prefix: text(elements.slice(0, firstWild < 0 ? elements.length : firstWild)),
    suffix: text(elements.slice(lastWild + 1)),
  };
}

function segmentsOf(elements: readonly Element[]): CompiledPattern[] {
  const segments: Element[][] = [[]];
  for (const element of elements) {
    if (element.kind === "character" && element.code === SLASH) segments.push([]);
    else segments.at(-1)?.push(element);
  }
  return segments.map((segment) => ({ ...edgesOf(segment), elements: segment, segments: undefined }));
}

/** Whether the whole path matches. Time is at most pattern × path: all places in the pattern are followed at once. */
export function matchesPattern({ elements, prefix, suffix }: CompiledPattern, path: string): boolean {
  if (!path.startsWith(prefix) || !path.endsWith(suffix)) return false;
  if (prefix.length === elements.length) return path.length === prefix.length;
  let reached = spread(elements, new Set([prefix.length]));
  for (let at = prefix.length; at < path.length && reached.size > 0; at++) {
    const next = new Set<number>();
    for (const place of reached) follow(elements[place], place, path.charCodeAt(at), next);
    reached = spread(elements, next);
  }
  return reached.has(elements.length);
}

/** Adds the places that a character leads to from one place. */
function follow(element: Element | undefined, place: number, code: number, next: Set<number>): void {
  switch (element?.kind) {
    case "character":
      if (element.code === code) next.add(place + 1);
      return;
    case "any":
      if (code !== SLASH) next.add(place + 1);
      return;
    case "class":
      if (inClass(element, code)) next.add(place + 1);
      return;
    case "run":
      if (code !== SLASH) next.add(place);
      return;
    case "rest":
      next.add(place);
      return;
    case "folders-loop":
      next.add(place);
      if (code === SLASH) next.add(place + 1);
  }
}

function inClass({ negated, ranges }: Element & { kind: "class" }, code: number): boolean {
  return ranges.some(([low, high]) => code >= low && code <= high) !== negated;
}

/** Elements that may match nothing are passed. */
function spread(elements: readonly Element[], places: Set<number>): Set<number> {
  for (const place of places) {
    const kind = elements[place]?.kind;
    if (kind === "run" || kind === "rest" || kind === "folders") places.add(place + 1);
    if (kind === "folders") places.add(place + 2);
  }
  return places;
}
