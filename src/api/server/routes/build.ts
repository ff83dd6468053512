import { BerthError, invalid } from "../../../lib/index.ts";
import type { BuildLimits, BuildRequest, RegistryAuth, Ulimit } from "../../../spec/api/index.ts";
import { acceptedFilters, parseFilters } from "../filters.ts";
import { createProgressStream } from "../progress-stream.ts";
import { given, queryFlag, queryText } from "../query.ts";
import { RAW_STREAM, sendJson, sendStatus } from "../reply.ts";
import { type HijackCall, type PlainCall, type Route, route } from "../route.ts";

/** POST /build: the classic builder's endpoint, with all its parameters in the query. */
async function classic(call: PlainCall): Promise<void> {
  const { engine, query, body, reply, signal } = call;
  if (queryText(query, "version") === "2")
    throw new BerthError("not-implemented", "BuildKit's session protocol is not spoken here", {
      hint: "use DOCKER_BUILDKIT=0, or berth build",
    });
  const remote = queryText(query, "remote");
  const request = requestOf(call);
  const stream = createProgressStream(reply);
  try {
    const build = { request, quiet: queryFlag(query, "q"), ...(remote === undefined ? {} : { remote }) };
    await engine.builds.classic(build, body, stream.progress, signal);
    stream.end();
  } catch (error) {
    if (signal.aborted) reply.destroy();
    else if (!stream.fail(error)) throw error;
  }
}

function requestOf({ query, headers }: PlainCall): BuildRequest {
  const text = (name: string) => queryText(query, name);
  const platform = text("platform");
  const outputs = text("outputs") === undefined ? [] : objects(query, "outputs");
  const optional = given({
    target: text("target"),
    network: text("networkmode"),
  });
  return {
    context: { kind: "tar" },
    dockerfile: { name: text("dockerfile") ?? "Dockerfile" },
    tags: query.getAll("t").filter((tag) => tag !== ""),
    buildArgs: strings(query, "buildargs"),
    labels: strings(query, "labels"),
    platforms: platform === undefined ? [] : [platform],
    noCache: queryFlag(query, "nocache"),
    pull: queryFlag(query, "pull"),
    squash: queryFlag(query, "squash"),
    hosts: hostsOf(query),
    limits: limitsOf(query),
    auths: authsOf(headers["x-registry-config"]),
    outputs: outputs.map((output) => {
      const { Type, Attrs } = output as { Type?: string; Attrs?: Record<string, string> };
      return { type: Type ?? "", attributes: Attrs ?? {}, toClient: false };
    }),
    ...optional,
  };
}

function json(query: URLSearchParams, name: string): unknown {
  const value = queryText(query, name);
  if (value === undefined) return undefined;
  try {
    return JSON.parse(value);
  } catch {
    throw invalid(`error reading build ${name}: malformed JSON`);
  }
}

/** A map of strings; as in Docker, an argument with null is one that the environment did not have. */
function strings(query: URLSearchParams, name: string): Record<string, string> {
  const value = json(query, name) ?? {};
  if (typeof value !== "object" || Array.isArray(value)) throw invalid(`error reading build ${name}: not a map`);
  const entries = Object.entries(value as object).filter(([, text]) => text !== null);
  for (const [key, text] of entries)
    if (typeof text !== "string") throw invalid(`error reading build ${name}: ${key} is not a string`);
  return Object.fromEntries(entries) as Record<string, string>;
}

function objects(query: URLSearchParams, name: string): object[] {
  const value = json(query, name) ?? [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "object" && item !== null))
    throw invalid(`error reading build ${name}: not a list`);
  return value as object[];
}

/** Clients repeat the parameter, or join the hosts by commas. */
const hostsOf = (query: URLSearchParams) =>
  query
    .getAll("extrahosts")
    .flatMap((text) => text.split(","))
    .filter((text) => text !== "");

function limitsOf(query: URLSearchParams): BuildLimits {
  const number = (name: string) => {
    const text = queryText(query, name);
    if (text === undefined) return undefined;
    if (!/^-?\d{1,18}$/.test(text)) throw invalid(`invalid value for ${name}: ${text}`);
    return Number(text);
  };
  return given({
    memory: number("memory"),
    memorySwap: number("memswap"),
    cpuShares: number("cpushares"),
    cpuPeriod: number("cpuperiod"),
    cpuQuota: number("cpuquota"),
    cpusetCpus: queryText(query, "cpusetcpus"),
    cpusetMems: queryText(query, "cpusetmems"),
    shmSize: number("shmsize"),
    cgroupParent: queryText(query, "cgroupparent"),
    ulimits: objects(query, "ulimits") as Ulimit[],
  });
}

function authsOf(header: string | string[] | undefined): Record<string, RegistryAuth> {
  if (typeof header !== "string" || header === "") return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
    if (typeof value === "object" && value !== null) return value as Record<string, RegistryAuth>;
  } catch {
    // as in Docker, unreadable credentials count as none
  }
  return {};
}

async function graph(call: HijackCall): Promise<void> {
  const { input, output } = await call.accept(RAW_STREAM);
  await call.engine.builds.graph(input, output, call.signal);
}

const bytes = (query: URLSearchParams, ...names: string[]): number | undefined => {
  const text = names.map((name) => queryText(query, name)).find((value) => value !== undefined);
  if (text === undefined) return undefined;
  if (!/^\d{1,18}$/.test(text)) throw invalid(`${names[0]} is in bytes and expects an integer, got ${text}`);
  return Number(text);
};

async function prune({ engine, query, reply }: PlainCall): Promise<void> {
  const filters = parseFilters(query.get("filters"), acceptedFilters.buildPrune);
  const pruned = await engine.builds.prune({
    all: queryFlag(query, "all"),
    filters,
    reserved: bytes(query, "reserved-space", "keep-storage") ?? 0,
    maxUsed: bytes(query, "max-used-space"),
    minFree: bytes(query, "min-free-space") ?? 0,
  });
  sendJson(reply, pruned);
}

export const buildRoutes: readonly Route[] = [
  route("POST", "/build", classic),
  route("POST", "/build/prune", prune, "1.31"),
  { method: "POST", path: "/berth/build", hijack: graph },
  route("POST", "/berth/build/context", async ({ engine, query, body, reply }) =>
    sendJson(reply, await engine.builds.syncContext(queryText(query, "key") ?? "", body)),
  ),
  route("POST", "/berth/build/context/{id}", async ({ engine, params, body, reply }) => {
    await engine.builds.fillContext(params.id ?? "", body);
    sendStatus(reply, 204);
  }),
  route("GET", "/berth/build/cache", async ({ engine, reply }) => sendJson(reply, await engine.builds.cache())),
];
