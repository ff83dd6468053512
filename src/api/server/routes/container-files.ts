import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { invalid } from "../../../lib/index.ts";
import type { ContainerConfig, PathStat } from "../../../spec/api/index.ts";
import { commitConfig } from "../body-shapes.ts";
import { JSON_LIMIT, parseJson, readBody } from "../json-body.ts";
import { given, queryFlag, queryText } from "../query.ts";
import { sendJson } from "../reply.ts";
import { type PlainCall, type Route, route } from "../route.ts";
import { readShape } from "../shape.ts";
import { atLeast } from "../versions.ts";

const TAR = "application/x-tar";
const STAT = "X-Docker-Container-Path-Stat";

const id = (call: PlainCall) => call.params.id ?? "";

function pathOf({ query }: PlainCall): string {
  const path = queryText(query, "path");
  // Docker's text, without its space.
  if (path === undefined) throw invalid("bad parameter: pathcannot be empty");
  if (path.includes("\0")) throw invalid("bad parameter: path: NUL byte");
  return path;
}

const statHeader = (stat: PathStat) => ({ [STAT]: Buffer.from(JSON.stringify(stat)).toString("base64") });

/** Sends an archive as it comes; a client that goes away ends the work. */
async function sendArchive({ reply, signal }: PlainCall, archive: Readable, headers = {}): Promise<void> {
  reply.writeHead(200, { "Content-Type": TAR, ...headers });
  await pipeline(archive, reply, { signal }).catch((error: unknown) => {
    if (!signal.aborted && !reply.destroyed) throw error;
  });
}

async function head(call: PlainCall): Promise<void> {
  const stat = await call.engine.containers.statPath(id(call), pathOf(call));
  call.reply.writeHead(200, statHeader(stat));
  call.reply.end();
}

async function get(call: PlainCall): Promise<void> {
  const { stat, archive } = await call.engine.containers.readArchive(id(call), pathOf(call), call.signal);
  await sendArchive(call, archive, statHeader(stat));
}

async function put(call: PlainCall): Promise<void> {
  const { query, body, signal, engine, reply } = call;
  const options = {
    noOverwriteDirNonDir: queryFlag(query, "noOverwriteDirNonDir"),
    copyUIDGID: queryFlag(query, "copyUIDGID"),
  };
  await engine.containers.writeArchive(id(call), pathOf(call), body, options, signal);
  reply.writeHead(200, { "Content-Length": 0 });
  reply.end();
}

async function changes(call: PlainCall): Promise<void> {
  sendJson(call.reply, await call.engine.containers.changes(id(call)));
}

async function exportFiles(call: PlainCall): Promise<void> {
  const archive = await call.engine.containers.export(id(call), call.signal);
  await sendArchive(call, archive);
}

async function commit(call: PlainCall): Promise<void> {
  const { query, engine, reply, version, body } = call;
  const text = await readBody(body, JSON_LIMIT);
  const json = text.length === 0 ? undefined : parseJson(text);
  const config = readShape(commitConfig, json ?? undefined, "Config") as ContainerConfig | undefined;
  // Clients older than 1.13 knew no pausing; everyone else has it unless they say otherwise.
  const pause = query.get("pause") === null ? atLeast(version, "1.13") : queryFlag(query, "pause");
  const named = given({
    repo: queryText(query, "repo"),
    tag: queryText(query, "tag"),
    author: queryText(query, "author"),
    comment: queryText(query, "comment"),
    config,
  });
  const container = query.get("container") ?? "";
  const image = await engine.containers.commit(container, { ...named, pause, changes: query.getAll("changes") });
  sendJson(reply, { Id: image }, 201);
}

export const containerFileRoutes: readonly Route[] = [
  route("HEAD", "/containers/{id}/archive", head),
  route("GET", "/containers/{id}/archive", get),
  route("PUT", "/containers/{id}/archive", put),
  route("GET", "/containers/{id}/changes", changes),
  route("GET", "/containers/{id}/export", exportFiles),
  route("POST", "/commit", commit),
];
