/**
 * The builder's front end: Dockerfile text → logical lines → typed instructions → stages, and the expansion of
 * variables by BuildKit's rules. Pure: no file is read here. Every instruction keeps its place in the file.
 *
 * Words that are wrong raise a Complaint, which `inInstruction` turns into a DockerfileError with the place.
 */
export * from "./arg-scope.ts";
export { Complaint, DockerfileError } from "./dockerfile-error.ts";
export * from "./expand.ts";
export { inInstruction, instructionError } from "./in-instruction.ts";
export type * from "./instruction.ts";
export type { Location } from "./location.ts";
export { didYouMean, nearestName } from "./nearest-name.ts";
export { parseDockerfile } from "./parse-dockerfile.ts";
export { parseExposed } from "./parse-exposed.ts";
export type { Lookup } from "./shell-lexer.ts";
export { findStage, stagesOf } from "./stages.ts";
