import type { Readable, Writable } from "node:stream";
import {
  type Built,
  type ContextFolder,
  type Dockerfile,
  DockerfileError,
  type Progress,
  StepError,
  settledLayer,
  vertexDigest,
} from "../../build/index.ts";
import { imageArchive, parseOutputOptions, rootArchive } from "../../build/output/index.ts";
import { BerthError, invalid, messageOf } from "../../lib/index.ts";
import type {
  BuildFailure,
  BuildMessage,
  BuildOutputRequest,
  BuildRequest,
  BuildResult,
} from "../../spec/api/index.ts";
import { formatReference, parseReference, withDefaultTag } from "../../spec/index.ts";
import type { BuildsDeps } from "./builds-deps.ts";
import { checkBuild } from "./check-build.ts";
import { type FrameChannel, openFrames } from "./frame-channel.ts";
import { isPush, pushBuilt } from "./push-built.ts";
import { remoteContext } from "./remote-context.ts";
import { type BuildSession, readDockerfile, runBuild } from "./run-build.ts";
import { saveBuilt } from "./save-images.ts";
import { archiveContext, emptyContext } from "./scratch-context.ts";

/** `POST /berth/build`: one build on a connection of frames. Never rejects; the connection is closed at the end. */
export async function graphBuild(
  deps: BuildsDeps,
  input: Readable,
  output: Writable,
  outer: AbortSignal,
): Promise<void> {
  const channel = openFrames(input, output, outer);
  const releases: (() => void)[] = [];
  let dockerfile: Dockerfile | undefined;
  let message: BuildMessage;
  try {
    const request = await channel.request;
    const contexts = await openContexts(deps, channel, request, releases);
    dockerfile = readDockerfile(withRemote(request, contexts.get("")), { contexts });
    const checked = await checkBuild(deps, {
      ...{ request, dockerfile, context: contexts.get("")?.path },
      ...{ emit: channel.send, signal: channel.signal },
    });
    message = { result: checked ?? (await solve(deps, channel, request, dockerfile, contexts)) };
  } catch (error) {
    message = { error: failureOf(error, dockerfile) };
  } finally {
    for (const release of releases) release();
  }
  channel.send(message);
  channel.end();
}

async function openContexts(
  deps: BuildsDeps,
  channel: FrameChannel,
  request: BuildRequest,
  releases: (() => void)[],
): Promise<Map<string, ContextFolder>> {
  const contexts = new Map<string, ContextFolder>();
  for (const [name, source] of [["", request.context] as const, ...Object.entries(request.contexts ?? {})]) {
    if (source.kind === "image") continue;
    if (source.kind === "synced") {
      const held = deps.contexts.hold(source.id);
      releases.push(held.release);
      contexts.set(name.toLowerCase(), { path: held.path, id: source.id });
      continue;
    }
    if (source.kind === "remote") {
      const remote = await remoteContext(deps, source.url, channel.signal);
      releases.push(remote.release);
      contexts.set(name.toLowerCase(), remote);
      continue;
    }
    if (source.kind !== "tar" && source.kind !== "empty")
      throw new BerthError("not-implemented", `a context of kind ${source.kind} is not built yet`);
    const made =
      source.kind === "tar"
        ? await archiveContext(deps, channel.context as AsyncIterable<Buffer>, channel.signal)
        : emptyContext(deps);
    releases.push(made.release);
    contexts.set(name.toLowerCase(), made);
  }
  return contexts;
}

/** An address may be that of a Dockerfile. */
const withRemote = (request: BuildRequest, own: (ContextFolder & { dockerfile?: string }) | undefined): BuildRequest =>
  own?.dockerfile === undefined ? request : { ...request, dockerfile: { name: "Dockerfile", data: own.dockerfile } };

function solve(
  deps: BuildsDeps,
  channel: FrameChannel,
  request: BuildRequest,
  dockerfile: Dockerfile,
  contexts: ReadonlyMap<string, ContextFolder>,
): Promise<BuildResult> {
  const agents = new Set(request.ssh ?? []);
  const session = {
    contexts,
    ssh: (id: string) => (agents.has(id) ? async () => channel.ssh(id) : undefined),
    emit: channel.send,
    signal: channel.signal,
    ...(request.debug === undefined ? {} : { onFailure: debugShell(deps, channel) }),
  };
  return runBuild(deps, request, dockerfile, session, (built, progress) =>
    deliver(deps, channel, request, built, progress),
  );
}

/** A shell in the state that a failed step has left, until the user leaves it. */
const debugShell =
  ({ steps }: BuildsDeps, channel: FrameChannel): NonNullable<BuildSession["onFailure"]> =>
  async (_vertex, _root, step) => {
    const { stdin: _, onOutput: __, args: ___, id, ...rest } = step;
    channel.send({ shell: "open" });
    const output = (chunk: Buffer) => channel.output(2, chunk);
    const terminal = { input: channel.shell as AsyncIterable<Uint8Array>, output, onResize: channel.onResize };
    try {
      await steps.shell({ ...rest, id: `${id}-shell`, terminal });
    } finally {
      channel.send({ shell: "closed" });
    }
  };

const IMAGE_TYPES = new Set(["docker", "image", "registry"]);

