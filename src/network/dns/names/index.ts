/**
 * What containers are called, and the answers that follow from it.
 *
 * Vocabulary: a *name table* is one network's names; a *view* is what one container sees: the tables of its networks and
 * the *upstream* servers that are asked for everything else. Pure.
 */
export { createNameTable, type EndpointNames, type NameRecord, type NameTable, nameKey } from "./name-table.ts";
export type { NameView, NetworkView, UpstreamServer, Upstreams } from "./name-view.ts";
export { type Response, respond } from "./respond.ts";
