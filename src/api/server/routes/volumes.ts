import type { VolumeCreateBody } from "../../../spec/api/index.ts";
import { volumeCreate } from "../body-shapes.ts";
import { acceptedFilters, parseFilters } from "../filters.ts";
import { readJson } from "../json-body.ts";
import { queryFlag } from "../query.ts";
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

export const volumeRoutes: readonly Route[] = [
  route("GET", "/volumes", list),
  route("GET", "/volumes/{name...}", async (call) =>
    sendJson(call.reply, await call.engine.volumes.inspect(name(call))),
  ),
  route("POST", "/volumes/create", create),
  route("POST", "/volumes/prune", prune, "1.25"),
  route("DELETE", "/volumes/{name...}", remove),
];
