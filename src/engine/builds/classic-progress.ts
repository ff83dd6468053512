import { type Graph, StepError, vertexDigest } from "../../build/index.ts";
import type { BuildStatus, JSONMessage } from "../../spec/api/index.ts";

/** What Docker's classic builder prints, made of a build's events: the file's steps in order, each when its time has come. */
export interface ClassicProgress {
  planned(graph: Graph): void;
  event(status: BuildStatus): void;
  /** Prints the rest. */
  finish(imageId: string, names: readonly string[]): void;
  fail(error: unknown): void;
}

interface Step {
  readonly text: string;
  readonly digest: string | undefined;
}

interface Seen {
  begun: boolean;
  done: boolean;
  cached: boolean;
  output: string[];
}

export function createClassicProgress(print: (message: JSONMessage) => void, quiet: boolean): ClassicProgress {
  const seen = new Map<string, Seen>();
  let steps: Step[] = [];
  let at = 0;
  let opened = false;
  const say = (stream: string) => {
    if (!quiet) print({ stream });
  };
  const of = (digest: string): Seen => {
    const known = seen.get(digest) ?? { begun: false, done: false, cached: false, output: [] };
    seen.set(digest, known);
    return known;
  };
  const short = (digest: string) => digest.slice(7, 19);

  /** Prints as far as the build has come. */
  const advance = (all: boolean) => {
    for (; at < steps.length; at++, opened = false) {
      const step = steps[at];
      if (step === undefined) return;
      const state = step.digest === undefined ? undefined : of(step.digest);
      if (!opened) {
        say(`Step ${at + 1}/${steps.length} : ${step.text}`);
        say("\n");
      }
      if (state === undefined || step.digest === undefined) continue;
      if (!opened && state.begun && !state.cached) say(` ---> Running in ${short(step.digest)}\n`);
      opened = opened || state.begun || state.cached;
      for (const text of state.output.splice(0)) say(text);
      if (!state.done) {
        opened = true;
        if (!all) return;
      }
      if (state.cached && /^from\s/i.test(step.text) === false) say(" ---> Using cache\n");
      else if (!/^from\s/i.test(step.text)) say(` ---> Removed intermediate container ${short(step.digest)}\n`);
      say(` ---> ${short(step.digest)}\n`);
    }
  };
  return {
    planned(graph) {
      steps = graph.steps.map(({ text, vertex }) => ({
        text,
        digest: vertex === undefined ? undefined : vertexDigest(vertex),
      }));
    },
    event({ vertexes = [], logs = [] }) {
      for (const { digest, started, completed, cached } of vertexes) {
        const state = of(digest);
        state.begun = state.begun || started !== undefined;
        state.done = state.done || completed !== undefined;
        state.cached = state.cached || cached === true;
      }
      for (const { vertex, data } of logs) of(vertex).output.push(Buffer.from(data, "base64").toString("utf8"));
      if (steps.length > 0) advance(false);
    },
    finish(imageId, names) {
      advance(true);
      print({ aux: { ID: imageId } });
      if (quiet) print({ stream: `${imageId}\n` });
      say(`Successfully built ${short(imageId)}\n`);
      for (const name of names) say(`Successfully tagged ${name}\n`);
    },
    fail(error) {
      advance(false);
      const message =
        error instanceof StepError && error.command !== undefined
          ? `The command '${error.command.join(" ")}' returned a non-zero code: ${error.stepExitCode}`
          : error instanceof Error
            ? error.message
            : String(error);
      const code = error instanceof StepError ? error.stepExitCode : undefined;
      print({ errorDetail: { ...(code === undefined ? {} : { code }), message }, error: message });
    },
  };
}
