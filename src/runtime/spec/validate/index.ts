/** Refusals and warnings about what a user asked for, in Docker's words. */
export { type Validated, validateContainerConfig, validateHostConfig } from "./validate.ts";
