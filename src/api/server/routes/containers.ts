import { invalid } from "../../../lib/index.ts";
import type { ContainerCreateBody, ContainerInspect } from "../../../spec/api/index.ts";
import { containerCreate } from "../body-shapes.ts";
import { acceptedFilters, parseFilters } from "../filters.ts";
import { checkJsonType, JSON_LIMIT, parseJson, readBody } from "../json-body.ts";
import { given, queryFlag, queryInt, queryText } from "../query.ts";
import { sendJson, sendStatus } from "../reply.ts";
import { type PlainCall, type Route, route } from "../route.ts";
import { readShape } from "../shape.ts";
import { atLeast } from "../versions.ts";

const id = (call: PlainCall) => call.params.id ?? "";

async function list({ engine, query, reply }: PlainCall): Promise<void> {
  const limit = queryInt(query, "limit");
  const filters = new Map(parseFilters(query.get("filters"), acceptedFilters.containers));
  // the parameters of clients that are older than the filters
  for (const name of ["before", "since"]) {
    const value = queryText(query, name);
    if (value !== undefined) filters.set(name, [value]);
  }
  const options = { all: queryFlag(query, "all"), size: queryFlag(query, "size"), filters };
  sendJson(reply, await engine.containers.list(limit === undefined || limit <= 0 ? options : { ...options, limit }));
}

async function create(call: PlainCall): Promise<void> {
  checkJsonType(call.headers);
  const json = parseJson(await readBody(call.body, JSON_LIMIT));
  const body = (readShape(containerCreate, json, "CreateRequest") ?? {}) as ContainerCreateBody;
  const { HostConfig: _, NetworkingConfig: __, ...config } = body;
  if (Object.keys(config).length === 0) throw invalid("config cannot be empty in order to create a container");
  const options = { body: forOldClient(body, call.version) };
  const { query, engine, reply } = call;
  const named = given({ name: queryText(query, "name"), platform: queryText(query, "platform") });
  sendJson(reply, await engine.containers.create({ ...named, ...options }), 201);
}

/** The defaults that a client of an older API counts on where it leaves a field out. */
function forOldClient(body: ContainerCreateBody, version: string): ContainerCreateBody {
  const hostConfig = body.HostConfig ?? {};
  const changed = {
    ...(!atLeast(version, "1.41") && (hostConfig.CgroupnsMode ?? "") === "" ? { CgroupnsMode: "host" as const } : {}),
    ...(!atLeast(version, "1.40") && (hostConfig.IpcMode ?? "") === "" ? { IpcMode: "shareable" } : {}),
  };
  return Object.keys(changed).length === 0 ? body : { ...body, HostConfig: { ...hostConfig, ...changed } };
}

async function inspect(call: PlainCall): Promise<void> {
  const size = queryFlag(call.query, "size");
  const answer: ContainerInspect = await call.engine.containers.inspect(id(call), { size });
  sendJson(call.reply, answer);
}

async function start(call: PlainCall): Promise<void> {
  const length = Number(call.headers["content-length"] ?? 0);
  if (length > 2 || call.headers["transfer-encoding"] !== undefined) await refuseStartBody(call);
  await call.engine.containers.start(id(call), given({ detachKeys: queryText(call.query, "detachKeys") }));
  sendStatus(call.reply, 204);
}

async function refuseStartBody(call: PlainCall): Promise<void> {
  const text = (await readBody(call.body, JSON_LIMIT)).toString("utf8").trim();
  if (text === "" || text === "{}" || text === "null") return;
  throw invalid("starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24");
}

const stopOptions = ({ query }: PlainCall) =>
  given({ signal: queryText(query, "signal"), timeout: queryInt(query, "t") });

async function rename(call: PlainCall): Promise<void> {
  const name = queryText(call.query, "name");
  if (name === undefined) throw invalid("Neither old nor new names may be empty");
  await call.engine.containers.rename(id(call), name);
  sendStatus(call.reply, 204);
}

async function remove(call: PlainCall): Promise<void> {
  const { query } = call;
  const options = { force: queryFlag(query, "force"), volumes: queryFlag(query, "v"), link: queryFlag(query, "link") };
  await call.engine.containers.remove(id(call), options);
  sendStatus(call.reply, 204);
}

async function prune({ engine, query, reply }: PlainCall): Promise<void> {
  sendJson(reply, await engine.containers.prune(parseFilters(query.get("filters"), acceptedFilters.containersPrune)));
}

/** A route that does one thing to a container and answers 204. */
const act = (verb: string, action: (call: PlainCall) => Promise<void>) =>
  route("POST", `/containers/{id}/${verb}`, async (call) => {
    await action(call);
    sendStatus(call.reply, 204);
  });

export const containerRoutes: readonly Route[] = [
  route("GET", "/containers/json", list),
  route("POST", "/containers/create", create),
  route("POST", "/containers/prune", prune, "1.25"),
  route("GET", "/containers/{id}/json", inspect),
  route("POST", "/containers/{id}/start", start),
  act("stop", (call) => call.engine.containers.stop(id(call), stopOptions(call))),
  act("restart", (call) => call.engine.containers.restart(id(call), stopOptions(call))),
  act("kill", (call) => call.engine.containers.kill(id(call), given({ signal: queryText(call.query, "signal") }))),
  act("pause", (call) => call.engine.containers.pause(id(call))),
  act("unpause", (call) => call.engine.containers.unpause(id(call))),
  route("POST", "/containers/{id}/rename", rename),
  route("DELETE", "/containers/{id}", remove),
];
