/** The rules of an ignore file, for a walk from the top: what is asked of a folder is known when its members are asked for. */
export interface IgnoreRules {
  /** The state of the context's own folder. */
  readonly root: IgnoreState;
  /** The state of a member of a folder that has the state `parent`. Paths are relative, with "/". */
  enter(path: string, parent: IgnoreState): IgnoreState;
  /** Whether a file below an ignored folder can be taken back by a rule with "!". */
  mayInclude(folder: string): boolean;
}

/** Which rules match a path or a folder above it, and what follows from the last of them. */
export interface IgnoreState {
  readonly matched: readonly boolean[];
  readonly ignored: boolean;
}

interface Rule {
  readonly negated: boolean;
  readonly expression: RegExp;
  /** Up to the first wildcard. */
  readonly literal: string;
}

/** Reads an ignore file by Docker's rules: "#" comments, "!" takes back, "**" any folders, the last rule that matches wins. */
export function parseIgnoreRules(text: string): IgnoreRules {
  const rules = text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .flatMap((line) => toRule(line));
  return {
    root: { matched: rules.map(() => false), ignored: false },
    enter(path, parent) {
      let ignored = false;
      const matched = rules.map(({ expression, negated }, index) => {
        const hit = parent.matched[index] === true || expression.test(path);
        if (hit) ignored = !negated;
        return hit;
      });
      return { matched, ignored };
    },
    mayInclude: (folder) => rules.some(({ negated, literal }) => negated && overlaps(literal, `${folder}/`)),
  };
}

const overlaps = (a: string, b: string) => a.startsWith(b) || b.startsWith(a);

function toRule(line: string): Rule[] {
  if (line.startsWith("#")) return [];
  const trimmed = line.trim();
  const negated = trimmed.startsWith("!");
  const pattern = clean(negated ? trimmed.slice(1).trim() : trimmed);
  if (pattern === "" || (pattern === "." && negated)) return [];
  const literal = /^[^*?[\\]*/.exec(pattern)?.[0] ?? "";
  return [{ negated, expression: toExpression(pattern), literal }];
}

/** The path without ".", "..", doubled slashes and slashes at its ends. */
function clean(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/") || (pattern === "" ? "" : ".");
}

function toExpression(pattern: string): RegExp {
  if (pattern === ".") return /^/;
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (pattern.startsWith("**", at)) {
      at += pattern.charAt(at + 2) === "/" ? 2 : 1;
      source += at >= pattern.length - 1 ? ".*" : "(?:.*/)?";
    } else if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "[") {
      const end = pattern.indexOf("]", at + 2);
      source += end < 0 ? "\\[" : bracket(pattern.slice(at + 1, end));
      if (end >= 0) at = end;
    } else if (character === "\\" && at + 1 < pattern.length) source += literalText(pattern.charAt(++at));
    else source += literalText(character);
  }
  return new RegExp(`^${source}$`, "s");
}

const bracket = (inside: string) =>
  `[${inside.startsWith("^") ? "^" : ""}${inside.replace(/^\^/, "").replace(/[\\\]^]/g, "\\$&")}]`;

const literalText = (character: string) => character.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
