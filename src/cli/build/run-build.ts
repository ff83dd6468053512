import { writeFileSync } from "node:fs";
import type { BuildResult } from "../../spec/api/index.ts";
import { CliError } from "../core/cli-error.ts";
import type { Context } from "../core/context.ts";
import { isTerminal } from "../terminal/terminal.ts";
import type { BuildFlags } from "./build-flags.ts";
import { planBuild } from "./build-plan.ts";
import { failure } from "./fail.ts";

/** `berth build`: with Berth's builder, or with the classic one of a daemon that has no other. Gives the exit code. */
export async function runBuild(context: Context, flags: BuildFlags, argument: string): Promise<number> {
  const plan = planBuild(context, flags, argument, isTerminal(1));
  for (const note of plan.notes) context.err.write(`${note}\n`);
  // The connection is also the question which builder there is.
  const { openBuild } = await import("./wire/build-connection.ts");
  const connection = await openBuild(context);
  const { result, exitCode } =
    connection === undefined
      ? { result: await classic(context, plan), exitCode: 0 }
      : await (await import("./graph-build.ts")).buildGraph(context, plan, connection);
  const id = result.imageId ?? "";
  if (plan.progress === "quiet" && plan.call === "build" && id !== "") context.out.write(`${id}\n`);
  if (flags.iidfile !== "") writeFile(flags.iidfile, id, "writing image ID file: ");
  if (flags["metadata-file"] !== "")
    writeFile(flags["metadata-file"], `${JSON.stringify(metadata(result), null, 2)}`, "");
  return exitCode;
}

async function classic(
  context: Context,
  plan: Parameters<typeof import("./classic.ts").buildClassic>[1],
): Promise<BuildResult> {
  const { buildClassic } = await import("./classic.ts");
  return { imageId: await buildClassic(context, plan) };
}

const metadata = ({ imageId, metadata: more }: BuildResult) =>
  more ?? { "containerimage.config.digest": imageId, "containerimage.digest": imageId };

function writeFile(path: string, text: string, what: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "no such file or directory" : code === "EISDIR" ? "is a directory" : message;
    if (code === undefined) throw new CliError(message);
    throw failure(`${what}open ${path}: ${why}`);
  }
}
