/**
 * A client of the Engine API, for Berth's daemon and for dockerd. `EngineClient` sends requests; `ApiError` is a
 * daemon's answer that says no. An *upgraded* response is a connection that carries a process's raw bytes.
 */

export { parseHost } from "../transport/index.ts";
export * from "./client.ts";
export { dial, type Endpoint, type TlsFiles } from "./dial.ts";
export type { HttpResponse, RawWriter } from "./http/connection.ts";
export { readJsonStream, readLines } from "./json-stream.ts";
export type { Wire } from "./wire.ts";
