import type { ServerResponse } from "node:http";

const JSON_TYPE = "application/json";
export const RAW_STREAM = "application/vnd.docker.raw-stream";
export const MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream";

/** Answers with one JSON document and a new line, as Go's encoder prints it. */
export function sendJson(reply: ServerResponse, value: unknown, status = 200): void {
  const text = `${JSON.stringify(value)}\n`;
  reply.writeHead(status, { "Content-Type": JSON_TYPE, "Content-Length": Buffer.byteLength(text) });
  reply.end(text);
}

/** Answers with a status and no body. */
export function sendStatus(reply: ServerResponse, status: number): void {
  reply.writeHead(status, status === 204 || status === 304 ? {} : { "Content-Length": 0 });
  reply.end();
}

/** Sends the head of a JSON stream at once, so that the client knows that it was heard. */
export function beginJson(reply: ServerResponse): void {
  reply.writeHead(200, { "Content-Type": JSON_TYPE });
  reply.flushHeaders();
}
