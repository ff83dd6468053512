import { CliError } from "../../core/cli-error.ts";

/** There is one builder: the daemon. Any other name is one that nobody made. */
export function checkBuilder(name: string): void {
  if (name !== "" && name !== "default") throw new CliError(`ERROR: no builder ${JSON.stringify(name)} found`);
}
