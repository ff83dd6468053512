import { invalid } from "../../lib/index.ts";

/** What `# check=…` says: which rules are off, which experimental ones are on, whether a finding fails the build. */
export interface CheckOptions {
  readonly skip: ReadonlySet<string> | "all";
  readonly experimental: ReadonlySet<string> | "all";
  readonly error: boolean;
}

export const DEFAULT_OPTIONS: CheckOptions = { skip: new Set(), experimental: new Set(), error: false };

/** Reads `skip=A,B|all;experimental=C|all;error=true`. Kind "invalid" in BuildKit's words. */
export function parseCheckOptions(text: string): CheckOptions {
  let { skip, experimental, error } = DEFAULT_OPTIONS;
  for (const part of text.trim() === "" ? [] : text.split(";")) {
    const equals = part.indexOf("=");
    if (equals < 0) throw invalid(`invalid check option ${JSON.stringify(part)}`);
    const key = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    if (key === "skip") skip = ruleSet(value);
    else if (key === "experimental") experimental = ruleSet(value);
    else if (key === "error") error = truth(part, value);
    else throw invalid(`invalid check option ${JSON.stringify(key)}`);
  }
  return { skip, experimental, error };
}

function ruleSet(value: string): ReadonlySet<string> | "all" {
  return value === "all" ? value : new Set(value.split(",").map((name) => name.trim()));
}

function truth(part: string, value: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw invalid(
    `failed to parse check option ${JSON.stringify(part)}: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}
