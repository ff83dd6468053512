import { instructionError } from "./in-instruction.ts";
import type { ArgInstruction, Dockerfile, FromInstruction, Stage, StageInstruction, Stages } from "./instruction.ts";

/** Cuts a Dockerfile at its FROMs. Throws DockerfileError for an instruction other than ARG before the first. */
export function stagesOf(dockerfile: Dockerfile): Stages {
  const metaArgs: ArgInstruction[] = [];
  const stages: { from: FromInstruction; instructions: StageInstruction[] }[] = [];
  for (const instruction of dockerfile.instructions) {
    const stage = stages.at(-1);
    if (instruction.kind === "from") stages.push({ from: instruction, instructions: [] });
    else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.kind === "arg") metaArgs.push(instruction);
    else
      throw instructionError(dockerfile, instruction, "no build stage in current context", {
        near: instruction.keyword,
        hint: "expected FROM before any instruction other than ARG",
      });
  }
  return { metaArgs, stages: stages.map((stage, index): Stage => ({ ...stage, index, name: stage.from.name })) };
}

/**
 * The stage of a name (any case; the last where several have it) or number among those before `before`; names go
 * first, as a stage may be called anything but a number.
 */
export function findStage(stages: readonly Stage[], reference: string, before = stages.length): Stage | undefined {
  const earlier = stages.slice(0, before);
  const named = earlier.findLast((stage) => stage.name === reference.toLowerCase());
  if (named !== undefined) return named;
  return /^[0-9]{1,9}$/.test(reference) ? earlier[Number(reference)] : undefined;
}
