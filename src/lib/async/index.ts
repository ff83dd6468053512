/** Ordering and waiting: queues, limiters, deferred results, timeouts. */
export * from "./deferred.ts";
export * from "./queue.ts";
export * from "./with-timeout.ts";
