/**
 * How bytes of the Engine API travel: addresses as text, the listening side (unix, TCP, TLS, inherited descriptors).
 * Knows nothing of HTTP routes.
 */
export * from "./host.ts";
export { type ListenOptions, listen } from "./listen.ts";
