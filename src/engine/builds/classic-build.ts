import type { Readable } from "node:stream";
import { messageOf, notFound } from "../../lib/index.ts";
import type { BuildRequest } from "../../spec/api/index.ts";
import { familiar, parseReference, withDefaultTag } from "../../spec/index.ts";
import type { Progress } from "../engine.ts";
import type { BuildsDeps } from "./builds-deps.ts";
import { createClassicProgress } from "./classic-progress.ts";
import { type RemoteContext, remoteContext } from "./remote-context.ts";
import { readDockerfile, runBuild } from "./run-build.ts";
import { saveBuilt } from "./save-images.ts";
import { archiveContext } from "./scratch-context.ts";

/** `POST /build`: everything in the request, the context as an archive. */
export interface ClassicBuild {
  readonly request: BuildRequest;
  readonly quiet: boolean;
  /** An address in place of the body, which then may hold a Dockerfile. */
  readonly remote?: string;
}

/** Rejects where nothing was built yet; from the first step on, a failure is told in the progress. */
export async function classicBuild(
  deps: BuildsDeps,
  { request, quiet, remote }: ClassicBuild,
  body: Readable,
  print: Progress,
  signal: AbortSignal,
): Promise<void> {
  const names = (request.tags ?? []).map((tag) => familiar(withDefaultTag(parseReference(tag))));
  const context: RemoteContext =
    remote === undefined ? await archiveContext(deps, body, signal) : await remoteContext(deps, remote, signal);
  try {
    const contexts = new Map([["", context]]);
    const data = context.dockerfile;
    const named = data === undefined ? request : { ...request, dockerfile: { name: "Dockerfile", data } };
    const dockerfile = readOwn(named, contexts);
    const progress = createClassicProgress(print, quiet);
    let planned = false;
    try {
      const session = {
        contexts,
        ssh: () => undefined,
        emit: progress.event,
        planned: (graph: Parameters<typeof progress.planned>[0]) => {
          planned = true;
          progress.planned(graph);
        },
        signal,
      };
      const id = await runBuild(deps, request, dockerfile, session, (built) => saveBuilt(deps, built, names));
      progress.finish(id, names);
    } catch (error) {
      if (!planned || signal.aborted) throw error;
      progress.fail(error);
    }
  } finally {
    context.release();
  }
}

function readOwn(request: BuildRequest, contexts: ReadonlyMap<string, { path: string; id: string }>) {
  try {
    return readDockerfile(request, { contexts });
  } catch (error) {
    const name = request.dockerfile?.name ?? "Dockerfile";
    if (messageOf(error).includes("failed to read dockerfile"))
      throw notFound(`Cannot locate specified Dockerfile: ${name}`, { cause: error });
    throw error;
  }
}
