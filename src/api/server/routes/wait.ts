import type { WaitCondition } from "../../../engine/index.ts";
import { invalid } from "../../../lib/index.ts";
import { queryText } from "../query.ts";
import { beginJson, sendStatus } from "../reply.ts";
import { type PlainCall, type Route, route } from "../route.ts";
import { atLeast } from "../versions.ts";
import { readSize } from "./size.ts";

/**
 * The head is sent as soon as the wait is registered: `docker run` starts the container when it sees it, so that no
 * exit is missed.
 */
async function wait({ engine, params, query, reply, signal, version }: PlainCall): Promise<void> {
  const condition = readCondition(queryText(query, "condition"), version);
  const { result } = await engine.containers.wait(params.id ?? "", condition, signal);
  beginJson(reply);
  // a client that has hung up is not waited for any more
  const answer = await Promise.race([result, aborted(signal)]);
  if (answer === undefined) reply.destroy();
  else reply.end(`${JSON.stringify(answer)}\n`);
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

function readCondition(text: string | undefined, version: string): WaitCondition {
  // conditions came with 1.30
  if (text === undefined || !atLeast(version, "1.30")) return "not-running";
  if (text === "not-running" || text === "next-exit" || text === "removed") return text;
  throw invalid(`invalid condition: ${JSON.stringify(text)}`);
}

async function resize({ engine, params, query, reply }: PlainCall): Promise<void> {
  await engine.containers.resize(params.id ?? "", readSize(query));
  sendStatus(reply, 200);
}

export const waitRoutes: readonly Route[] = [
  route("POST", "/containers/{id}/wait", wait),
  route("POST", "/containers/{id}/resize", resize),
];
