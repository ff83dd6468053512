/**
 * The builder's front end: Dockerfile text → logical lines → typed instructions → stages, and the expansion of
 * variables by BuildKit's rules. Pure: no file is read here. Every instruction keeps its place in the file.
 */
export type * from "./instruction.ts";
export type { Location } from "./location.ts";
