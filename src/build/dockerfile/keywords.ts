import type { Instruction } from "./instruction.ts";

/** Every instruction's name, in the case that messages use. */
export const KEYWORDS: ReadonlyMap<string, Instruction["kind"]> = new Map(
  (
    [
      "add",
      "arg",
      "cmd",
      "copy",
      "entrypoint",
      "env",
      "expose",
      "from",
      "healthcheck",
      "label",
      "maintainer",
      "onbuild",
      "run",
      "shell",
      "stopsignal",
      "user",
      "volume",
      "workdir",
    ] as const
  ).map((kind) => [kind.toUpperCase(), kind]),
);
