import { BerthError, frameHeader, invalid, messageOf } from "../../../lib/index.ts";
import type { ExecCreateBody, ExecStartBody } from "../../../spec/api/index.ts";
import { execCreate, execStart } from "../body-shapes.ts";
import { guard, joinSession } from "../hijack.ts";
import { checkJsonType, JSON_LIMIT, parseJson, readJson } from "../json-body.ts";
import { MULTIPLEXED_STREAM, RAW_STREAM, sendJson, sendStatus } from "../reply.ts";
import { type HijackCall, type PlainCall, type Route, route } from "../route.ts";
import { readShape } from "../shape.ts";
import { atLeast } from "../versions.ts";
import { readSize } from "./size.ts";

const id = (call: { params: Readonly<Record<string, string>> }) => call.params.id ?? "";

async function create(call: PlainCall): Promise<void> {
  const json = (await readJson(call.body, call.headers)) ?? {};
  const body = readShape(execCreate, json, "ExecCreateRequest") as ExecCreateBody;
  if ((body.Cmd ?? []).length === 0) throw invalid("No exec command specified");
  sendJson(call.reply, await call.engine.execs.create(id(call), withoutLateFields(body, call.version)), 201);
}

/** The console's size came with API 1.42, and is for terminals. */
function withoutLateFields<T extends { ConsoleSize?: unknown; Tty?: boolean }>(body: T, version: string): T {
  if (body.ConsoleSize === undefined || (body.Tty === true && atLeast(version, "1.42"))) return body;
  const { ConsoleSize: _, ...rest } = body;
  return rest as T;
}

async function start(call: HijackCall): Promise<void> {
  const { engine, version } = call;
  checkJsonType(call.headers);
  const bytes = await call.readBody(JSON_LIMIT);
  const json = (bytes.length === 0 ? undefined : parseJson(bytes)) ?? {};
  const body = withoutLateFields(readShape(execStart, json, "ExecStartOptions") as ExecStartBody, version);
  const session = await engine.execs.start(id(call), body).catch((error: unknown) => {
    if (body.Detach === true || !isProcessFailure(error)) throw error;
    return failInStream(call, error, body.Tty === true);
  });
  if (session === "told") return;
  if (session === undefined) return call.finish();
  guard(session);
  // a start is over at once; from here on the session is the answer
  const multiplexed = !session.tty && atLeast(version, "1.42");
  const channel = await call.accept(multiplexed ? MULTIPLEXED_STREAM : RAW_STREAM);
  await joinSession(session, channel, call.signal);
}

/** Whether the exec was begun and its program could not run: Docker tells that in the stream, clients print it. */
const isProcessFailure = (error: unknown): error is BerthError =>
  error instanceof BerthError && error.exitCode !== undefined;

async function failInStream(call: HijackCall, error: BerthError, tty: boolean): Promise<"told"> {
  const text = Buffer.from(`${messageOf(error)}\r\n`);
  const { input, output } = await call.accept(!tty && atLeast(call.version, "1.42") ? MULTIPLEXED_STREAM : RAW_STREAM);
  output.end(tty ? text : Buffer.concat([frameHeader(1, text.length), text]));
  input.resume();
  return "told";
}

async function resize(call: PlainCall): Promise<void> {
  await call.engine.execs.resize(id(call), readSize(call.query));
  sendStatus(call.reply, 200);
}

export const execRoutes: readonly Route[] = [
  route("POST", "/containers/{id}/exec", create),
  { method: "POST", path: "/exec/{id}/start", hijack: start },
  route("POST", "/exec/{id}/resize", resize),
  route("GET", "/exec/{id}/json", async (call) => sendJson(call.reply, await call.engine.execs.inspect(id(call)))),
];
