import { CliError } from "../core/cli-error.ts";
import * as flag from "../core/flag.ts";

/** The table below the usage line of create and update. */
export const endpointHelp = `Docker endpoint config:

NAME                DESCRIPTION
from                Copy named context's Docker endpoint configuration
host                Docker endpoint on which to connect
ca                  Trust certs signed only by this CA
cert                Path to TLS certificate file
key                 Path to TLS key file
skip-tls-verify     Skip TLS certificate validation`;

export const endpointFlags = {
  description: flag.string("Description of the context"),
  docker: flag.collect("stringToString", (text) => text, "set the docker endpoint", "[]"),
};

/** "a=1,b=2", repeated: what comes later counts. */
export function keyValues(texts: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const part of texts.flatMap((text) => text.split(","))) {
    const at = part.indexOf("=");
    if (at === -1)
      throw new CliError(
        `invalid argument ${JSON.stringify(texts.join(","))} for "--docker" flag: ${part} must be formatted as key=value`,
      );
    pairs.set(part.slice(0, at), part.slice(at + 1));
  }
  return pairs;
}
