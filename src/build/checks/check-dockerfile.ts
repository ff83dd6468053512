import { messageOf } from "../../lib/index.ts";
import { type Dockerfile, type Instruction, instructionError } from "../dockerfile/index.ts";
import { formRules } from "./buildkit-form.ts";
import { meaningRules } from "./buildkit-meaning.ts";
import { type CheckContext, createContext } from "./context.ts";
import type { CheckFacts } from "./facts.ts";
import type { Finding, Rule } from "./finding.ts";
import { type CheckOptions, DEFAULT_OPTIONS, parseCheckOptions } from "./options.ts";
import { imageRules } from "./practice-image.ts";
import { layerRules } from "./practice-layers.ts";

const RULES: readonly Rule<CheckContext>[] = [...formRules, ...meaningRules, ...imageRules, ...layerRules];

export interface CheckReport {
  /** In the order of their lines. */
  readonly findings: readonly Finding[];
  /** BuildKit's words when `error=true` and there are findings of BuildKit's rules or Berth's. */
  readonly failure: string | undefined;
}

/**
 * Checks a Dockerfile. `# check=skip=A,B|all;error=true;experimental=C|all` at its head, or above one instruction, and
 * `facts.options` (which wins, as BUILDKIT_DOCKERFILE_CHECK does) say what is looked for. Throws DockerfileError for a
 * file without stages or with an option that is none.
 */
export function checkDockerfile(
  dockerfile: Dockerfile,
  facts: CheckFacts & { readonly options?: string } = {},
): CheckReport {
  const options = optionsOf(dockerfile, facts.options ?? dockerfile.directives.check);
  const context = createContext(dockerfile, facts);
  const wanted = RULES.filter((rule) => isOn(rule, options));
  const skipped = skippedBy(dockerfile);
  const findings = wanted
    .flatMap((rule) => rule.find(context).map((remark) => findingOf(dockerfile.file, rule, remark)))
    .filter(({ rule, location }) => skipped(location.startLine, rule) !== true)
    .sort((a, b) => a.line - b.line);
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  const failure = options.error && rules.length > 0 ? `lint violation found for rules: ${rules.join(", ")}` : undefined;
  return { findings, failure };
}

function optionsOf(dockerfile: Dockerfile, text: string | undefined): CheckOptions {
  if (text === undefined) return DEFAULT_OPTIONS;
  try {
    return parseCheckOptions(text);
  } catch (error) {
    const line = Math.max(1, dockerfile.lines.findIndex((one) => /^\s*#\s*check\s*=/i.test(one)) + 1);
    const location = { startLine: line, startColumn: 1, endLine: line, endColumn: 1 };
    throw instructionError(dockerfile, { location }, messageOf(error));
  }
}

function isOn({ name, experimental }: Rule<CheckContext>, options: CheckOptions): boolean {
  if (options.skip === "all" || options.skip.has(name)) return false;
  return experimental !== true || options.experimental === "all" || options.experimental.has(name);
}

/** `# check=skip=…` above an instruction is about that instruction. */
function skippedBy({ instructions }: Dockerfile): (line: number, rule: string) => boolean {
  const byLine = new Map<number, CheckOptions["skip"]>();
  for (const instruction of instructions) {
    const skip = skipAbove(instruction);
    if (skip !== undefined) byLine.set(instruction.location.startLine, skip);
  }
  return (line, rule) => {
    const skip = byLine.get(line);
    return skip === "all" || skip?.has(rule) === true;
  };
}

function skipAbove({ comments }: Instruction): CheckOptions["skip"] | undefined {
  const comment = comments.findLast((text) => /^check\s*=/.test(text));
  if (comment === undefined) return undefined;
  try {
    return parseCheckOptions(comment.replace(/^check\s*=/, "")).skip;
  } catch {
    return undefined;
  }
}

function findingOf(
  file: string,
  { name, reason, url }: Rule<CheckContext>,
  remark: ReturnType<Rule<CheckContext>["find"]>[number],
): Finding {
  const { location, message, suggestion, fix } = remark;
  return {
    ...{ rule: name, file, line: location.startLine, location, message, reason },
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(url === undefined ? {} : { url }),
    ...(fix === undefined ? {} : { fix }),
  };
}
