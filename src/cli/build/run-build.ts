import { writeFileSync } from "node:fs";
import type { Context } from "../core/context.ts";
import { isTerminal } from "../terminal/terminal.ts";
import type { BuildFlags } from "./build-flags.ts";
import { planBuild } from "./build-plan.ts";
import { buildClassic } from "./classic.ts";
import { failure } from "./fail.ts";

/** `berth build`: with Berth's builder, or with the classic one of a daemon that has no other. Gives the exit code. */
export async function runBuild(context: Context, flags: BuildFlags, argument: string): Promise<number> {
  const plan = planBuild(context, flags, argument, isTerminal(1));
  for (const note of plan.notes) context.err.write(`${note}\n`);
  const id = await buildClassic(context, plan);
  if (plan.progress === "quiet") context.out.write(`${id}\n`);
  writeId(flags.iidfile, id);
  return 0;
}

function writeId(path: string, id: string): void {
  if (path === "") return;
  try {
    writeFileSync(path, id);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw failure(`writing image ID file: open ${path}: ${code === "ENOENT" ? "no such file or directory" : code}`);
  }
}
