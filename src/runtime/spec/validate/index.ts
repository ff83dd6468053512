/** Refusals and warnings about what a user asked for, in Docker's words. */
export { validateContainerConfig, validateHostConfig } from "./validate.ts";
