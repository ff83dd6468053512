import { pipeline } from "node:stream/promises";
import { invalid } from "../../../lib/index.ts";
import type { VolumeCloneBody, VolumeCreateBody, VolumeSnapshotBody } from "../../../spec/api/index.ts";
import { volumeClone, volumeCreate, volumeSnapshot } from "../body-shapes.ts";
import { acceptedFilters, parseFilters } from "../filters.ts";
import { readJson } from "../json-body.ts";
import { given, queryFlag, queryText } from "../query.ts";
import { sendJson, sendStatus } from "../reply.ts";
import { type PlainCall, type Route, route } from "../route.ts";
import { readShape } from "../shape.ts";
import { atLeast } from "../versions.ts";

const name = (call: PlainCall) => call.params.name ?? "";

async function list({ engine, query, reply }: PlainCall): Promise<void> {
  sendJson(reply, await engine.volumes.list(parseFilters(query.get("filters"), acceptedFilters.volumes)));
}

async function create({ engine, body, headers, reply }: PlainCall): Promise<void> {
  const read = readShape(volumeCreate, (await readJson(body, headers)) ?? {}, "CreateOptions");
  sendJson(reply, await engine.volumes.create(read as VolumeCreateBody), 201);
}

async function remove(call: PlainCall): Promise<void> {
  await call.engine.volumes.remove(name(call), { force: queryFlag(call.query, "force") });
  sendStatus(call.reply, 204);
}

async function prune({ engine, query, reply, version }: PlainCall): Promise<void> {
  const filters = new Map(parseFilters(query.get("filters"), acceptedFilters.volumesPrune));
  // before 1.42 a prune took named volumes, too
  if (!atLeast(version, "1.42")) filters.set("all", ["true"]);
  sendJson(reply, await engine.volumes.prune(filters));
}

async function backup(call: PlainCall): Promise<void> {
  const { engine, query, reply, signal } = call;
  const archive = await engine.volumes.backup(name(call), { pause: queryFlag(query, "pause"), signal });
  reply.writeHead(200, { "Content-Type": "application/zstd" });
  await pipeline(archive, reply, { signal }).catch((error: unknown) => {
    if (!signal.aborted && !reply.destroyed) throw error;
  });
}

async function restore(call: PlainCall): Promise<void> {
  const { engine, query, body, signal, reply } = call;
  const digest = queryText(query, "digest");
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) throw invalid(`no sha256 digest: ${digest}`);
  sendJson(reply, await engine.volumes.restore(name(call), body, { signal, ...given({ digest }) }));
}

async function clone(call: PlainCall): Promise<void> {
  const body = readShape(volumeClone, (await readJson(call.body, call.headers)) ?? {}, "CloneOptions");
  sendJson(call.reply, await call.engine.volumes.clone(name(call), body as VolumeCloneBody), 201);
}

async function createSnapshot(call: PlainCall): Promise<void> {
  const body = readShape(volumeSnapshot, (await readJson(call.body, call.headers)) ?? {}, "SnapshotOptions");
  sendJson(call.reply, await call.engine.volumes.createSnapshot(name(call), body as VolumeSnapshotBody), 201);
}

const snapshot = (call: PlainCall) => call.params.snapshot ?? "";

/** Berth's own: what else can be done with a volume's files. They stand first, for a volume's name takes slashes. */
const futureRoutes: readonly Route[] = [
  route("GET", "/volumes/{name}/backup", backup),
  route("POST", "/volumes/{name}/restore", restore),
  route("POST", "/volumes/{name}/clone", clone),
  route("GET", "/volumes/{name}/snapshots", async (call) =>
    sendJson(call.reply, await call.engine.volumes.listSnapshots(name(call))),
  ),
  route("POST", "/volumes/{name}/snapshots", createSnapshot),
  route("POST", "/volumes/{name}/snapshots/{snapshot}/restore", async (call) => {
    await call.engine.volumes.restoreSnapshot(name(call), snapshot(call));
    sendStatus(call.reply, 204);
  }),
  route("DELETE", "/volumes/{name}/snapshots/{snapshot}", async (call) => {
    await call.engine.volumes.removeSnapshot(name(call), snapshot(call));
    sendStatus(call.reply, 204);
  }),
];

export const volumeRoutes: readonly Route[] = [
  ...futureRoutes,
  route("GET", "/volumes", list),
  route("GET", "/volumes/{name...}", async (call) =>
    sendJson(call.reply, await call.engine.volumes.inspect(name(call))),
  ),
  route("POST", "/volumes/create", create),
  route("POST", "/volumes/prune", prune, "1.25"),
  route("DELETE", "/volumes/{name...}", remove),
];
