import { ApiError } from "../../api/client/index.ts";
import { CliError } from "../core/cli-error.ts";
import type { Context } from "../core/context.ts";
import { errorText } from "../core/error-text.ts";
import { formatInspect, type RawObject } from "../format/inspect-output.ts";

type Json = Record<string, unknown>;

/** Fetches the named objects one after the other and prints them all, then the first failure. */
export async function inspectObjects(
  context: Context,
  names: readonly string[],
  options: { format: string; fetch: (name: string) => Promise<string>; complete?: (object: Json) => Json },
): Promise<number> {
  const objects: RawObject[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      objects.push({ json: await options.fetch(name) });
    } catch (error) {
      if (!(error instanceof ApiError) && !(error instanceof CliError)) throw error;
      failures.push(errorText(error, context));
    }
  }
  const { text, error } = await formatInspect(objects, options.format, options.complete);
  context.out.write(text === "" && options.format !== "" ? "\n" : text);
  if (error !== undefined) throw error;
  if (failures.length > 0) throw new CliError(failures.join("\n"));
  return 0;
}

/** The text of a JSON response, as the daemon wrote it. */
export async function fetchText(
  context: Context,
  path: string,
  query?: Record<string, boolean | undefined | string>,
): Promise<string> {
  const response = await context.client.request("GET", path, query === undefined ? {} : { query });
  return response.body.text();
}
