import type { Duplex } from "node:stream";
import {
  type BuildJob,
  type Built,
  type ContextFolder,
  type Dockerfile,
  type NamedContext,
  type Progress,
  parseDockerfile,
} from "../../build/index.ts";
import { BerthError, invalid } from "../../lib/index.ts";
import type { BuildLimits, BuildRequest, BuildStatus, BuildWarning } from "../../spec/api/index.ts";
import { hostPlatform, parsePlatform } from "../../spec/index.ts";
import { readFileIn } from "../../system/index.ts";
import { findBaseImage } from "./base-images.ts";
import type { BuildsDeps } from "./builds-deps.ts";

/** What a build is given beside its request, whoever asks for it. */
export interface BuildSession {
  /** By name; "" is the build's own. */
  readonly contexts: ReadonlyMap<string, ContextFolder>;
  readonly ssh: (id: string) => (() => Promise<Duplex>) | undefined;
  emit(status: BuildStatus): void;
  planned?: BuildJob["planned"];
  readonly onFailure?: BuildJob["onFailure"];
  readonly signal: AbortSignal;
}

/** More than any Dockerfile has. */
const unusedCache: BuildWarning = {
  vertex: "",
  level: 1,
  short: Buffer.from("--cache-from is not built yet: only the daemon's own cache is used").toString("base64"),
  detail: [],
};

const DOCKERFILE_BYTES = 8 * 1024 * 1024;

/** The Dockerfile of a request: its own text, or the context's file of that name. */
export function readDockerfile(request: BuildRequest, session: Pick<BuildSession, "contexts">): Dockerfile {
  const { name = "Dockerfile", data } = request.dockerfile ?? {};
  const own = session.contexts.get("");
  const bytes =
    data !== undefined
      ? Buffer.from(data, "base64")
      : own === undefined
        ? undefined
        : readFileIn(own.path, name, { limit: DOCKERFILE_BYTES });
  if (bytes === undefined)
    throw invalid(`failed to read dockerfile: open ${name}: no such file or directory`, {
      hint: "name it with -f, or look whether .dockerignore leaves it out",
    });
  return parseDockerfile(bytes, { file: name.slice(name.lastIndexOf("/") + 1) });
}

/** Builds what a request asks for and hands the result to `use`. */
export function runBuild<T>(
  deps: BuildsDeps,
  request: BuildRequest,
  dockerfile: Dockerfile,
  session: BuildSession,
  use: (built: readonly Built[], progress: Progress) => Promise<T>,
): Promise<T> {
  const { ssh, emit, planned, onFailure, signal } = session;
  if (request.squash)
    throw invalid("squash is only supported with experimental mode", { hint: "build FROM scratch and COPY --from" });
  if ((request.cacheTo ?? []).length > 0)
    throw new BerthError("not-implemented", "--cache-to is not built yet", { hint: "the daemon's own cache is kept" });
  // Docker goes on where a cache is of no use, and says so.
  if ((request.cacheFrom ?? []).length > 0) emit({ warnings: [unusedCache] });
  const buildArgs = new Map(Object.entries(request.buildArgs ?? {}));
  const platforms = (request.platforms ?? []).filter((text) => text !== "").map((text) => parsePlatform(text));
  const baseOptions = { auths: request.auths ?? {}, pull: request.pull ?? false };
  const job: BuildJob = {
    dockerfile,
    target: request.target ?? "",
    buildArgs,
    labels: request.labels ?? {},
    platforms: platforms.length === 0 ? [hostPlatform()] : platforms,
    buildPlatform: hostPlatform(),
    contexts: namedContexts(request),
    noCache: request.noCache ?? false,
    noCacheFilter: request.noCacheFilter ?? [],
    sourceDateEpoch: epochOf(buildArgs.get("SOURCE_DATE_EPOCH") ?? request.sourceDateEpoch),
    squash: request.squash ?? false,
    settings: {
      contexts: session.contexts,
      secrets: new Map((request.secrets ?? []).map(({ id, data }) => [id, Buffer.from(data, "base64")])),
      ssh,
      hosts: request.hosts ?? [],
      network: networkOf(request.network ?? ""),
      limits: limitsOf(request.limits ?? {}),
      allowed: new Set(request.allow ?? []),
    },
    image: (need, progress, inner) => findBaseImage(deps, baseOptions, need, progress, inner),
    emit,
    ...(planned === undefined ? {} : { planned }),
    ...(onFailure === undefined ? {} : { onFailure }),
    signal,
  };
  return deps.builder.build(job, use);
}

function namedContexts(request: BuildRequest): Map<string, NamedContext> {
  const named = Object.entries(request.contexts ?? {}).map(([name, source]): [string, NamedContext] => [
    name.toLowerCase(),
    source.kind === "image" ? { kind: "image", reference: source.reference } : { kind: "files" },
  ]);
  return new Map(named);
}

function epochOf(value: string | number | undefined): number | undefined {
  if (value === undefined || value === "") return undefined;
  const seconds = Number(value);
  if (!Number.isSafeInteger(seconds) || seconds < 0) throw invalid(`invalid SOURCE_DATE_EPOCH: ${value}`);
  return seconds;
}

function networkOf(text: string): "default" | "none" | "host" {
  if (text === "" || text === "default" || text === "bridge") return "default";
  if (text === "none" || text === "host") return text;
  throw invalid(`network mode "${text}" not supported by the builder: default, none or host`);
}

/** Limits that say nothing are left out. */
function limitsOf({ ulimits, ...limits }: BuildLimits): Omit<BuildLimits, "ulimits"> & Pick<BuildLimits, "ulimits"> {
  const set = Object.entries(limits).filter(([, value]) => value !== 0 && value !== "" && value !== undefined);
  return { ...Object.fromEntries(set), ...(ulimits === undefined || ulimits.length === 0 ? {} : { ulimits }) };
}
