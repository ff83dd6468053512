/**
 * Checks of a Dockerfile: BuildKit's own and the practices that people learn the hard way. A *rule* looks at the file
 * and what is known besides (*facts*); each *finding* has its line, its reason, what to write instead and, where that
 * changes nothing else, a *fix*.
 */
export { applyFixes, type Fixed } from "./apply-fixes.ts";
export { buildWarnings } from "./build-warnings.ts";
export { type CheckReport, checkDockerfile } from "./check-dockerfile.ts";
export type { BaseFacts, CheckFacts } from "./facts.ts";
export type { Finding, TextEdit } from "./finding.ts";
