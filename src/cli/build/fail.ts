import { CliError } from "../core/cli-error.ts";

/** A failure of a build, in the form that buildx gives all of its own: "ERROR: …". */
export const failure = (message: string, exitCode = 1) => new CliError(`ERROR: ${message}`, exitCode);
