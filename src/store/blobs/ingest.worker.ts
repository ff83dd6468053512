import { parentPort } from "node:worker_threads";
import { createSessions } from "./ingest-sessions.ts";
import type { IngestReply, IngestRequest } from "./messages.ts";

const sessions = createSessions();
const port = parentPort;

port?.on("message", ({ seq, request }: { seq: number; request: IngestRequest }) => {
  sessions.handle(request).then(
    (value) => port.postMessage({ seq, value } satisfies IngestReply),
    (error: unknown) => port.postMessage({ seq, failure: failureOf(error) } satisfies IngestReply),
  );
});

function failureOf(error: unknown): { kind: "corrupt" | "exhausted" | "internal"; message: string } {
  const { code, kind } = error as { code?: string; kind?: string };
  const message = error instanceof Error ? error.message : String(error);
  if (kind === "corrupt" || kind === "exhausted") return { kind, message };
  if (code === "ENOSPC" || code === "EDQUOT") return { kind: "exhausted", message };
  return { kind: "internal", message };
}
