import { invalid } from "../../../lib/index.ts";
import type { ImageInspect, ImageSummary } from "../../../spec/api/index.ts";
import { acceptedFilters, parseFilters } from "../filters.ts";
import { given, queryFlag, queryText } from "../query.ts";
import { sendJson, sendStatus } from "../reply.ts";
import { type PlainCall, type Route, route } from "../route.ts";
import { atLeast } from "../versions.ts";

const name = (call: PlainCall) => call.params.name ?? "";

async function list({ engine, query, reply, version }: PlainCall): Promise<void> {
  const filters = new Map(parseFilters(query.get("filters"), acceptedFilters.images));
  const reference = queryText(query, "filter");
  if (reference !== undefined && !atLeast(version, "1.41")) filters.set("reference", [reference]);
  const images = await engine.images.list({
    all: queryFlag(query, "all"),
    digests: queryFlag(query, "digests"),
    sharedSize: queryFlag(query, "shared-size"),
    filters,
  });
  const forOld = (image: ImageSummary) => ({ ...image, VirtualSize: image.Size });
  sendJson(reply, atLeast(version, "1.44") ? images : images.map(forOld));
}

async function inspect(call: PlainCall): Promise<void> {
  const options = given({ platform: platformOf(call.query) });
  const image = await call.engine.images.inspect(name(call), options);
  sendJson(call.reply, forClient(image, call.version));
}

/** What the configuration of every image had until API 1.50, said or not. */
const formerConfig = {
  ...{ Hostname: "", Domainname: "", User: "", AttachStdin: false, AttachStdout: false, AttachStderr: false },
  ...{ Tty: false, OpenStdin: false, StdinOnce: false, Env: null, Cmd: null, Image: "", Volumes: null },
  ...{ WorkingDir: "", Entrypoint: null, OnBuild: null, Labels: null },
};

/** Members that were dropped from the API and that clients of that time read without asking whether they are there. */
function forClient(image: ImageInspect, version: string): object {
  return {
    ...image,
    ...(atLeast(version, "1.50") ? {} : { Config: { ...formerConfig, ...image.Config } }),
    ...(atLeast(version, "1.44") ? {} : { VirtualSize: image.Size }),
    ...(atLeast(version, "1.45") ? {} : { Container: "", ContainerConfig: image.Config ?? {} }),
  };
}

/** `platform` of the image endpoints: JSON since API 1.48, "os/arch/variant" from others. */
export function platformOf(query: URLSearchParams): string | undefined {
  const text = queryText(query, "platform");
  return text === undefined ? undefined : platformText(text);
}

function platformText(text: string): string {
  if (!text.startsWith("{")) return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid("invalid platform: malformed JSON");
  }
  const { os, architecture, variant } = value as Record<string, unknown>;
  const parts = [os, architecture, variant].filter((part) => part !== undefined && part !== "");
  if (parts.length < 2 || parts.some((part) => typeof part !== "string")) throw invalid(`invalid platform: ${text}`);
  return parts.join("/");
}

async function tag(call: PlainCall): Promise<void> {
  const repo = queryText(call.query, "repo");
  const version = queryText(call.query, "tag");
  if (repo === undefined) throw invalid("invalid reference format");
  await call.engine.images.tag(name(call), version === undefined ? repo : `${repo}:${version}`);
  sendStatus(call.reply, 201);
}

async function remove(call: PlainCall): Promise<void> {
  const { query } = call;
  const platforms = query.getAll("platforms").filter(Boolean).map(platformText);
  const options = { force: queryFlag(query, "force"), prune: !queryFlag(query, "noprune") };
  const removed = await call.engine.images.remove(
    name(call),
    platforms.length === 0 ? options : { ...options, platforms },
  );
  sendJson(call.reply, removed);
}

async function prune({ engine, query, reply }: PlainCall): Promise<void> {
  sendJson(reply, await engine.images.prune(parseFilters(query.get("filters"), acceptedFilters.imagesPrune)));
}

export const imageRoutes: readonly Route[] = [
  route("GET", "/images/json", list),
  route("GET", "/images/{name...}/json", inspect),
  route("GET", "/images/{name...}/history", async (call) =>
    sendJson(call.reply, await call.engine.images.history(name(call))),
  ),
  route("GET", "/images/{name...}/why", async (call) => sendJson(call.reply, await call.engine.images.why(name(call)))),
  route("POST", "/images/{name...}/tag", tag),
  route("POST", "/images/prune", prune, "1.25"),
  route("DELETE", "/images/{name...}", remove),
];
