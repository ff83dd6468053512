import { once } from "node:events";
import { invalid } from "../../../lib/index.ts";
import { eventLine } from "../events-json.ts";
import { acceptedFilters, parseFilters } from "../filters.ts";
import { given } from "../query.ts";
import { beginJson } from "../reply.ts";
import { type PlainCall, type Route, route } from "../route.ts";
import { parseApiTime } from "../timestamp.ts";

async function events({ engine, query, reply, signal }: PlainCall): Promise<void> {
  const since = parseApiTime(query.get("since"), "since");
  const until = parseApiTime(query.get("until"), "until");
  if (since !== undefined && until !== undefined && until < since)
    throw invalid(`\`since\` time (${query.get("since")}) cannot be after \`until\` time (${query.get("until")})`);
  const filters = parseFilters(query.get("filters"), acceptedFilters.events);
  const subscription = engine.events.subscribe({ ...given({ since, until }), filters }, signal);
  beginJson(reply);
  for await (const event of subscription) {
    if (signal.aborted) break;
    if (!reply.write(eventLine(event))) await once(reply, "drain", { signal }).catch(() => undefined);
  }
  reply.end();
}

export const eventRoutes: readonly Route[] = [route("GET", "/events", events)];
