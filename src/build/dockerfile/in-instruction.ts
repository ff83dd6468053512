import { Complaint, DockerfileError } from "./dockerfile-error.ts";
import type { Dockerfile, Instruction } from "./instruction.ts";

/** Runs work on an instruction of a file; what it complains of becomes a DockerfileError at the instruction's place. */
export function inInstruction<T>(
  dockerfile: Pick<Dockerfile, "file" | "lines">,
  { location }: Pick<Instruction, "location">,
  work: () => T,
): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    const { file, lines } = dockerfile;
    throw new DockerfileError(
      error.message,
      { file, lines, location, at: placeIn(lines, location, error.near) },
      error.hint,
    );
  }
}

function placeIn(lines: readonly string[], location: Instruction["location"], near: string | undefined) {
  if (near === undefined || near === "") return undefined;
  for (let line = location.startLine; line <= location.endLine; line++) {
    const at = lines[line - 1]?.indexOf(near) ?? -1;
    if (at >= 0) return { line, column: at + 1 };
  }
  return undefined;
}

/** A DockerfileError at an instruction, for what only a later phase can see. */
export function instructionError(
  dockerfile: Pick<Dockerfile, "file" | "lines">,
  instruction: Pick<Instruction, "location">,
  reason: string,
  options: { near?: string | undefined; hint?: string } = {},
): DockerfileError {
  const { file, lines } = dockerfile;
  const { location } = instruction;
  const at = placeIn(lines, location, options.near);
  return new DockerfileError(reason, { file, lines, location, at }, options.hint);
}
