import { CliError } from "../../core/cli-error.ts";
import type { Context } from "../../core/context.ts";
import { errorText } from "../../core/error-text.ts";

/** As many requests of one command are under way at a time. */
const PARALLEL = 50;

/**
 * Does one thing to each of the named objects, several at a time, printing each name (or what `act` gives in its place)
 * in the order given. Failures are collected: they reject together at the end, one a line.
 */
export async function each(
  context: Context,
  names: readonly string[],
  act: (name: string) => Promise<string | undefined>,
  options: { parallel?: number } = {},
): Promise<number> {
  const width = options.parallel ?? PARALLEL;
  const running: Promise<string | undefined>[] = [];
  const failures: string[] = [];
  for (const [index, name] of names.entries()) {
    for (let ahead = running.length; ahead < Math.min(names.length, index + width); ahead++)
      running.push(guarded(act, names[ahead] ?? ""));
    try {
      const shown = (await running[index]) ?? name;
      if (shown !== "") context.out.write(`${shown}\n`);
    } catch (error) {
      failures.push(errorText(error, context));
    }
  }
  if (failures.length > 0) throw new CliError(failures.join("\n"));
  return 0;
}

/** A rejection that is looked at later must not count as unhandled now. */
function guarded(act: (name: string) => Promise<string | undefined>, name: string): Promise<string | undefined> {
  const result = act(name);
  result.catch(() => undefined);
  return result;
}
