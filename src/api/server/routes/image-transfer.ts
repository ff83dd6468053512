import { pipeline } from "node:stream/promises";
import { invalid } from "../../../lib/index.ts";
import type { RegistryAuth } from "../../../spec/api/index.ts";
import { registryAuth } from "../body-shapes.ts";
import { createProgressStream } from "../progress-stream.ts";
import { given, notBuilt, queryFlag, queryText } from "../query.ts";
import { type PlainCall, type Route, route } from "../route.ts";
import { readShape } from "../shape.ts";
import { platformOf } from "./images.ts";

/** Runs a long operation with its progress as the answer; a failure before the first message has its own status. */
async function withProgress(
  { reply, signal }: PlainCall,
  work: (progress: ReturnType<typeof createProgressStream>["progress"]) => Promise<void>,
): Promise<void> {
  const stream = createProgressStream(reply);
  try {
    await work(stream.progress);
    stream.end();
  } catch (error) {
    if (signal.aborted) reply.destroy();
    else if (!stream.fail(error)) throw error;
  }
}

/** POST /images/create is two things: a pull where `fromImage` is given, an import where `fromSrc` is. */
async function create(call: PlainCall): Promise<void> {
  const image = queryText(call.query, "fromImage");
  if (image !== undefined) return pull(call, image);
  const source = queryText(call.query, "fromSrc");
  if (source === undefined) throw invalid("one of fromImage and fromSrc is needed");
  if (source !== "-") throw notBuilt("POST /images/create with fromSrc=URL (send the archive as the body, fromSrc=-)");
  return importArchive(call);
}

function pull(call: PlainCall, image: string): Promise<void> {
  const { engine, query, headers, signal } = call;
  const options = given({
    tag: queryText(query, "tag"),
    platform: platformOf(query),
    auth: readAuth(headers["x-registry-auth"]),
  });
  return withProgress(call, (progress) => engine.images.pull({ image, ...options }, progress, signal));
}

function importArchive(call: PlainCall): Promise<void> {
  const { engine, query, body } = call;
  const named = given({
    repo: queryText(query, "repo"),
    tag: queryText(query, "tag"),
    message: queryText(query, "message"),
    platform: platformOf(query),
  });
  const options = { ...named, changes: query.getAll("changes") };
  return withProgress(call, (progress) => engine.images.import(body, options, progress));
}

/** The credentials of X-Registry-Auth, base64url of JSON. As in Docker, unreadable ones count as none. */
function readAuth(header: string | string[] | undefined): RegistryAuth | undefined {
  if (typeof header !== "string" || header === "") return undefined;
  try {
    const json: unknown = JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
    const auth = readShape(registryAuth, json, "AuthConfig") as RegistryAuth | undefined;
    return auth === undefined || Object.keys(auth).length === 0 ? undefined : auth;
  } catch {
    return undefined;
  }
}

function load(call: PlainCall): Promise<void> {
  const { engine, query, body } = call;
  const options = { quiet: queryFlag(query, "quiet"), ...given({ platform: platformOf(query) }) };
  return withProgress(call, (progress) => engine.images.load(body, options, progress));
}

async function save(call: PlainCall, names: string[]): Promise<void> {
  const { engine, query, reply, signal } = call;
  const archive = await engine.images.save(names, given({ platform: platformOf(query) }));
  reply.writeHead(200, { "Content-Type": "application/x-tar" });
  await pipeline(archive, reply, { signal }).catch((error: unknown) => {
    if (!signal.aborted && !reply.destroyed) throw error;
  });
}

function saveMany(call: PlainCall): Promise<void> {
  const names = call.query.getAll("names").filter((name) => name !== "");
  if (names.length === 0) throw invalid("no image name was given");
  return save(call, names);
}

export const imageTransferRoutes: readonly Route[] = [
  route("POST", "/images/create", create),
  route("POST", "/images/load", load),
  route("GET", "/images/get", async (call) => saveMany(call)),
  route("GET", "/images/{name...}/get", (call) => save(call, [call.params.name ?? ""])),
];
