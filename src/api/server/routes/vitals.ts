import { once } from "node:events";
import type { ContainerCreateBody, HostConfig } from "../../../spec/api/index.ts";
import { containerCreate, containerUpdate } from "../body-shapes.ts";
import { readJson } from "../json-body.ts";
import { given, queryFlag, queryInt, queryText } from "../query.ts";
import { beginJson, sendJson } from "../reply.ts";
import { type PlainCall, type Route, route } from "../route.ts";
import { readShape } from "../shape.ts";

const id = (call: PlainCall) => call.params.id ?? "";

async function top(call: PlainCall): Promise<void> {
  sendJson(call.reply, await call.engine.vitals.top(id(call), queryText(call.query, "ps_args") ?? ""));
}

async function stats(call: PlainCall): Promise<void> {
  const { engine, query, reply, signal } = call;
  // Streaming is what a client gets that says nothing.
  const stream = query.get("stream") === null || queryFlag(query, "stream");
  const oneShot = queryFlag(query, "one-shot");
  const documents = await engine.vitals.stats(id(call), { stream, oneShot }, signal);
  if (stream) beginJson(reply);
  for await (const document of documents) {
    if (signal.aborted) break;
    if (!stream) return sendJson(reply, document);
    if (!reply.write(`${JSON.stringify(document)}\n`)) await once(reply, "drain", { signal }).catch(() => undefined);
  }
  reply.end();
}

async function update(call: PlainCall): Promise<void> {
  const json = (await readJson(call.body, call.headers)) ?? {};
  const body = readShape(containerUpdate, json, "UpdateConfig") as HostConfig;
  sendJson(call.reply, await call.engine.vitals.update(id(call), body));
}

const DEFAULT_WAIT = 60;

async function recreate(call: PlainCall): Promise<void> {
  const { engine, query, signal } = call;
  const json = (await readJson(call.body, call.headers)) ?? {};
  const body = readShape(containerCreate, json, "ContainerConfigWrapper") as ContainerCreateBody;
  const options = { timeout: queryInt(query, "timeout") ?? DEFAULT_WAIT, signal };
  const stopTimeout = queryInt(query, "t");
  sendJson(
    call.reply,
    await engine.containers.recreate(id(call), body, { ...options, ...given({ stopTimeout }) }),
    201,
  );
}

export const vitalRoutes: readonly Route[] = [
  route("GET", "/containers/{id}/top", top),
  route("GET", "/containers/{id}/stats", stats),
  route("POST", "/containers/{id}/update", update),
  route("POST", "/containers/{id}/recreate", recreate),
];
