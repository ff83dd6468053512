import { createHash } from "node:crypto";
import { formatPlatform } from "../../spec/index.ts";
import type { CopyVertex, RunVertex, StepVertex, WorkdirVertex } from "../graph/index.ts";

/** How results of steps are made; another number forgets all that were made before. */
const GENERATION = 1;

/** Digest of all that a step's result hangs on; `sources` stands for the files that it reads from elsewhere. */
export function stepKey(vertex: StepVertex, base: string, sources: readonly string[]): string {
  const parts = [GENERATION, base, formatPlatform(vertex.platform), String(vertex.epoch), contentOf(vertex), sources];
  return `sha256:${createHash("sha256").update(JSON.stringify(parts)).digest("hex")}`;
}

function contentOf(vertex: StepVertex): unknown[] {
  if (vertex.kind === "run") return runContent(vertex);
  return vertex.kind === "copy" ? copyContent(vertex) : workdirContent(vertex);
}

/** As with BuildKit neither secrets' values nor proxies count; an ARG counts where it has been declared. */
function runContent({ args, script, env, cwd, user, instruction, mounts }: RunVertex): unknown[] {
  const places = mounts.map(({ mount }) => mount);
  return ["run", args, script ?? null, env, cwd, user, instruction.network, instruction.security, places];
}

function copyContent({ instruction, cwd }: CopyVertex): unknown[] {
  const { kind, sources, inlineFiles, destination, chown, chmod, exclude, link } = instruction;
  const own =
    instruction.kind === "copy"
      ? [instruction.parents]
      : [instruction.keepGitDir ?? null, instruction.checksum ?? null, instruction.unpack ?? null];
  return [kind, sources, inlineFiles, destination, chown ?? null, chmod ?? null, exclude, link, own, cwd];
}

const workdirContent = ({ path, user }: WorkdirVertex): unknown[] => ["workdir", path, user];
