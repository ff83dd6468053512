/** Questions that go on to upstream servers: fail-over, limits, ids and ports that cannot be guessed. */
export { framed } from "./ask-stream.ts";
export { createForwarder, createSharedForwarding, type Forwarder, type SharedForwarding } from "./forwarder.ts";
