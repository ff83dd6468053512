import { CliError } from "../core/cli-error.ts";
import { cut } from "../core/flag.ts";

/** What `wait-for` waits for. */
export type Condition =
  | { readonly kind: "healthy" }
  | { readonly kind: "log"; readonly pattern: RegExp }
  | { readonly kind: "port"; readonly port: number };

const MAX_PORT = 65_535;

/** Reads "healthy", "log=PATTERN" (a regular expression) or "port=N". Throws CliError for anything else. */
export function parseCondition(text: string): Condition {
  const [kind, value] = cut(text, "=");
  if (text === "healthy") return { kind: "healthy" };
  if (kind === "log" && value) return { kind: "log", pattern: patternOf(value) };
  if (kind === "port" && value !== undefined && /^\d{1,5}$/.test(value)) {
    const port = Number(value);
    if (port > 0 && port <= MAX_PORT) return { kind: "port", port };
  }
  throw new CliError(`invalid condition ${JSON.stringify(text)}: use healthy, log=PATTERN or port=NUMBER`);
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch (error) {
    throw new CliError(`invalid pattern ${JSON.stringify(text)}: ${(error as Error).message}`);
  }
}
