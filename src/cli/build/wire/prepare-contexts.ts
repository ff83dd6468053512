import { createIgnoreMatcher, parseIgnoreFile } from "../../../lib/ignore/index.ts";
import type { BuildContextSource } from "../../../spec/api/index.ts";
import type { Context } from "../../core/context.ts";
import type { BuildPlan } from "../build-plan.ts";
import { MAX_DOCKERFILE, readDockerfile, tooLarge } from "../context/read-dockerfile.ts";
import { collect, isArchive, peek, standardInput } from "../context/stdin.ts";
import { walkContext } from "../context/walk.ts";
import { failure } from "../fail.ts";
import type { PreparedContexts } from "./build-request.ts";
import { syncContext } from "./sync-context.ts";

export interface Prepared {
  readonly contexts: PreparedContexts;
  /** What follows the request: the context's archive from standard input. */
  readonly archive?: AsyncIterable<Buffer>;
}

/** Reads the Dockerfile and brings the folders of a build to the daemon. */
export async function prepareContexts(context: Context, plan: BuildPlan): Promise<Prepared> {
  const named: Record<string, BuildContextSource> = {};
  for (const [name, place] of Object.entries(plan.contexts)) {
    named[name] = place.kind === "folder" ? await syncFolder(context, place.path, readIgnore(place.path)) : place;
  }
  const stdin = plan.flags.file === "-" ? await dockerfileFromStdin() : undefined;
  const { context: place } = plan;
  if (place.kind === "stdin") return { ...(await stdinContext(plan, named)) };
  if (place.kind === "remote") {
    const dockerfile =
      stdin === undefined ? { name: plan.flags.file || "Dockerfile" } : { name: "Dockerfile", data: stdin };
    return { contexts: { context: place, contexts: named, dockerfile } };
  }
  const source =
    stdin === undefined
      ? readDockerfile(place.path, plan.flags.file)
      : { name: "Dockerfile", data: undefined, ignore: undefined };
  const data = stdin ?? source.data?.toString("base64");
  if (data === undefined)
    throw failure(`failed to solve: failed to read dockerfile: open ${source.name}: no such file or directory`);
  const ignore = stdin === undefined ? source.ignore : readIgnore(place.path);
  return {
    contexts: {
      context: await syncFolder(context, place.path, ignore),
      contexts: named,
      dockerfile: { name: source.name, data },
      ...(ignore === undefined
        ? {}
        : { ignore: { name: ignore.name, data: Buffer.from(ignore.text).toString("base64") } }),
    },
  };
}

type IgnoreText = { readonly name: string; readonly text: string } | undefined;

const readIgnore = (folder: string): IgnoreText => readDockerfile(folder, `${folder}/Dockerfile`).ignore;

async function syncFolder(context: Context, folder: string, ignore: IgnoreText): Promise<BuildContextSource> {
  const rules = ignore === undefined ? undefined : createIgnoreMatcher(parseIgnoreFile(ignore.text));
  return { kind: "synced", id: await syncContext(context, folder, walkContext(folder, rules)) };
}

async function dockerfileFromStdin(): Promise<string> {
  const bytes = await collect(standardInput(), MAX_DOCKERFILE, () => tooLarge("Dockerfile"));
  return bytes.toString("base64");
}

async function stdinContext(plan: BuildPlan, contexts: Record<string, BuildContextSource>): Promise<Prepared> {
  const { head, all } = await peek(standardInput());
  const { file } = plan.flags;
  if (head.length === 0) throw failure("failed to solve: failed to read dockerfile: standard input is empty");
  if (isArchive(head))
    return {
      contexts: { context: { kind: "tar" }, contexts, dockerfile: { name: file || "Dockerfile" } },
      archive: all,
    };
  if (file !== "") throw failure("ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles");
  const bytes = await collect(all, MAX_DOCKERFILE, () => tooLarge("Dockerfile"));
  return {
    contexts: {
      context: { kind: "empty" },
      contexts,
      dockerfile: { name: "Dockerfile", data: bytes.toString("base64") },
    },
  };
}