/** Hands the result to each output; without any, it is an image of the store. */
async function deliver(
  deps: BuildsDeps,
  channel: FrameChannel,
  request: BuildRequest,
  built: readonly Built[],
  progress: Progress,
): Promise<BuildResult> {
  const outputs = request.outputs ?? [];
  const own = outputs.filter(({ type, toClient }) => !toClient && IMAGE_TYPES.has(type));
  const tags = [
    ...(request.tags ?? []),
    ...own.flatMap(({ attributes }) => (attributes.name ?? "").split(",").filter(Boolean)),
  ];
  let imageId: string | undefined;
  if (outputs.length === 0 || own.length > 0) {
    const vertex = { id: `exporting ${Math.random()}`, name: "exporting to image", inputs: [] };
    progress.begin(vertex);
    imageId = await saveBuilt(deps, built, tags);
    progress.work(vertex, { id: `writing image ${imageId}`, current: 0, completed: true });
    for (const tag of tags) progress.work(vertex, { id: `naming to ${fullName(tag)}`, current: 0, completed: true });
    progress.done(vertex);
  }
  let pushed: string | undefined;
  for (const one of outputs)
    if (isPush(one)) pushed = await pushBuilt(deps, request, one, built, progress, channel.signal);
  for (const one of outputs) if (one.toClient) await send(deps, channel, one, built, tags, progress);
  const [first] = built;
  if (imageId === undefined && outputs.every(({ type }) => type === "cacheonly" || type === "local" || type === "tar"))
    return {};
  const id = imageId ?? first?.id;
  const names = tags.map(fullName).join(",");
  return {
    ...(id === undefined ? {} : { imageId: id }),
    metadata: {
      "containerimage.config.digest": id,
      "containerimage.digest": pushed ?? id,
      ...(names === "" ? {} : { "image.name": names }),
    },
  };
}

const fullName = (tag: string) => formatReference(withDefaultTag(parseReference(tag)));

async function send(
  deps: BuildsDeps,
  channel: FrameChannel,
  { type, attributes }: BuildOutputRequest,
  built: readonly Built[],
  tags: readonly string[],
  progress: Progress,
): Promise<void> {
  const title =
    type === "oci" || type === "docker" ? `exporting to ${type} image format` : "exporting to client tarball";
  const vertex = {
    id: `sending ${Math.random()}`,
    name: type === "local" ? "exporting to client directory" : title,
    inputs: [],
  };
  progress.begin(vertex);
  if (type === "oci" || type === "docker") {
    const options = parseOutputOptions(type, attributes);
    const names = [...options.names, ...tags.map((tag) => withDefaultTag(parseReference(tag)))];
    const parts = { blobs: deps.imageParts.blobs, leases: deps.imageParts.store.leases };
    const images = built.map(({ platform, config, layers }) => ({ platform, config, layers }));
    await pour(channel, await imageArchive(type, images, { ...options, names }, parts));
  } else if (type === "tar" || type === "local") await sendRoots(deps, channel, built);
  else throw invalid(`exporter "${type}" could not be found`);
  progress.done(vertex);
}

async function sendRoots(deps: BuildsDeps, channel: FrameChannel, built: readonly Built[]): Promise<void> {
  const held = built.map(({ platform, layers }) => ({
    platform,
    ...deps.builder.roots.hold(layers.map((layer) => settledLayer(pathOf(deps, layer.chainId), layer))),
  }));
  try {
    const roots = held.map(({ platform, path }) => ({ platform, path }));
    const { packer, folder } = deps;
    await pour(channel, rootArchive({ packer, roots, folder, signal: channel.signal }));
  } finally {
    for (const { release } of held) release();
  }
}

function pathOf({ layers }: BuildsDeps, chainId: string): string {
  const layer = layers.get(chainId);
  if (layer === undefined) throw new BerthError("internal", `layer ${chainId} is missing`);
  return layer.path;
}

async function pour(channel: FrameChannel, archive: Readable): Promise<void> {
  for await (const chunk of archive) {
    channel.signal.throwIfAborted();
    await channel.output(5, chunk as Buffer);
  }
}

function failureOf(error: unknown, dockerfile: Dockerfile | undefined): BuildFailure {
  const hint = error instanceof BerthError ? error.hint : undefined;
  const more = hint === undefined ? {} : { hint };
  if (error instanceof StepError) {
    const { vertex, stepExitCode } = error;
    const exit = stepExitCode === undefined ? {} : { stepExitCode };
    return {
      message: error.message,
      ...more,
      ...exit,
      vertex: vertexDigest(vertex.id),
      ...sourceOf(vertex, dockerfile),
    };
  }
  if (error instanceof DockerfileError)
    return { message: error.message, ...more, ...sourceOf(error, error, { line: error.line, column: error.column }) };
  return { message: messageOf(error), ...more };
}

function sourceOf(
  at: { readonly location?: { readonly startLine: number; readonly endLine: number } },
  dockerfile: Pick<Dockerfile, "file" | "lines"> | undefined,
  place?: { readonly line: number; readonly column: number },
): Pick<BuildFailure, "source"> {
  if (at.location === undefined || dockerfile === undefined) return {};
  const { startLine, endLine } = at.location;
  const data = Buffer.from(dockerfile.lines.join("\n")).toString("base64");
  return {
    source: {
      filename: dockerfile.file,
      data,
      start: startLine,
      end: endLine,
      ...(place === undefined ? {} : { at: place }),
    },
  };
}
