import { pipeline } from "node:stream/promises";
import { invalid } from "../../../lib/index.ts";
import { guard, joinSession } from "../hijack.ts";
import { given, notBuilt, queryFlag, queryText } from "../query.ts";
import { MULTIPLEXED_STREAM, RAW_STREAM } from "../reply.ts";
import { type HijackCall, type PlainCall, type Route, route } from "../route.ts";
import { parseApiTime } from "../timestamp.ts";
import { atLeast } from "../versions.ts";

const id = (call: { params: Readonly<Record<string, string>> }) => call.params.id ?? "";

/** The media type of a stream of output: framed streams have a name of their own since API 1.42. */
const streamType = (tty: boolean, version: string) =>
  !tty && atLeast(version, "1.42") ? MULTIPLEXED_STREAM : RAW_STREAM;

async function attach(call: HijackCall): Promise<void> {
  const { engine, query, version } = call;
  // dockerode sends its options as a body as well; it says nothing that the query does not
  if (call.headers["content-length"] !== undefined) await call.readBody(64 * 1024);
  const session = await engine.containers.attach(id(call), {
    stream: queryFlag(query, "stream"),
    logs: queryFlag(query, "logs"),
    stdin: queryFlag(query, "stdin"),
    stdout: queryFlag(query, "stdout"),
    stderr: queryFlag(query, "stderr"),
    ...given({ detachKeys: queryText(query, "detachKeys") }),
  });
  guard(session);
  await joinSession(session, await call.accept(streamType(session.tty, version)), call.signal);
}

async function logs(call: PlainCall): Promise<void> {
  const { engine, query, reply, version, signal } = call;
  const stdout = queryFlag(query, "stdout");
  const stderr = queryFlag(query, "stderr");
  if (!stdout && !stderr) throw invalid("Bad parameters: you must choose at least one stream");
  const options = {
    follow: queryFlag(query, "follow"),
    stdout,
    stderr,
    timestamps: queryFlag(query, "timestamps"),
    details: queryFlag(query, "details"),
    ...given({
      since: logTime(query, "since"),
      until: logTime(query, "until"),
      tail: readTail(query.get("tail")),
    }),
  };
  const { tty, output } = await engine.containers.logs(id(call), options, signal);
  reply.writeHead(200, { "Content-Type": streamType(tty, version) });
  reply.flushHeaders();
  await pipeline(output, reply, { signal }).catch((error: unknown) => {
    // the client has hung up: nothing is left to be told
    if (!signal.aborted && !reply.destroyed) throw error;
  });
}

/** Clients write 0 where they mean no bound. */
const logTime = (query: URLSearchParams, name: string) =>
  query.get(name) === "0" ? undefined : parseApiTime(query.get(name), name);

/** "all", or a number of lines; a negative or unreadable one means all, as Docker takes it. */
function readTail(text: string | null): number | undefined {
  return text === null || !/^\d{1,15}$/.test(text) ? undefined : Number(text);
}

export const attachRoutes: readonly Route[] = [
  { method: "POST", path: "/containers/{id}/attach", hijack: attach },
  route("GET", "/containers/{id}/attach/ws", () => Promise.reject(notBuilt("GET /containers/{id}/attach/ws"))),
  route("GET", "/containers/{id}/logs", logs),
];
