import type { BuildWarning } from "../../spec/api/index.ts";
import type { Dockerfile } from "../dockerfile/index.ts";
import type { Finding } from "./finding.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** Findings as the warnings of a build's progress, in BuildKit's form: "Rule: what is wrong (line 3)". */
export function buildWarnings(dockerfile: Dockerfile, findings: readonly Finding[], vertex: string): BuildWarning[] {
  const data = base64(dockerfile.lines.join("\n"));
  return findings.map(({ rule, line, message, reason, suggestion, url, location }) => ({
    vertex,
    level: 1,
    short: base64(`${rule}: ${message} (line ${line})`),
    detail: [base64(reason), ...(suggestion === undefined ? [] : [base64(`Try: ${suggestion}`)])],
    ...(url === undefined ? {} : { url }),
    sourceInfo: { filename: dockerfile.file, data, language: "Dockerfile" },
    range: [
      {
        start: { line: location.startLine, character: location.startColumn - 1 },
        end: { line: location.endLine, character: location.endColumn - 1 },
      },
    ],
  }));
}
