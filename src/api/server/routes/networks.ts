import type { NetworkConnectBody, NetworkCreateBody, NetworkDisconnectBody } from "../../../spec/api/index.ts";
import { networkConnect, networkCreate, networkDisconnect } from "../body-shapes.ts";
import { acceptedFilters, parseFilters } from "../filters.ts";
import { readJson } from "../json-body.ts";
import { sendJson, sendStatus } from "../reply.ts";
import { type PlainCall, type Route, route } from "../route.ts";
import { readShape, type Shape } from "../shape.ts";

const id = (call: PlainCall) => call.params.id ?? "";

async function bodyOf({ body, headers }: PlainCall, shape: Shape, name: string): Promise<unknown> {
  return readShape(shape, (await readJson(body, headers)) ?? {}, name);
}

async function list({ engine, query, reply }: PlainCall): Promise<void> {
  sendJson(reply, await engine.networks.list(parseFilters(query.get("filters"), acceptedFilters.networks)));
}

async function create(call: PlainCall): Promise<void> {
  const body = (await bodyOf(call, networkCreate, "CreateRequest")) as NetworkCreateBody;
  sendJson(call.reply, await call.engine.networks.create(body), 201);
}

async function inspect(call: PlainCall): Promise<void> {
  sendJson(call.reply, await call.engine.networks.inspect(id(call)));
}

async function remove(call: PlainCall): Promise<void> {
  await call.engine.networks.remove(id(call));
  sendStatus(call.reply, 204);
}

async function connect(call: PlainCall): Promise<void> {
  const body = (await bodyOf(call, networkConnect, "ConnectOptions")) as NetworkConnectBody;
  await call.engine.networks.connect(id(call), body);
  sendStatus(call.reply, 200);
}

async function disconnect(call: PlainCall): Promise<void> {
  const body = (await bodyOf(call, networkDisconnect, "DisconnectOptions")) as NetworkDisconnectBody;
  await call.engine.networks.disconnect(id(call), body);
  sendStatus(call.reply, 200);
}

async function prune({ engine, query, reply }: PlainCall): Promise<void> {
  sendJson(reply, await engine.networks.prune(parseFilters(query.get("filters"), acceptedFilters.networksPrune)));
}

export const networkRoutes: readonly Route[] = [
  route("GET", "/networks", list),
  route("POST", "/networks/create", create),
  route("POST", "/networks/prune", prune, "1.25"),
  route("POST", "/networks/{id}/connect", connect),
  route("POST", "/networks/{id}/disconnect", disconnect),
  route("GET", "/networks/{id}", inspect),
  route("DELETE", "/networks/{id}", remove),
];
