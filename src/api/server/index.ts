/**
 * The Engine API as HTTP, versions 1.24 to 1.51: a table of routes, each of which parses a request, asks one service of
 * the engine and prints its answer.
 *
 * Vocabulary: a *call* is one request as a route sees it; a route *hijacks* where the connection leaves HTTP and
 * becomes the standard streams of a process; an *exposure* says whether a listener's callers are already trusted.
 */
export { type ApiServer, type ApiServerOptions, createApiServer, type EndpointOptions } from "./server.ts";
